import { expect, test } from "vitest";
import { AppError } from "../src/errors.ts";
import { findDrift, positionsWithoutDrift } from "../src/refine/find_drift.ts";
import { measureFrc } from "../src/refine/measure_frc.ts";
import type { GrowingTable } from "../src/table/growing_table.ts";
import { normal, tableOf } from "./tables.ts";

const FRAMES = 3000;
const driftX = (frame: number): number => 120 * (frame / FRAMES) ** 2;
const driftY = (frame: number): number => -60 * Math.sin((3 * frame) / FRAMES);

/** Molecules on filaments, seen at random times with an error; three in each frame. */
function filaments(errorNm: number, drifts: boolean): GrowingTable {
  return tableOf(3 * FRAMES, (random, row) => {
    const frame = Math.floor(row / 3);
    const line = Math.floor(random() * 12);
    const along = 6000 * random();
    const across = 600 + 420 * line + 300 * Math.sin(along / 900 + line);
    const [x, y] = line % 2 === 0 ? [along, across] : [across, along];
    return {
      frame,
      xNm: x + errorNm * normal(random) + (drifts ? driftX(frame) : 0),
      yNm: y + errorNm * normal(random) + (drifts ? driftY(frame) : 0),
    };
  });
}

test("drift is found to a few nanometres", async () => {
  const { curve, rangeNm } = await findDrift(filaments(12, true), FRAMES);
  let squares = 0;
  const off: [number, number] = [0, 0];
  for (let frame = 0; frame < FRAMES; frame++) {
    off[0] += (curve.xNm[frame] - driftX(frame)) / FRAMES;
    off[1] += (curve.yNm[frame] - driftY(frame)) / FRAMES;
  }
  for (let frame = 0; frame < FRAMES; frame++) {
    squares += (curve.xNm[frame] - driftX(frame) - off[0]) ** 2;
    squares += (curve.yNm[frame] - driftY(frame) - off[1]) ** 2;
  }
  expect(Math.sqrt(squares / FRAMES)).toBeLessThan(10);
  expect(rangeNm).toBeGreaterThan(100);
});

test("without drift next to none is found", async () => {
  const { rangeNm } = await findDrift(filaments(12, false), FRAMES);
  expect(rangeNm).toBeLessThan(12);
});

test("a table is sharper without its drift", async () => {
  const table = filaments(12, true);
  const { curve } = await findDrift(table, FRAMES);
  const { xNm, yNm } = positionsWithoutDrift(table, curve);
  const before = (await measureFrc(table)).resolutionNm as number;
  const after = (await measureFrc(table.moved(xNm, yNm))).resolutionNm as number;
  expect(after).toBeLessThan(0.9 * before);
});

test("resolution grows with the error of positions", async () => {
  const sharp = (await measureFrc(filaments(8, false))).resolutionNm as number;
  const blurred = (await measureFrc(filaments(30, false))).resolutionNm as number;
  expect(sharp).toBeLessThan(blurred);
  expect(blurred).toBeGreaterThan(70);
});

test("what is only noise has no resolution", async () => {
  const noise = tableOf(3000, (random, row) => ({
    frame: row,
    xNm: 6400 * random(),
    yNm: 6400 * random(),
  }));
  await expect(measureFrc(noise)).rejects.toBeInstanceOf(AppError);
});

test("too few molecules are refused", async () => {
  const few = tableOf(100, (random, row) => ({ frame: row, xNm: 100 * random(), yNm: 0 }));
  await expect(findDrift(few, 100)).rejects.toMatchObject({ kind: "too-few-molecules" });
  await expect(measureFrc(few)).rejects.toMatchObject({ kind: "too-few-molecules" });
});
