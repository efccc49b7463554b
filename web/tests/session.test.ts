import { describe, expect, test } from "vitest";
import { localizeLive, localizeMovie } from "../src/localize/session.ts";
import type { SessionSettings } from "../src/localize/session_types.ts";
import type { GreyFrame } from "../src/movie/frame.ts";
import type { MovieReader } from "../src/movie/movie_reader.ts";
import { InPlaceCrew } from "../src/workers/in_place_crew.ts";
import { readVector } from "./vector_files.ts";

const { frames, camera } = readVector("scmos");
const settings: SessionSettings = {
  method: "gaussian",
  camera,
  pixelSizeNm: 100,
  region: null,
  workers: null,
  leastSnr: null,
  sigmaPx: null,
  leastMass: null,
  model: null,
};

function movieOf(frames: readonly GreyFrame[], failAt = Number.POSITIVE_INFINITY): MovieReader {
  return {
    name: "movie",
    formatName: "frames in memory",
    width: frames[0].width,
    height: frames[0].height,
    frameCount: frames.length,
    bitDepth: 16,
    valueRange: "full",
    frameRateHz: null,
    pixelSizeNm: null,
    notices: [],
    async *frames(start, stop) {
      for (const frame of frames.slice(start, stop)) {
        if (frame.index >= failAt) throw new Error("cannot be read");
        yield frame;
      }
    },
    close() {},
  };
}

describe("a session", () => {
  test("gives every frame once and in order", async () => {
    const session = localizeMovie(movieOf(frames), settings, { crew: new InPlaceCrew() });
    const seen: number[] = [];
    let molecules = 0;
    session.on("frame", (event) => {
      seen.push(event.frame.index);
      molecules += event.molecules.rows;
      expect([...event.molecules.frame].every((n) => n === event.frame.index)).toBe(true);
    });
    await session.done;
    expect(seen).toEqual(frames.map(({ index }) => index));
    expect(session.table.rows).toBe(molecules);
    expect(session.table.rows).toBeGreaterThan(50);
  });

  test("fed live gives the same table as from a file", async () => {
    const file = localizeMovie(movieOf(frames), settings, { crew: new InPlaceCrew() });
    const live = localizeLive(settings, { skipWhenBusy: false, crew: new InPlaceCrew() });
    for (const frame of frames) live.push(frame);
    live.end();
    await Promise.all([file.done, live.done]);
    expect(live.table.column("xNm")).toEqual(file.table.column("xNm"));
    expect(live.progress.framesDone).toBe(frames.length);
  });

  test("that is cancelled keeps the frames before and says so", async () => {
    const session = localizeMovie(movieOf(frames), settings, { crew: new InPlaceCrew() });
    const errors: string[] = [];
    session.on("failed", ({ error }) => errors.push(error.kind));
    session.on("frame", ({ frame }) => {
      if (frame.index === 3) session.cancel();
    });
    await session.done;
    expect(errors).toEqual(["cancelled"]);
    expect(Math.max(...session.table.column("frame"))).toBeLessThan(frames.length - 1);
  });

  test("that cannot read on fails with the reason", async () => {
    const short = movieOf(frames, 12);
    const session = localizeMovie(short, settings, { crew: new InPlaceCrew() });
    const errors: string[] = [];
    session.on("failed", ({ error }) => errors.push(error.what));
    await session.done;
    expect(errors).toEqual(["cannot be read"]);
  });

  test("without a single frame is over at once", async () => {
    const live = localizeLive(settings, { skipWhenBusy: true, crew: new InPlaceCrew() });
    live.end();
    await live.done;
    expect(live.progress.framesDone).toBe(0);
  });
});
