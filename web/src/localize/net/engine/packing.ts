import { BLOCK, type ConvolveStep, type LookStep } from "./program.ts";

/** Constants of a layer in the order in which the kernels use them. */
export interface PackedFloats {
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

// bytes that are multiplied into one sum of 32 bits
const SUM_BYTES = 4;
const CORNERS = 4;
const TAPS = 9;

/** Weights and biases of an integer layer; what `flip` adds to every value is taken off. */
export function packIntegers(
  step: ConvolveStep,
  valueBytes: 1 | 2,
  flip: number,
): { weights: Int8Array | Int16Array; biases: Int32Array } {
  const { weights, out, inputs, dilation } = step;
  const taps = dilation === 0 ? 1 : 9;
  const channels = inputs.map(({ picture }) => picture.channels);
  const all = channels.reduce((sum, each) => sum + each, 0);
  const terms = taps * all;
  const packed = new (valueBytes === 1 ? Int8Array : Int16Array)(out.channels * terms);
  const together = SUM_BYTES / valueBytes;
  const order = termOrder(channels, taps);
  for (let channel = 0; channel < out.channels; channel++) {
    const block = Math.floor(channel / BLOCK) * BLOCK * terms;
    for (let term = 0; term < terms; term++) {
      const group = Math.floor(term / together) * BLOCK + (channel % BLOCK);
      const at = block + group * together + (term % together);
      packed[at] = weights[channel * terms + order[term]];
    }
  }
  const biases = step.biases.map((bias, channel) => {
    let sum = 0;
    for (let k = 0; k < terms; k++) sum += weights[channel * terms + k];
    return bias + flip * sum;
  });
  return { weights: packed, biases };
}

/** Places in `(channels, side, side)` of what runs go over: input, pixel, channel. */
function termOrder(channels: readonly number[], taps: number): number[] {
  const order: number[] = [];
  let first = 0;
  for (const count of channels) {
    for (let tap = 0; tap < taps; tap++) {
      for (let channel = 0; channel < count; channel++) order.push((first + channel) * taps + tap);
    }
    first += count;
  }
  return order;
}

/** Weights `(channels, terms)` of a layer of floats. */
export function packFloats(
  weights: Float32Array,
  biases: Float32Array,
  channels: number,
  terms: number,
): PackedFloats {
  const padded = Math.ceil(channels / BLOCK) * BLOCK;
  const packed = new Float32Array(padded * terms);
  for (let channel = 0; channel < channels; channel++) {
    const block = Math.floor(channel / BLOCK) * BLOCK * terms;
    for (let term = 0; term < terms; term++) {
      packed[block + term * BLOCK + (channel % BLOCK)] = weights[channel * terms + term];
    }
  }
  const wide = new Float32Array(padded);
  wide.set(biases);
  return { weights: packed, biases: wide };
}

/** The first layer, of some of the planes: pixels that are looked at, then their channels. */
export function packLook(step: LookStep, planes: readonly number[]): PackedFloats {
  const { out, planes: all, weights, biases } = step;
  const seen = planes.length * CORNERS;
  const some = new Float32Array(out.channels * TAPS * seen);
  for (let channel = 0; channel < out.channels; channel++) {
    for (let tap = 0; tap < TAPS; tap++) {
      for (let k = 0; k < seen; k++) {
        const plane = planes[Math.floor(k / CORNERS)] * CORNERS + (k % CORNERS);
        some[(channel * TAPS + tap) * seen + k] =
          weights[(channel * all * CORNERS + plane) * TAPS + tap];
      }
    }
  }
  return packFloats(some, biases, out.channels, TAPS * seen);
}
