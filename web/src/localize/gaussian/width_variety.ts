import { localMaxima, noiseScale } from "./detection.ts";
import { differenceOfGaussians } from "./filters.ts";
import { SingleFit } from "./single_fit.ts";
import type { LightStack } from "./stack.ts";
import { percentile } from "./statistics.ts";

const LEAST_MOLECULES = 15;
const LEAST_SNR = 12.0;
const WIDE = 1.35;

/** How the widths of bright, well separated molecules are spread. */
export interface WidthVariety {
  /** Share that is over 1.35 times as wide as the PSF along x or y. */
  readonly wideShare: number;
  /** Width that four in five stay under, px. */
  readonly widePx: number;
}

/** Fits elliptical widths to bright molecules; means something for sparse movies only. */
export function widthVariety(stack: LightStack, sigmaPx: number): WidthVariety {
  const { height, width, electrons, variance } = stack;
  const reach = Math.ceil(6.0 * sigmaPx);
  const fitter = new SingleFit(height, width, reach, 1.3 * sigmaPx, 2, 60);
  const widths: number[] = [];
  let spots = 0;
  electrons.forEach((frame, n) => {
    const image = differenceOfGaussians(frame, height, width, 1.4 * sigmaPx, 3.0 * sigmaPx);
    for (const { x, y } of localMaxima(image, height, width, 6.0 * noiseScale(image), reach, n)) {
      spots++;
      const fit = fitter.fit(frame, variance[n], x, y);
      if (fit.converged && fit.photons > LEAST_SNR * Math.sqrt(fit.varPhotons)) {
        widths.push(Math.max(fit.sigmaX, fit.sigmaY));
      }
    }
  });
  if (spots < LEAST_MOLECULES || widths.length < LEAST_MOLECULES) {
    return { wideShare: 0.0, widePx: sigmaPx };
  }
  const wide = widths.filter((value) => value > WIDE * sigmaPx).length;
  return { wideShare: wide / widths.length, widePx: percentile(widths, 80) };
}
