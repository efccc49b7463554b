import { convolveSeparable } from "./convolution.ts";
import { MOLECULE_STRIDE } from "./frame_model.ts";
import { scratch } from "./scratch.ts";

/**
 * Rao's score of a molecule at every pixel centre, in standard deviations.
 *
 * `score = sum g (d - m) / m / sqrt(sum g^2 / m)` with the spot `g`; `gain` is its
 * denominator squared, so that `score / sqrt(gain)` estimates the photons.
 */
export function scoreMap(
  data: Float32Array,
  extra: Float32Array,
  height: number,
  width: number,
  model: Float32Array,
  kernel: Float32Array,
  squared: Float32Array,
  score: Float32Array,
  gain: Float32Array,
): void {
  const size = height * width;
  const relative = scratch("masked", size);
  const inverse = scratch("weight", size);
  for (let p = 0; p < size; p++) {
    const inv = Math.fround(1.0 / model[p]);
    inverse[p] = inv;
    relative[p] = Math.fround(Math.fround(data[p] + extra[p]) * inv) - 1.0;
  }
  convolveSeparable(relative, height, width, kernel, score);
  convolveSeparable(inverse, height, width, squared, gain);
  for (let p = 0; p < size; p++) score[p] = score[p] / Math.sqrt(gain[p]);
}

/** Adds peaks of the score over `threshold` that lie `apart` (px) from every molecule. */
export function searchScore(
  score: Float32Array,
  gain: Float32Array,
  height: number,
  width: number,
  threshold: number,
  apart: number,
  molecules: Float64Array,
  count: number,
): number {
  const known = count;
  const limit = molecules.length / MOLECULE_STRIDE;
  let found = count;
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      const at = j * width + i;
      const value = score[at];
      if (value < threshold || found >= limit) continue;
      if (!isPeak(score, height, width, j, i, value)) continue;
      let x = i + 0.5;
      let y = j + 0.5;
      // the top of the parabola through three neighbours
      if (i > 0 && i < width - 1) x += parabolaTop(score[at - 1], value, score[at + 1]);
      if (j > 0 && j < height - 1) y += parabolaTop(score[at - width], value, score[at + width]);
      let free = true;
      for (let k = 0; k < known; k++) {
        const dx = molecules[k * MOLECULE_STRIDE] - x;
        const dy = molecules[k * MOLECULE_STRIDE + 1] - y;
        if (dx * dx + dy * dy < apart * apart) {
          free = false;
          break;
        }
      }
      if (!free) continue;
      const own = found * MOLECULE_STRIDE;
      molecules[own] = x;
      molecules[own + 1] = y;
      molecules[own + 2] = Math.max(value / Math.sqrt(gain[at]), 1.0);
      found++;
    }
  }
  return found;
}

function isPeak(
  score: Float32Array,
  height: number,
  width: number,
  j: number,
  i: number,
  value: number,
): boolean {
  for (let dj = -1; dj <= 1; dj++) {
    for (let di = -1; di <= 1; di++) {
      const jj = j + dj;
      const ii = i + di;
      if ((dj === 0 && di === 0) || jj < 0 || ii < 0 || jj >= height || ii >= width) continue;
      const other = score[jj * width + ii];
      // of equal neighbours the first one counts
      if (other > value || (other === value && (dj < 0 || (dj === 0 && di < 0)))) return false;
    }
  }
  return true;
}

function parabolaTop(before: number, middle: number, after: number): number {
  const bend = before - 2.0 * middle + after;
  if (!(bend < 0)) return 0.0;
  return Math.min(Math.max((0.5 * (before - after)) / bend, -0.5), 0.5);
}
