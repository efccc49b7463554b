import { median } from "./statistics.ts";

/** Bounds of the signal to noise that a molecule needs. */
export const LOWEST_SNR = 3.0;
export const HIGHEST_SNR = 5.0;

/**
 * Signal to noise that a molecule needs: few false ones, and no bother with the faint.
 *
 * Peaks of pure noise may make up a tenth of what is kept; their density over a level `t`
 * is `t exp(-t^2 / 2) / (2 sigma^2 (2 pi)^(3/2))` per pixel (Adler 1981, eq. 6.2.12). And
 * where the typical molecule is far brighter, what is under `typicalShare` of it goes.
 * `realScale` is the real noise over the noise that standard errors are reckoned with.
 */
export function leastSnr(
  snr: readonly number[],
  pixels: number,
  sigmaPx: number,
  realScale: number,
  typicalShare: number,
): number {
  const density = pixels / (2.0 * sigmaPx ** 2 * (2.0 * Math.PI) ** 1.5);
  let level = HIGHEST_SNR + 1.0;
  // the same steps as numpy's arange
  const steps = Math.ceil((HIGHEST_SNR + 1.0 - LOWEST_SNR) / 0.1);
  for (let k = 0; k < steps; k++) {
    const t = LOWEST_SNR + k * (LOWEST_SNR + 0.1 - LOWEST_SNR);
    const real = t / realScale;
    const noisePeaks = density * real * Math.exp(-0.5 * real ** 2);
    if (noisePeaks <= 0.1 * snr.filter((value) => value >= t).length) {
      level = t;
      break;
    }
  }
  const seen = snr.filter((value) => value >= level);
  const typical = seen.length > 0 ? typicalShare * median(seen) : LOWEST_SNR;
  const wanted = Math.max(level, Math.min(Math.max(typical, LOWEST_SNR), HIGHEST_SNR));
  return Math.round(wanted * 100) / 100;
}
