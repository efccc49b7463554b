import { MOLECULE_STRIDE, MOST_NEIGHBOURS, windowCount, windowStart } from "./frame_model.ts";
import { cholesky, inverseDiagonal } from "./linear.ts";
import { fillProfile } from "./profile.ts";

const MOST_PARAMETERS = 3 * (MOST_NEIGHBOURS + 1);

/** Room for `jointVariances`, made once. */
export class FisherScratch {
  readonly fisher = new Float64Array(MOST_PARAMETERS * MOST_PARAMETERS);
  readonly derivatives = new Float64Array(MOST_PARAMETERS);
  readonly work = new Float64Array(MOST_PARAMETERS);
  /** Of x, y (px^2) and photons (photons^2). */
  readonly variances = new Float64Array(3);
}

/** Variances of molecule `k` with its neighbours unknown too (joint Fisher matrix). */
export function jointVariances(
  model: Float32Array,
  height: number,
  width: number,
  molecules: Float64Array,
  k: number,
  neighbours: Int32Array,
  sigma: number,
  radius: number,
  axes: Float64Array[],
  scratch: FisherScratch,
): boolean {
  const { fisher, derivatives, variances, work } = scratch;
  const wide = radius + 2;
  const own = k * MOLECULE_STRIDE;
  const x0 = windowStart(molecules[own], wide, width);
  const nx = windowCount(molecules[own], wide, width);
  const y0 = windowStart(molecules[own + 1], wide, height);
  const ny = windowCount(molecules[own + 1], wide, height);
  const first = k * MOST_NEIGHBOURS;
  let count = 1;
  while (count <= MOST_NEIGHBOURS && neighbours[first + count - 1] >= 0) count++;
  const size = 3 * count;
  for (let a = 0; a < count; a++) {
    const at = (a === 0 ? k : neighbours[first + a - 1]) * MOLECULE_STRIDE;
    fillProfile(molecules[at], sigma, x0, nx, axes[4 * a], axes[4 * a + 1]);
    fillProfile(molecules[at + 1], sigma, y0, ny, axes[4 * a + 2], axes[4 * a + 3]);
  }
  for (let a = 0; a < size; a++) {
    fisher.fill(0.0, a * MOST_PARAMETERS, a * MOST_PARAMETERS + a + 1);
  }
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) {
      let light = 0.0;
      for (let a = 0; a < count; a++) {
        const at = (a === 0 ? k : neighbours[first + a - 1]) * MOLECULE_STRIDE;
        const photons = molecules[at + 2];
        const ex = axes[4 * a][i];
        const ey = axes[4 * a + 2][j];
        derivatives[3 * a] = photons * axes[4 * a + 1][i] * ey;
        derivatives[3 * a + 1] = photons * ex * axes[4 * a + 3][j];
        derivatives[3 * a + 2] = ex * ey;
        light += photons * ex * ey;
      }
      // the model picture cuts spots off at their windows; without background nothing
      // would be left there, and light that is certain seem to be information
      const inv = 1.0 / Math.max(model[(y0 + j) * width + x0 + i], light);
      for (let a = 0; a < size; a++) {
        const scaled = derivatives[a] * inv;
        const row = a * MOST_PARAMETERS;
        for (let b = 0; b <= a; b++) fisher[row + b] += scaled * derivatives[b];
      }
    }
  }
  for (let a = 0; a < size; a++) {
    const at = a * MOST_PARAMETERS + a;
    fisher[at] = fisher[at] * (1.0 + 1e-9) + 1e-12;
  }
  if (!cholesky(fisher, MOST_PARAMETERS, size)) return false;
  inverseDiagonal(fisher, MOST_PARAMETERS, size, 3, variances, work);
  return true;
}

/**
 * Marks what is not worth its parameters: Wald test of the photons, neighbours free.
 *
 * Of a group that cannot be told apart only the faintest goes at a time. Gives how many
 * were marked to go (`keep[k] = 0`).
 */
export function markInsignificant(
  model: Float32Array,
  height: number,
  width: number,
  molecules: Float64Array,
  count: number,
  neighbours: Int32Array,
  sigma: number,
  radius: number,
  leastRatio: number,
  axes: Float64Array[],
  scratch: FisherScratch,
  keep: Uint8Array,
): number {
  let gone = 0;
  for (let k = 0; k < count; k++) {
    keep[k] = 1;
    const fine = jointVariances(
      model,
      height,
      width,
      molecules,
      k,
      neighbours,
      sigma,
      radius,
      axes,
      scratch,
    );
    const at = k * MOLECULE_STRIDE;
    molecules[at + 4] = fine ? molecules[at + 2] / Math.sqrt(scratch.variances[2]) : 0.0;
  }
  for (let k = 0; k < count; k++) {
    const own = k * MOLECULE_STRIDE;
    if (molecules[own + 4] >= leastRatio) continue;
    let weakest = true;
    for (let s = 0; s < MOST_NEIGHBOURS; s++) {
      const m = neighbours[k * MOST_NEIGHBOURS + s];
      if (m < 0) break;
      const at = m * MOLECULE_STRIDE;
      const dx = molecules[at] - molecules[own];
      const dy = molecules[at + 1] - molecules[own + 1];
      const close = dx * dx + dy * dy < (2.0 * sigma) ** 2;
      if (close && molecules[at + 4] < leastRatio && molecules[at + 2] < molecules[own + 2]) {
        weakest = false;
      }
    }
    if (weakest) {
      keep[k] = 0;
      gone++;
    }
  }
  return gone;
}
