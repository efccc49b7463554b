import { expect, test } from "vitest";
import { FrameBatches } from "../src/localize/frame_batches.ts";

const frame = (index: number) => ({
  index,
  timestampS: null,
  width: 1,
  height: 1,
  pixels: new Uint8Array(1),
});

test("batches cover each frame once and bring their neighbours", () => {
  const batches = new FrameBatches(2, 4);
  const all = Array.from({ length: 11 }, (_, i) => batches.push(frame(i))).flat();
  all.push(...batches.end());
  expect(all.map(({ first, last }) => [first, last])).toEqual([
    [0, 4],
    [4, 8],
    [8, 11],
  ]);
  expect(all[1].frames.map(({ index }) => index)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
});

test("where frames are missing nothing is taken for a neighbour", () => {
  const batches = new FrameBatches(1, 2);
  const all = [0, 1, 2, 5, 6].flatMap((index) => batches.push(frame(index)));
  all.push(...batches.end());
  expect(all.map(({ first, last }) => [first, last])).toEqual([
    [0, 2],
    [2, 3],
    [5, 7],
  ]);
  expect(all[2].frames.map(({ index }) => index)).toEqual([5, 6]);
});
