import type { Spot } from "./single_fit.ts";
import { percentileOfSorted, sorted } from "./statistics.ts";

/**
 * Standard deviation of a filtered frame's noise, molecules left out.
 *
 * Molecules only add light: median minus 15.87th percentile.
 */
export function noiseScale(image: Float32Array): number {
  // a few thousand pixels tell a percentile to a few per cent
  const step = Math.max(1, Math.floor(image.length / 4096)) | 1;
  const some = new Float64Array(Math.ceil(image.length / step));
  for (let i = 0; i < some.length; i++) some[i] = image[i * step];
  const rising = sorted(some);
  return percentileOfSorted(rising, 50.0) - percentileOfSorted(rising, 15.87);
}

/** Pixels at or over `threshold` and over every neighbour within `radius` (a square). */
export function localMaxima(
  image: Float32Array,
  height: number,
  width: number,
  threshold: number,
  radius: number,
  frame: number,
): Spot[] {
  const found: Spot[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = image[y * width + x];
      if (value < threshold || !(value > 0.0)) continue;
      if (isHighest(image, height, width, y, x, radius, value)) found.push({ frame, y, x });
    }
  }
  return found;
}

function isHighest(
  image: Float32Array,
  height: number,
  width: number,
  y: number,
  x: number,
  radius: number,
  value: number,
): boolean {
  for (let jj = Math.max(y - radius, 0); jj <= Math.min(y + radius, height - 1); jj++) {
    for (let ii = Math.max(x - radius, 0); ii <= Math.min(x + radius, width - 1); ii++) {
      const other = image[jj * width + ii];
      // of equal neighbours the first one counts
      if (other > value || (other === value && (jj < y || (jj === y && ii < x)))) return false;
    }
  }
  return true;
}
