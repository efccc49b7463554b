import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../src/localize/net/engine/engine.ts";
import { openKernels } from "../src/localize/net/engine/kernels.ts";
import { type Graph, readGraph } from "../src/localize/net/engine/onnx_graph.ts";
import { readProgram } from "../src/localize/net/engine/program.ts";
import { type Maps, openRuntime } from "../src/localize/net/network.ts";
import { useNetworkFiles } from "./network_in_node.ts";
import { vectorPath } from "./vector_files.ts";

const MODEL = new URL("../../src/cellstorm/localize/net/phone.onnx", import.meta.url);
// of `network_maps` in tests/app_vectors/make_vectors.py
const FRAMES = 6;
const CONTEXT = 5;
const PLANES = 7;
const OUTPUTS = 9;
const HEIGHT = 12;
const WIDTH = 20;

function kept(): { planes: Maps; maps: Float32Array; ofLight: Float32Array } {
  const bytes = new Uint8Array(readFileSync(vectorPath("network_maps.bin")));
  const all = new Float32Array(bytes.buffer);
  const inputs = FRAMES * PLANES * HEIGHT * WIDTH;
  const outputs = (FRAMES - CONTEXT + 1) * OUTPUTS * HEIGHT * WIDTH;
  const data = all.subarray(0, inputs);
  return {
    planes: { data, count: FRAMES, channels: PLANES, height: HEIGHT, width: WIDTH },
    maps: all.subarray(inputs, inputs + outputs),
    ofLight: all.subarray(inputs + outputs, inputs + 2 * outputs),
  };
}

/** The first plane as it is, nothing in the others. */
function lightAlone(planes: Maps): Maps {
  const size = HEIGHT * WIDTH;
  const data = planes.data.map((value, k) => (Math.floor(k / size) % PLANES === 0 ? value : 0));
  return { ...planes, data };
}

/** The upper left part of every plane. */
function cut(planes: Maps, height: number, width: number): Maps {
  const count = planes.count * planes.channels;
  const data = Float32Array.from({ length: count * height * width }, (_, k) => {
    const [plane, place] = [Math.floor(k / (height * width)), k % (height * width)];
    const row = Math.floor(place / width);
    return planes.data[(plane * planes.height + row) * planes.width + (place % width)];
  });
  return { ...planes, data, height, width };
}

function differences(maps: Maps, wanted: Float32Array): Float32Array {
  expect(maps.data.length).toBe(wanted.length);
  return maps.data.map((value, k) => Math.abs(value - wanted[k])).sort();
}

describe("the engine for quantised networks", () => {
  const { planes, maps, ofLight } = kept();
  let model: Uint8Array;
  let graph: Graph;
  let engine: Engine;

  beforeAll(async () => {
    useNetworkFiles();
    model = new Uint8Array(readFileSync(MODEL));
    graph = readGraph(model);
    engine = new Engine(readProgram(graph), await openKernels("plain"));
  });

  test("has Python's maps, all planes seen", () => {
    expect(differences(engine.maps(planes), maps).at(-1)).toBeLessThan(1e-5);
  });

  test("has Python's maps of the light alone", () => {
    expect(differences(engine.maps(lightAlone(planes)), ofLight).at(-1)).toBeLessThan(1e-5);
  });

  test("keeps nothing of frames of another size", () => {
    engine.maps(cut(planes, 4, 8));
    engine.maps(cut({ ...planes, count: FRAMES - 1 }, 12, 4));
    expect(differences(engine.maps(lightAlone(planes)), ofLight).at(-1)).toBeLessThan(1e-5);
    expect(differences(engine.maps(planes), maps).at(-1)).toBeLessThan(1e-5);
  });

  test("leaves networks with other layers to ONNX Runtime", async () => {
    const nodes = graph.nodes.map((node) =>
      node.operation === "MaxPool" ? { ...node, operation: "AveragePool" } : node,
    );
    expect(() => readProgram({ ...graph, nodes })).toThrow();
    const runtime = await openRuntime(model);
    const theirs = differences(await runtime({ ...planes, data: planes.data.slice() }), maps);
    expect(theirs[theirs.length >> 1]).toBeLessThan(1e-4);
  });
});
