import { describe, expect, it } from "vitest";
import { FrameGaps } from "../src/camera/frame_gaps.ts";

const PERIOD_US = 33_333;

function counted(frames: readonly number[]): FrameGaps {
  const gaps = new FrameGaps();
  for (const frame of frames) gaps.add(1_000_000 + frame * PERIOD_US);
  return gaps;
}

describe("frames that never came", () => {
  it("are counted in the middle", () => {
    const gaps = counted([0, 1, 2, 3, 4, 5, 6, 9, 10, 12]);
    expect(gaps.dropped).toBe(3);
    expect(gaps.received).toBe(10);
    expect(gaps.framesPerSecond).toBeCloseTo(30, 1);
  });

  it("are counted between the first frames too", () => {
    expect(counted([0, 8, 9, 10, 11, 12]).dropped).toBe(7);
    expect(counted([0, 1, 2, 5, 6, 7, 8]).dropped).toBe(2);
  });

  it("are none where frames come a little late", () => {
    expect(counted([0, 1.3, 2, 3.2, 4, 5, 5.8, 7, 8.4]).dropped).toBe(0);
  });

  it("are none where frames were held up and come at once", () => {
    const held = [0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006];
    const gaps = counted([...held, ...Array.from({ length: 20 }, (_, frame) => frame + 1)]);
    expect(gaps.dropped).toBe(0);
    expect(gaps.framesPerSecond).toBeCloseTo(30, 1);
  });

  it("are none where the camera became slower, but are where every other one is lost", () => {
    const before = Array.from({ length: 30 }, (_, frame) => frame);
    const slower = Array.from({ length: 90 }, (_, frame) => 31 + 2 * frame);
    const gaps = counted([...before, ...slower]);
    expect(gaps.dropped).toBe(0);
    expect(gaps.framesPerSecond).toBeCloseTo(15, 1);
    const lost = slower.map((frame, at) => (at % 7 === 0 ? frame + 1 : frame));
    expect(counted([...before, ...lost]).dropped).toBeGreaterThan(70);
  });

  it("are forgotten with the rest", () => {
    const gaps = counted([0, 8, 9, 10, 11, 12]);
    gaps.reset();
    expect([gaps.dropped, gaps.received, gaps.medianIntervalUs]).toEqual([0, 0, null]);
  });
});
