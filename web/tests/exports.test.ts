import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { prepareGaussian } from "../src/localize/gaussian/prepare_gaussian.ts";
import { tiffFile } from "../src/render/picture_files.ts";
import { GrowingPicture } from "../src/render/sum_picture.ts";
import { GrowingTable } from "../src/table/growing_table.ts";
import { parquetFile } from "../src/table/parquet_file.ts";
import { thunderstormCsv } from "../src/table/thunderstorm_csv.ts";
import { readVector, vectorPath } from "./vector_files.ts";

// The files that are written here lie in tests/vectors/exported, where Python reads them
// (tests/app_vectors). After a change of what is written: UPDATE_EXPORTS=1 npm test
const FOLDER = vectorPath("exported/");

function expectFile(name: string, bytes: Uint8Array): void {
  const path = new URL(name, FOLDER);
  if (process.env.UPDATE_EXPORTS || !existsSync(path)) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, bytes);
  }
  expect(Buffer.compare(bytes, readFileSync(path)), `${name} differs`).toBe(0);
}

async function table(): Promise<GrowingTable> {
  const { frames, camera, region } = readVector("sparse");
  const choices = { sigmaPx: 1.3, leastSnr: 5.0 };
  const localizer = prepareGaussian(frames, camera, region, choices);
  const table = new GrowingTable(100);
  table.append(await localizer.localize(frames, 0, frames.length));
  return table;
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-23T12:00:00Z"), toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("ThunderSTORM's CSV is the one that Python read", async () => {
  const text = [...thunderstormCsv(await table())].join("");
  expect(text.startsWith('"id","frame","x [nm]","y [nm]","sigma [nm]"')).toBe(true);
  expectFile("table.csv", new TextEncoder().encode(text));
});

test("the native table is the one that Python read", async () => {
  const rows = await table();
  const { camera, region } = readVector("sparse");
  const file = await parquetFile(rows, {
    appVersion: "0.1.0",
    movieName: "sparse.mp4",
    movieShape: [16, 96, 112],
    frameRateHz: 30,
    frames: [0, 16],
    region,
    camera,
    configuration: { method: "gaussian", sigmaPx: 1.3 },
    notices: ["a notice"],
    history: [],
    isComplete: true,
  });
  expectFile("table.locs.parquet", new Uint8Array(file));
});

test.each([16, 32] as const)("a picture of %i bits is the one that Python read", async (bits) => {
  const picture = new GrowingPicture({
    x0Nm: 0,
    y0Nm: 0,
    nmPerPixel: 50,
    width: 112 * 2,
    height: 96 * 2,
  });
  while (!picture.draw(await table(), 1000));
  expectFile(`picture${bits}.tif`, new Uint8Array(tiffFile(picture, bits)));
});
