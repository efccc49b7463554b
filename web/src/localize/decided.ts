import type { GreyFrame } from "../movie/frame.ts";
import { GaussianLocalizer } from "./gaussian/gaussian_localizer.ts";
import type { GaussianSettings } from "./gaussian/gaussian_settings.ts";
import { gaussianSample, prepareGaussian } from "./gaussian/prepare_gaussian.ts";
import type { Localizer, Region } from "./localizer.ts";
import type { SessionSettings } from "./session_types.ts";

/** A localizer with everything decided, as plain values that can be sent to a worker. */
export type Decided = { readonly method: "gaussian"; readonly settings: GaussianSettings };

/** A localizer's plain values and what a session must know of it. */
export interface Prepared {
  readonly decided: Decided;
  readonly haloFrames: number;
  readonly summary: Record<string, string>;
  readonly notices: readonly string[];
  readonly settings: Record<string, unknown>;
}

/** Runs of frames `[first, last)` to look at before localizing frames `[start, stop)`. */
export function sampleRuns(
  settings: SessionSettings,
  frames: readonly [number, number],
  region: Region,
): [number, number][] {
  void settings;
  return gaussianSample(frames, region);
}

/** Decides what was left open from a sample of the movie. */
export async function prepareLocalizer(
  settings: SessionSettings,
  region: Region,
  sample: readonly GreyFrame[],
): Promise<Prepared> {
  const localizer = prepareGaussian(sample, settings.camera, region, settings);
  return {
    decided: { method: "gaussian", settings: localizer.decided },
    haloFrames: localizer.haloFrames,
    summary: localizer.summary(),
    notices: localizer.notices,
    settings: localizer.settings(),
  };
}

/** The localizer that `prepareLocalizer` decided on. */
export async function localizerOf(decided: Decided): Promise<Localizer> {
  return new GaussianLocalizer(decided.settings);
}
