import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { LightScale } from "../src/localize/light_scale.ts";
import { Engine } from "../src/localize/net/engine/engine.ts";
import { openKernels } from "../src/localize/net/engine/kernels.ts";
import { type Graph, readGraph } from "../src/localize/net/engine/onnx_graph.ts";
import { readProgram } from "../src/localize/net/engine/program.ts";
import { LightPlane } from "../src/localize/net/inputs.ts";
import type { Maps } from "../src/localize/net/network.ts";
import { openRuntime } from "../src/localize/net/network.ts";
import { useNetworkFiles } from "./network_in_node.ts";
import { readVector } from "./vector_files.ts";

const MODEL = new URL("../../src/cellstorm/localize/net/phone.onnx", import.meta.url);
const PLANES = 6;

/** Frames as the network sees them, from the corner of a movie; `full`: all planes hold something. */
function planesOf(name: string, height: number, width: number, full: boolean): Maps {
  const { frames, camera } = readVector(name);
  const light = new LightPlane(new LightScale(camera));
  const count = Math.min(frames.length, 7);
  const data = new Float32Array(count * PLANES * height * width);
  for (let n = 0; n < count; n++) {
    for (let plane = 0; plane < (full ? PLANES : 1); plane++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const grey = frames[n].pixels[y * frames[n].width + x];
          const other = Math.sin(plane + n + 0.8 * (plane < 5 ? x : y));
          data[((n * PLANES + plane) * height + y) * width + x] =
            plane === 0 ? light.of(grey) : other;
        }
      }
    }
  }
  return { data, count, channels: PLANES, height, width };
}

function largestDifference(one: Maps, other: Maps): number {
  expect(one.data.length).toBe(other.data.length);
  return one.data.reduce((most, value, k) => Math.max(most, Math.abs(value - other.data[k])), 0);
}

describe("the engine for quantised networks", () => {
  let graph: Graph;
  let engine: Engine;
  let runtime: (planes: Maps) => Promise<Maps>;

  beforeAll(async () => {
    useNetworkFiles();
    const model = new Uint8Array(readFileSync(MODEL));
    graph = readGraph(model);
    engine = new Engine(readProgram(graph), await openKernels("plain"));
    runtime = await openRuntime(model);
  });

  test.each([
    ["phone", 64, 64, false],
    ["sparse", 12, 20, false],
    ["scmos", 4, 4, false],
    ["sparse", 36, 28, true],
    ["phone", 64, 64, false],
  ])("has ONNX Runtime's maps of %s, %i x %i px, all planes: %s", async (name, height, width, full) => {
    const planes = planesOf(name, height, width, full);
    const theirs = await runtime({ ...planes, data: planes.data.slice() });
    expect(largestDifference(engine.maps(planes), theirs)).toBeLessThan(1e-4);
  });

  test("leaves networks with other layers to ONNX Runtime", () => {
    const nodes = graph.nodes.map((node) =>
      node.operation === "MaxPool" ? { ...node, operation: "AveragePool" } : node,
    );
    expect(() => readProgram({ ...graph, nodes })).toThrow();
  });
});
