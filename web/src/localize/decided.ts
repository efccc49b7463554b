import type { GreyFrame } from "../movie/frame.ts";
import { GaussianLocalizer } from "./gaussian/gaussian_localizer.ts";
import type { GaussianSettings } from "./gaussian/gaussian_settings.ts";
import { gaussianSample, prepareGaussian } from "./gaussian/prepare_gaussian.ts";
import type { Localizer, Region } from "./localizer.ts";
import { NetLocalizer, type NetSettings } from "./net/net_localizer.ts";
import { loadNetwork } from "./net/network.ts";
import { netSample, prepareNet } from "./net/prepare_net.ts";
import type { SessionSettings } from "./session_types.ts";

/** A localizer with everything decided, as plain values that can be sent to a worker. */
export type Decided =
  | { readonly method: "gaussian"; readonly settings: GaussianSettings }
  | { readonly method: "net"; readonly settings: NetSettings };

/** A localizer's plain values and what a session must know of it. */
export interface Prepared {
  readonly decided: Decided;
  readonly haloFrames: number;
  readonly summary: Record<string, string>;
  readonly notices: readonly string[];
  readonly settings: Record<string, unknown>;
}

/** What a localizer is prepared for. */
export interface Preparation {
  readonly settings: SessionSettings;
  /** Part of the frames, px. */
  readonly region: Region;
  /** Frames `[start, stop)` that will be localized, or of which there is a sample. */
  readonly range: readonly [number, number];
  /** What `sampleRuns` asked for. */
  readonly sample: readonly GreyFrame[];
}

/** Runs of frames `[first, last)` to look at before localizing frames `[start, stop)`. */
export function sampleRuns(
  { method }: SessionSettings,
  range: readonly [number, number],
  region: Region,
): [number, number][] {
  return method === "net" ? netSample(range, region) : gaussianSample(range, region);
}

/** Decides what was left open from a sample of the movie. */
export async function prepareLocalizer(preparation: Preparation): Promise<Prepared> {
  const { settings, region, range, sample } = preparation;
  if (settings.method === "net") {
    const localizer = await prepareNet(sample, range, settings.camera, region, settings);
    return described(localizer, { method: "net", settings: localizer.decided });
  }
  const localizer = prepareGaussian(sample, settings.camera, region, settings);
  return described(localizer, { method: "gaussian", settings: localizer.decided });
}

/** The localizer that `prepareLocalizer` decided on. */
export async function localizerOf(decided: Decided): Promise<Localizer> {
  if (decided.method === "gaussian") return new GaussianLocalizer(decided.settings);
  return new NetLocalizer(decided.settings, await loadNetwork(decided.settings.model));
}

function described(localizer: Localizer, decided: Decided): Prepared {
  return {
    decided,
    haloFrames: localizer.haloFrames,
    summary: localizer.summary(),
    notices: localizer.notices,
    settings: localizer.settings(),
  };
}
