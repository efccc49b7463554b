import { localMaxima, noiseScale } from "./detection.ts";
import { differenceOfGaussians } from "./filters.ts";
import { SingleFit, type Spot, type SpotFit } from "./single_fit.ts";
import type { LightStack } from "./stack.ts";
import { median, sorted } from "./statistics.ts";

/** What is taken when the movie shows too few molecules to tell, px. */
export const DEFAULT_SIGMA_PX = 1.3;

const LEAST_MOLECULES = 20;
const NARROWEST_PX = 0.6;
const WIDEST_PX = 3.5;
const MOST_SPOTS = 4000;

/** Width of the PSF and how many molecules it was read from (0: a default). */
export interface PsfWidth {
  readonly sigmaPx: number;
  readonly molecules: number;
}

/**
 * Most frequent sigma of bright, well separated molecules.
 *
 * Overlapping and defocused molecules only look wider, so the mode of the free-sigma fits,
 * not their mean, is the PSF. Begins at `startPx`.
 */
export function estimatePsfWidth(stack: LightStack, startPx: number): PsfWidth {
  const { height, width, electrons, variance } = stack;
  let sigmaPx = startPx;
  let used = 0;
  for (let turn = 0; turn < 3; turn++) {
    const radius = Math.max(3, roundHalfEven(3.0 * sigmaPx));
    const fitter = new SingleFit(height, width, radius, sigmaPx, 1, 40);
    const fits = strongest(stack, sigmaPx, radius).map((spot) =>
      fitter.fit(electrons[spot.frame], variance[spot.frame], spot.x, spot.y),
    );
    const good = fits.filter((fit) => isGood(fit, sigmaPx));
    if (good.length < LEAST_MOLECULES) return { sigmaPx: DEFAULT_SIGMA_PX, molecules: 0 };
    // where molecules crowd, the cleanest fits are those of single ones
    const typical = median(good.map((fit) => fit.chi2));
    const clean = good.filter((fit) => fit.chi2 <= typical);
    used = clean.length;
    const fresh = Math.min(Math.max(mode(clean.map((fit) => fit.sigmaX)), NARROWEST_PX), WIDEST_PX);
    const settled = Math.abs(fresh - sigmaPx) < 0.02 * sigmaPx;
    sigmaPx = fresh;
    if (settled) break;
  }
  return { sigmaPx: Math.round(sigmaPx * 1000) / 1000, molecules: used };
}

/** Bright maxima whose windows lie inside the frame, in the order of frames. */
function strongest(stack: LightStack, sigmaPx: number, radius: number): Spot[] {
  const { height, width, electrons } = stack;
  const spots: (Spot & { strength: number })[] = [];
  electrons.forEach((frame, n) => {
    const image = differenceOfGaussians(frame, height, width, sigmaPx, 2.0 * sigmaPx);
    for (const spot of localMaxima(image, height, width, 5.0 * noiseScale(image), radius, n)) {
      const { x, y } = spot;
      // a cut window says little about a width
      if (y >= radius && y < height - radius && x >= radius && x < width - radius) {
        spots.push({ ...spot, strength: image[y * width + x] });
      }
    }
  });
  if (spots.length <= MOST_SPOTS) return spots;
  const order = spots
    .map((_, i) => i)
    .sort((a, b) => spots[a].strength - spots[b].strength || a - b);
  const kept = order.reverse().slice(0, MOST_SPOTS);
  return kept.sort((a, b) => a - b).map((i) => spots[i]);
}

function isGood(fit: SpotFit, sigmaPx: number): boolean {
  return (
    fit.converged &&
    fit.significance > 60.0 &&
    fit.sigmaX > 0.45 * sigmaPx &&
    fit.sigmaX < 2.5 * sigmaPx &&
    fit.photons > 8.0 * Math.sqrt(fit.varPhotons)
  );
}

/** Median of the shortest stretch that holds a third of the values. */
function mode(values: number[]): number {
  const some = sorted(values);
  const third = Math.max(8, Math.floor(some.length / 3));
  if (some.length <= third) return median(some);
  let start = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + third <= some.length; i++) {
    const stretch = some[i + third - 1] - some[i];
    if (stretch < least) {
      least = stretch;
      start = i;
    }
  }
  return median(some.subarray(start, start + third));
}

/** Python's `round`. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
