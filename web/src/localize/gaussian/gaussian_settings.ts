import type { CameraModel } from "../camera_model.ts";
import type { Region } from "../localizer.ts";

/**
 * Classical localization with everything decided; plain values, so that workers get it.
 *
 * Thresholds are in standard deviations of what the noise model predicts, multiplied by
 * `noiseScale`, the measured deviation of the movie's real noise from it.
 */
export interface GaussianSettings {
  readonly camera: CameraModel;
  readonly region: Region;
  /** All molecules of a frame fitted together, or each in a window of its own. */
  readonly emitters: "multi" | "single";
  /** Free widths of a `single` fit: 0 none, 2 in x and y. */
  readonly freeWidths: 0 | 2;
  readonly threshold: number;
  readonly sigmaPx: number;
  readonly sigmaGiven: boolean;
  /** Molecules that `sigmaPx` was estimated from. */
  readonly sigmaMolecules: number;
  readonly fitRadiusPx: number;
  readonly backgroundRadiusPx: number;
  readonly leastSnr: number;
  readonly noiseScale: number;
  /** Backgrounds at which the noise scale was measured, photoelectrons. */
  readonly noiseLevelsE: readonly number[];
  readonly noiseScales: readonly number[];
  /** Of a brighter neighbour's photons; fainter ones go. */
  readonly satelliteShare: number;
  /** Why the width was set free. */
  readonly blurredShare: number;
  readonly rounds: number;
}
