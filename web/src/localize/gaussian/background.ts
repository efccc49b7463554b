import { boxMean } from "./convolution.ts";
import { scratch } from "./scratch.ts";

/** A model pixel never falls under this, so that its logarithm and inverse exist. */
export const LEAST_MODEL = 0.02;

/** Smooth background by four rounds of a local mean without what stands out. */
export function initialBackground(
  data: Float32Array,
  extra: Float32Array,
  height: number,
  width: number,
  radius: number,
  background: Float32Array,
): void {
  const size = height * width;
  const weight = scratch("weight", size).fill(1.0);
  const masked = scratch("masked", size);
  const norm = scratch("norm", size);
  for (let turn = 0; turn < 5; turn++) {
    if (turn > 0) {
      for (let p = 0; p < size; p++) {
        const b = background[p];
        const limit = b + 2.0 * Math.sqrt(Math.max(b + extra[p], 0.0) + 0.25);
        // never quite nothing: in a crowd the mean of all is the best there is
        weight[p] = data[p] <= limit ? 1.0 : 0.01;
      }
    }
    for (let p = 0; p < size; p++) masked[p] = data[p] * weight[p];
    boxMean(masked, height, width, radius, background);
    boxMean(weight, height, width, radius, norm);
    for (let p = 0; p < size; p++) {
      background[p] = Math.max(background[p] / norm[p], LEAST_MODEL - extra[p]);
    }
  }
}

/** Moves the background to the weighted local mean of what the molecules leave. */
export function refreshBackground(
  data: Float32Array,
  extra: Float32Array,
  height: number,
  width: number,
  model: Float32Array,
  background: Float32Array,
  radius: number,
): void {
  const size = height * width;
  const rest = scratch("masked", size);
  const weight = scratch("weight", size);
  const smooth = scratch("smooth", size);
  const norm = scratch("norm", size);
  for (let p = 0; p < size; p++) {
    const mu = model[p];
    const w = 1.0 / (mu * mu);
    // what stands out is a molecule not found yet, not background
    const residual = Math.min(data[p] + extra[p] - mu, 3.0 * Math.sqrt(mu));
    weight[p] = w;
    rest[p] = w * residual;
  }
  boxMean(rest, height, width, radius, smooth);
  boxMean(weight, height, width, radius, norm);
  for (let p = 0; p < size; p++) {
    const change = smooth[p] / norm[p];
    const fresh = Math.max(background[p] + change, LEAST_MODEL - extra[p]);
    model[p] = Math.max(model[p] + fresh - background[p], LEAST_MODEL);
    background[p] = fresh;
  }
}
