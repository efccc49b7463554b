import { describe, expect, test } from "vitest";
import { gaussianSample, prepareGaussian } from "../src/localize/gaussian/prepare_gaussian.ts";
import { compare, readVector } from "./vector_files.ts";

// 0.1 nm of pixels of 100 nm
const LARGEST_DISTANCE_PX = 0.001;

describe.each(["phone", "scmos", "defocus", "sparse"])("the classical localizer on %s", (name) => {
  const { frames, camera, region, gaussian } = readVector(name);
  const sample = gaussianSample([0, frames.length], region).flatMap(([a, b]) => frames.slice(a, b));
  const localizer = prepareGaussian(sample, camera, region, { sigmaPx: null, leastSnr: null });

  test("decides what Python decides", () => {
    const { decided } = localizer;
    expect(decided.emitters).toBe(gaussian.decided.emitters);
    expect(decided.sigmaMolecules).toBe(gaussian.decided.sigma_molecules);
    expect(decided.fitRadiusPx).toBe(gaussian.decided.fit_radius_px);
    expect(decided.sigmaPx).toBeCloseTo(gaussian.decided.sigma_px as number, 2);
    expect(decided.leastSnr).toBeCloseTo(gaussian.decided.least_snr as number, 2);
    expect(decided.noiseScale).toBeCloseTo(gaussian.decided.noise_scale as number, 4);
  });

  test("finds Python's molecules within 0.1 nm", async () => {
    const here = await localizer.localize(frames, 0, frames.length);
    const difference = compare(here, gaussian.molecules, 0.1);
    expect(difference.onlyHere).toBe(0);
    expect(difference.onlyThere).toBe(0);
    expect(difference.farthestPx).toBeLessThan(LARGEST_DISTANCE_PX);
    const there = gaussian.molecules;
    for (const [a, b] of difference.pairs) {
      expect(here.photons[a] / there.photons[b]).toBeCloseTo(1, 4);
      expect(here.backgroundPhotons[a] / there.background_photons[b]).toBeCloseTo(1, 4);
      expect(here.uncertaintyPx[a] / there.uncertainty_px[b]).toBeCloseTo(1, 4);
      expect(here.uncertaintyPhotons[a] / there.uncertainty_photons[b]).toBeCloseTo(1, 4);
      expect(here.sigmaPx?.[a]).toBeCloseTo(there.sigma_px[b], 4);
      expect(here.chi2?.[a]).toBeCloseTo(there.chi2[b], 4);
      expect(here.flags[a]).toBe(there.flags[b]);
      expect(here.neighbours?.[a]).toBe(there.neighbours[b]);
    }
  });
});
