import { plain, relaxed } from "virtual:network-kernels";

/** What `wasm/layers.ts` exports. */
interface Layers {
  probe(weights: number, values: number, out: number): void;
  probeFused(one: number, other: number, sum: number): number;
  convolve(...numbers: number[]): void;
  look(...numbers: number[]): void;
  head(...numbers: number[]): void;
  pool(...numbers: number[]): void;
  enlarge(...numbers: number[]): void;
  floats(...numbers: number[]): void;
}

/** The layers on a memory of their own. */
export interface Kernels {
  readonly layers: Layers;
  readonly memory: WebAssembly.Memory;
  /** Bytes of a value of eight bits. */
  readonly valueBytes: 1 | 2;
  /** Bits that are turned in values that are kept: what was 0 is this. */
  readonly flip: 0 | 128;
}

/** How values are multiplied: sixteen at a time where the processor can, else eight. */
export type KernelKind = "relaxed" | "plain";

const PAGE = 65536;

/** Opens the fastest layers that compute exactly here, or those of one kind. */
export async function openKernels(kind: KernelKind | null = null): Promise<Kernels> {
  const kernels = kind === "plain" ? null : await openRelaxed();
  if (kernels !== null) return kernels;
  if (kind === "relaxed") throw new Error("not on this processor");
  const memory = new WebAssembly.Memory({ initial: 1 });
  return { layers: await open(plain, memory), memory, valueBytes: 2, flip: 0 };
}

async function open(text: string, memory: WebAssembly.Memory): Promise<Layers> {
  const { instance } = await WebAssembly.instantiate(bytesOf(text), { env: { memory } });
  return instance.exports as unknown as Layers;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/**
 * Relaxed SIMD, where its product of bytes is exact for all values and floats are multiplied
 * and added at once.
 *
 * One operand is signed. What the other's top bit means is not laid down: on x86 it is part
 * of the number, on ARM the sign, and then 128 less than each value is stored. Older x86
 * processors saturate sums of two; those get 16 bits.
 */
async function openRelaxed(): Promise<Kernels | null> {
  if (!WebAssembly.validate(bytesOf(relaxed))) return null;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const layers = await open(relaxed, memory);
  // the square of 1 + 2^-12 has a bit more than a float holds
  const [one, two] = [1 + 2 ** -12, 1 + 2 ** -11];
  if (layers.probeFused(one, one, -two) !== 2 ** -24) return null;
  for (const flip of [0, 128] as const) {
    if (EXTREMES.every((pair) => isExact(layers, memory, flip, pair))) {
      return { layers, memory, valueBytes: 1, flip };
    }
  }
  return null;
}

const EXTREMES = [
  [127, 255],
  [-128, 255],
  [127, 128],
  [-128, 128],
  [-128, 127],
  [127, 0],
  [-128, 0],
  [-77, 201],
] as const;

function isExact(
  layers: Layers,
  memory: WebAssembly.Memory,
  flip: number,
  [weight, value]: readonly [number, number],
): boolean {
  const at = PAGE / 2;
  new Int8Array(memory.buffer, at, 16).fill(weight);
  new Uint8Array(memory.buffer, at + 16, 16).fill(value ^ flip);
  layers.probe(at, at + 16, at + 32);
  const wanted = 4 * weight * (value - flip);
  return new Int32Array(memory.buffer, at + 32, 4).every((sum) => sum === wanted);
}
