import { AppError } from "../../errors.ts";
import { openEngine } from "./engine/open_engine.ts";
import { type ModelFacts, readModelFacts } from "./model_facts.ts";

/** Planes of frames, or maps: `(count, channels, height, width)`. */
export interface Maps {
  readonly data: Float32Array;
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A loaded network. */
export interface Network {
  readonly facts: ModelFacts;
  /** Maps of all but the outermost frames of `planes`; sizes must be multiples of 4. */
  maps(planes: Maps): Promise<Maps>;
}

/** Where networks and the runtime come from. */
export interface NetworkSource {
  /** Bytes of the model at an address; `null`: of the one that comes along. */
  model(address: string | null): Promise<Uint8Array>;
  /** Folder of the runtime's `.wasm`, ending in a slash. */
  readonly runtime: string;
}

let source: NetworkSource = atAddress("./");
const loaded = new Map<string, Promise<Network>>();

/** Says where to load from; what was loaded before is forgotten. */
export function setNetworkSource(changed: NetworkSource): void {
  source = changed;
  loaded.clear();
}

/** Models and runtime below the app's address (ending in a slash). */
export function atAddress(base: string): NetworkSource {
  return {
    runtime: `${base}ort/`,
    async model(address) {
      const response = await fetch(address ?? `${base}models/phone.onnx`);
      if (!response.ok) throw new Error(response.statusText);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

/** Opens a network, once for each address; the runtime is loaded for those that need it. */
export function loadNetwork(address: string | null): Promise<Network> {
  const key = address ?? "";
  let network = loaded.get(key);
  if (network === undefined) {
    network = open(address);
    network.catch(() => loaded.delete(key));
    loaded.set(key, network);
  }
  return network;
}

async function open(address: string | null): Promise<Network> {
  try {
    const model = await source.model(address);
    const facts = readModelFacts(model);
    const engine = await openEngine(model, facts.contextFrames);
    if (engine === null) return { facts, maps: await openRuntime(model) };
    return { facts, maps: async (planes) => engine.maps(planes) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      "no-network",
      "The network could not be loaded.",
      "Connect to where the app comes from once; then it is kept. Or choose the classical method.",
    );
  }
}

/** ONNX Runtime, for models that are not quantised or built in another way. */
export async function openRuntime(model: Uint8Array): Promise<Network["maps"]> {
  const ort = await import("onnxruntime-web/wasm");
  // a worker each beats threads: no cross-origin isolation, nothing waits for another
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = source.runtime;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  return async (planes) => {
    const { count, channels, height, width } = planes;
    const input = new ort.Tensor("float32", planes.data, [count, channels, height, width]);
    const { maps } = await session.run({ frames: input });
    const [windows, outputs] = maps.dims;
    return { data: maps.data as Float32Array, count: windows, channels: outputs, height, width };
  };
}
