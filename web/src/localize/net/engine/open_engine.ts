import { Engine } from "./engine.ts";
import { openKernels } from "./kernels.ts";
import { readGraph } from "./onnx_graph.ts";
import { readProgram } from "./program.ts";

/**
 * The engine for a model file; `null` where the model has layers that it does not know, or
 * the browser no SIMD: ONNX Runtime computes those.
 */
export async function openEngine(model: Uint8Array, contextFrames: number): Promise<Engine | null> {
  try {
    const program = readProgram(readGraph(model));
    if (program.context !== contextFrames) return null;
    return new Engine(program, await openKernels());
  } catch {
    return null;
  }
}
