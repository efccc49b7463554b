import { beforeAll, describe, expect, test } from "vitest";
import type { NetLocalizer } from "../src/localize/net/net_localizer.ts";
import { netSample, prepareNet } from "../src/localize/net/prepare_net.ts";
import { useNetworkFiles } from "./network_in_node.ts";
import { compare, readVector } from "./vector_files.ts";

// 0.5 nm of pixels of 100 nm
const LARGEST_DISTANCE_PX = 0.005;

beforeAll(useNetworkFiles);

describe.each(["phone", "scmos", "sparse"])("the network on %s", (name) => {
  const { frames, camera, region, net } = readVector(name);
  const there = net as NonNullable<typeof net>;
  const range = [0, frames.length] as const;
  let localizer: NetLocalizer;

  beforeAll(async () => {
    const sample = netSample(range, region).flatMap(([a, b]) => frames.slice(a, b));
    localizer = await prepareNet(sample, range, camera, region, { leastMass: null, model: null });
  });

  test("has Python's threshold", () => {
    expect(localizer.decided.leastMass).toBe(there.decided.least_mass);
  });

  test("finds Python's molecules within 0.5 nm", async () => {
    const here = await localizer.localize(frames, 0, frames.length);
    const difference = compare(here, there.molecules, 0.2);
    expect(difference.onlyHere).toBe(0);
    expect(difference.onlyThere).toBe(0);
    expect(difference.farthestPx).toBeLessThan(LARGEST_DISTANCE_PX);
  });
});
