import { scratch } from "./scratch.ts";

const { fround } = Math;

/** Convolves with a symmetric kernel of odd length along both axes; edges are repeated. */
export function convolveSeparable(
  image: Float32Array,
  height: number,
  width: number,
  kernel: Float32Array,
  out: Float32Array,
): void {
  const radius = kernel.length >> 1;
  const weights = kernel.slice(radius);
  const padded = scratch("padded", width + 2 * radius);
  const rows = scratch("rows", height * width);
  for (let j = 0; j < height; j++) {
    const row = j * width;
    padded.fill(image[row], 0, radius);
    padded.set(image.subarray(row, row + width), radius);
    padded.fill(image[row + width - 1], radius + width);
    for (let i = 0; i < width; i++) {
      const at = radius + i;
      let total = fround(weights[0] * padded[at]);
      for (let k = 1; k <= radius; k++) {
        total = fround(total + weights[k] * fround(padded[at - k] + padded[at + k]));
      }
      rows[row + i] = total;
    }
  }
  for (let j = 0; j < height; j++) {
    const row = j * width;
    const target = out.subarray(row, row + width);
    const middle = weights[0];
    for (let i = 0; i < width; i++) target[i] = middle * rows[row + i];
    for (let k = 1; k <= radius; k++) {
      const weight = weights[k];
      if (weight === 0.0) continue;
      const above = Math.max(j - k, 0) * width;
      const below = Math.min(j + k, height - 1) * width;
      for (let i = 0; i < width; i++) {
        target[i] += weight * fround(rows[above + i] + rows[below + i]);
      }
    }
  }
}

/** Mean over a `2 radius + 1` square, cut at the edges; `out` must not be `image`. */
export function boxMean(
  image: Float32Array,
  height: number,
  width: number,
  radius: number,
  out: Float32Array,
): void {
  const rows = scratch("rows", height * width);
  const reach = Math.min(radius, width - 1);
  for (let j = 0; j < height; j++) {
    const row = j * width;
    let total = 0.0;
    for (let i = 0; i < reach; i++) total += image[row + i];
    for (let i = 0; i < width; i++) {
      const first = i - radius;
      const last = i + radius;
      if (last < width) total += image[row + last];
      if (first > 0) total -= image[row + first - 1];
      rows[row + i] = total / ((last < width ? last : width - 1) - (first > 0 ? first : 0) + 1);
    }
  }
  const sums = new Float64Array(width);
  for (let j = 0; j < Math.min(radius, height); j++) {
    const row = j * width;
    for (let i = 0; i < width; i++) sums[i] += rows[row + i];
  }
  for (let j = 0; j < height; j++) {
    const scale = 1.0 / (Math.min(j + radius, height - 1) - Math.max(j - radius, 0) + 1);
    const row = j * width;
    const more = j + radius < height ? (j + radius) * width : -1;
    const less = j - radius - 1 >= 0 ? (j - radius - 1) * width : -1;
    if (more >= 0 && less >= 0) {
      for (let i = 0; i < width; i++) {
        const sum = sums[i] + rows[more + i] - rows[less + i];
        sums[i] = sum;
        out[row + i] = sum * scale;
      }
      continue;
    }
    if (more >= 0) for (let i = 0; i < width; i++) sums[i] += rows[more + i];
    if (less >= 0) for (let i = 0; i < width; i++) sums[i] -= rows[less + i];
    for (let i = 0; i < width; i++) out[row + i] = sums[i] * scale;
  }
}
