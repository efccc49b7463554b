import type { FittedMolecule } from "./frame_fit.ts";
import { median, percentile } from "./statistics.ts";

/** Satellites stand within this many PSF widths of their molecule. */
export const REACH_WIDTHS = 3.5;

const LEAST_PAIRS = 50;
const FAINT = 0.5;
const ONE_SIDED = 0.4;

/**
 * How bright the satellites of a movie are, relative to their molecules; 0: none.
 *
 * What a Gaussian leaves of a lopsided spot (coma) is fitted as a faint molecule, always on
 * the same side; real neighbours stand on all sides alike. Molecules of a sample, by frame.
 */
export function satelliteShare(
  frames: readonly (readonly FittedMolecule[])[],
  sigmaPx: number,
): number {
  const all = frames.flat();
  if (all.length === 0) return 0.0;
  const typical = median(all.map((molecule) => molecule.photons));
  const reach = (REACH_WIDTHS * sigmaPx) ** 2;
  const ratios: number[] = [];
  let sumX = 0.0;
  let sumY = 0.0;
  for (const molecules of frames) {
    for (let a = 0; a < molecules.length; a++) {
      for (let b = a + 1; b < molecules.length; b++) {
        const one = molecules[a];
        const other = molecules[b];
        if ((one.x - other.x) ** 2 + (one.y - other.y) ** 2 > reach) continue;
        const [bright, faint] = one.photons >= other.photons ? [one, other] : [other, one];
        const ratio = faint.photons / bright.photons;
        if (!(bright.photons > typical && ratio < FAINT)) continue;
        ratios.push(ratio);
        const distance = Math.max(Math.hypot(faint.x - bright.x, faint.y - bright.y), 1e-9);
        sumX += (faint.x - bright.x) / distance;
        sumY += (faint.y - bright.y) / distance;
      }
    }
  }
  if (ratios.length < LEAST_PAIRS) return 0.0;
  if (Math.hypot(sumX, sumY) / ratios.length < ONE_SIDED) return 0.0;
  return percentile(ratios, 95);
}
