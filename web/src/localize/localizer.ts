import type { GreyFrame } from "../movie/frame.ts";

/** `[x0, x1, y0, y1]` in pixels, upper ends exclusive. */
export type Region = readonly [number, number, number, number];

/**
 * Molecules of consecutive frames, one row each, ordered by frame.
 *
 * Lengths are in pixels of the movie from the outer corner of its top left pixel; columns
 * are those of Python's table with `_px` for `_nm`. Columns that a method does not know are
 * absent.
 */
export interface MoleculeColumns {
  readonly rows: number;
  /** Frame, counted from 0 in the movie. */
  readonly frame: Uint32Array;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** Light of the molecule in this frame, photons. */
  readonly photons: Float32Array;
  /** Background under the molecule, photons per pixel. */
  readonly backgroundPhotons: Float32Array;
  /** Standard deviation of a background pixel, photons (classical). */
  readonly backgroundStdPhotons?: Float32Array;
  /** Lateral standard error, mean of x and y, px. */
  readonly uncertaintyPx: Float32Array;
  readonly uncertaintyXPx: Float32Array;
  readonly uncertaintyYPx: Float32Array;
  /** Standard error of the light, photons. */
  readonly uncertaintyPhotons: Float32Array;
  /** Standard deviation of the spot, px (classical). */
  readonly sigmaPx?: Float32Array;
  /** Sum of squared standardised residuals per degree of freedom (classical). */
  readonly chi2?: Float32Array;
  /** Twice the log-likelihood gained over no molecule being here (classical). */
  readonly significance?: Float32Array;
  /** Probability that this molecule exists (network). */
  readonly probability?: Float32Array;
  /** Molecules fitted together with this one (classical). */
  readonly neighbours?: Uint16Array;
  /** Reasons for doubt, bits of Python's `Flag`: 1 not converged, 2 near the edge, 4 saturated. */
  readonly flags: Uint8Array;
}

/** Everything about a movie decided; turns frames into molecules, the same in any order. */
export interface Localizer {
  readonly method: "gaussian" | "net";
  /** Frames needed before and after a frame to localize it. */
  readonly haloFrames: number;
  /**
   * Molecules of frames `first` to `last` (exclusive, counted in the movie).
   *
   * `frames` are consecutive and may hold up to `haloFrames` more on each side; fewer only
   * where the movie ends.
   */
  localize(frames: readonly GreyFrame[], first: number, last: number): Promise<MoleculeColumns>;
  /** What was decided, for a person: `{ "PSF width": "1.31 px (estimated)" }`. */
  summary(): Record<string, string>;
  /** What the user should know, a sentence each. */
  readonly notices: readonly string[];
  /** Everything decided as plain values, kept with the result. */
  settings(): Record<string, unknown>;
}
