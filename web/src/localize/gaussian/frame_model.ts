import { LEAST_MODEL } from "./background.ts";
import { fillProfile } from "./profile.ts";

/** Others that a molecule is fitted with at most. */
export const MOST_NEIGHBOURS = 6;

/** Numbers per molecule: x, y (px), photons, unrest, ratio of photons to their error. */
export const MOLECULE_STRIDE = 5;

/** First pixel of a molecule's window along an axis. */
export function windowStart(centre: number, radius: number, size: number): number {
  return Math.max(Math.min(Math.max(Math.floor(centre), 0), size - 1) - radius, 0);
}

/** Pixels of a molecule's window along an axis. */
export function windowCount(centre: number, radius: number, size: number): number {
  const middle = Math.min(Math.max(Math.floor(centre), 0), size - 1);
  return Math.min(middle + radius + 1, size) - Math.max(middle - radius, 0);
}

/** Adds a molecule's light (negative: takes it away) to a model picture. */
export function addSpot(
  model: Float32Array,
  height: number,
  width: number,
  x: number,
  y: number,
  photons: number,
  sigma: number,
  radius: number,
  axes: Float64Array[],
): void {
  const x0 = windowStart(x, radius, width);
  const nx = windowCount(x, radius, width);
  const y0 = windowStart(y, radius, height);
  const ny = windowCount(y, radius, height);
  const [ex, slopeX, ey, slopeY] = axes;
  fillProfile(x, sigma, x0, nx, ex, slopeX);
  fillProfile(y, sigma, y0, ny, ey, slopeY);
  for (let j = 0; j < ny; j++) {
    const row = photons * ey[j];
    const at = (y0 + j) * width + x0;
    for (let i = 0; i < nx; i++) {
      model[at + i] = Math.max(model[at + i] + row * ex[i], LEAST_MODEL);
    }
  }
}

/** `neighbours[6 k ..]`: the nearest others within `reach`, then -1. */
export function listNeighbours(
  molecules: Float64Array,
  count: number,
  reach: number,
  neighbours: Int32Array,
): void {
  const squared = new Float64Array(MOST_NEIGHBOURS);
  for (let k = 0; k < count; k++) {
    const own = k * MOST_NEIGHBOURS;
    const x = molecules[k * MOLECULE_STRIDE];
    const y = molecules[k * MOLECULE_STRIDE + 1];
    let found = 0;
    for (let m = 0; m < count; m++) {
      if (m === k) continue;
      const dy = molecules[m * MOLECULE_STRIDE + 1] - y;
      if (Math.abs(dy) > reach) continue;
      const dx = molecules[m * MOLECULE_STRIDE] - x;
      if (Math.abs(dx) > reach) continue;
      const distance = dx * dx + dy * dy;
      let place = found;
      while (place > 0 && squared[place - 1] > distance) place--;
      if (place >= MOST_NEIGHBOURS) continue;
      for (let s = Math.min(found, MOST_NEIGHBOURS - 1); s > place; s--) {
        squared[s] = squared[s - 1];
        neighbours[own + s] = neighbours[own + s - 1];
      }
      squared[place] = distance;
      neighbours[own + place] = m;
      if (found < MOST_NEIGHBOURS) found++;
    }
    for (let s = found; s < MOST_NEIGHBOURS; s++) neighbours[own + s] = -1;
  }
}
