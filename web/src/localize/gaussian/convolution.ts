/** Convolves with a symmetric kernel of odd length along both axes; edges are repeated. */
export function convolveSeparable(
  image: Float32Array,
  height: number,
  width: number,
  kernel: Float32Array,
  out: Float32Array,
): void {
  const radius = kernel.length >> 1;
  const padded = new Float32Array(width + 2 * radius);
  const rows = new Float32Array(height * width);
  for (let j = 0; j < height; j++) {
    const row = j * width;
    padded.fill(image[row], 0, radius);
    padded.set(image.subarray(row, row + width), radius);
    padded.fill(image[row + width - 1], radius + width);
    let weight = kernel[radius];
    for (let i = 0; i < width; i++) rows[row + i] = weight * padded[radius + i];
    for (let k = 1; k <= radius; k++) {
      weight = kernel[radius + k];
      if (weight === 0.0) continue;
      for (let i = 0; i < width; i++) {
        rows[row + i] += weight * Math.fround(padded[radius + i - k] + padded[radius + i + k]);
      }
    }
  }
  for (let j = 0; j < height; j++) {
    const row = j * width;
    let weight = kernel[radius];
    for (let i = 0; i < width; i++) out[row + i] = weight * rows[row + i];
    for (let k = 1; k <= radius; k++) {
      weight = kernel[radius + k];
      if (weight === 0.0) continue;
      const above = Math.max(j - k, 0) * width;
      const below = Math.min(j + k, height - 1) * width;
      for (let i = 0; i < width; i++) {
        out[row + i] += weight * Math.fround(rows[above + i] + rows[below + i]);
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
  const rows = new Float32Array(height * width);
  for (let j = 0; j < height; j++) {
    const row = j * width;
    let total = 0.0;
    for (let i = 0; i < Math.min(radius, width); i++) total += image[row + i];
    for (let i = 0; i < width; i++) {
      if (i + radius < width) total += image[row + i + radius];
      if (i - radius - 1 >= 0) total -= image[row + i - radius - 1];
      rows[row + i] = total / (Math.min(i + radius, width - 1) - Math.max(i - radius, 0) + 1);
    }
  }
  const sums = new Float64Array(width);
  for (let j = 0; j < Math.min(radius, height); j++) {
    for (let i = 0; i < width; i++) sums[i] += rows[j * width + i];
  }
  for (let j = 0; j < height; j++) {
    if (j + radius < height) {
      const row = (j + radius) * width;
      for (let i = 0; i < width; i++) sums[i] += rows[row + i];
    }
    if (j - radius - 1 >= 0) {
      const row = (j - radius - 1) * width;
      for (let i = 0; i < width; i++) sums[i] -= rows[row + i];
    }
    const scale = 1.0 / (Math.min(j + radius, height - 1) - Math.max(j - radius, 0) + 1);
    for (let i = 0; i < width; i++) out[j * width + i] = sums[i] * scale;
  }
}
