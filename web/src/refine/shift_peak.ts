import { median } from "../localize/gaussian/statistics.ts";

const STEPS = 60;
const STILL_PX = 1e-3;

/** Where a picture of correlation has its peak. */
export interface ShiftPeak {
  /** From the picture's middle, px. */
  readonly x: number;
  readonly y: number;
  /** Height over the median, in standard deviations. */
  readonly strength: number;
}

/**
 * The highest point of a picture seen through a Gaussian of `widthPx`, by steps of the mean
 * shift (Comaniciu and Meer 2002, eq. 17). `values` are `(size, size)`, shift 0 in the middle.
 */
export function shiftPeak(values: Float64Array, size: number, widthPx: number): ShiftPeak {
  const seen = smoothed(smoothed(values, size, widthPx), size, widthPx);
  const floor = median(values);
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  let best = 0;
  for (let p = 1; p < seen.length; p++) if (seen[p] > seen[best]) best = p;
  const noise = Math.sqrt(Math.max(floor, mean, 1e-12) / (4.0 * Math.PI)) / widthPx;
  const strength = (seen[best] - median(seen)) / noise;
  let x = best % size;
  let y = Math.floor(best / size);
  const reach = 3.5 * widthPx;
  for (let step = 0; step < STEPS; step++) {
    let mass = 0.0;
    let sumX = 0.0;
    let sumY = 0.0;
    for (let i = Math.max(0, Math.ceil(y - reach)); i <= Math.min(size - 1, y + reach); i++) {
      for (let j = Math.max(0, Math.ceil(x - reach)); j <= Math.min(size - 1, x + reach); j++) {
        const apart = ((i - y) ** 2 + (j - x) ** 2) / widthPx ** 2;
        const weight = (values[i * size + j] - floor) * Math.exp(-0.5 * apart);
        mass += weight;
        sumX += weight * (j - x);
        sumY += weight * (i - y);
      }
    }
    if (mass <= 0.0) break;
    x += sumX / mass;
    y += sumY / mass;
    if (Math.abs(sumX) + Math.abs(sumY) < STILL_PX * mass) break;
  }
  const middle = 0.5 * (size - 1);
  return { x: x - middle, y: y - middle, strength };
}

/** Gaussian along the rows, and turned: twice gives both axes. */
function smoothed(values: Float64Array, size: number, widthPx: number): Float64Array {
  const reach = Math.ceil(3.0 * widthPx);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, k) =>
    Math.exp(-0.5 * ((k - reach) / widthPx) ** 2),
  );
  const sum = kernel.reduce((total, value) => total + value, 0);
  const turned = new Float64Array(values.length);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let total = 0.0;
      for (let k = -reach; k <= reach; k++) {
        total += kernel[k + reach] * values[i * size + Math.min(Math.max(j + k, 0), size - 1)];
      }
      turned[j * size + i] = total / sum;
    }
  }
  return turned;
}
