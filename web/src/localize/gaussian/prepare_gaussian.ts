import type { GreyFrame } from "../../movie/frame.ts";
import type { CameraModel } from "../camera_model.ts";
import { cutFrame } from "../cut_frame.ts";
import type { Region } from "../localizer.ts";
import { HIGHEST_SNR, LOWEST_SNR, leastSnr } from "./false_alarms.ts";
import type { FittedMolecule } from "./frame_fit.ts";
import { GaussianLocalizer } from "./gaussian_localizer.ts";
import type { GaussianSettings } from "./gaussian_settings.ts";
import { spotProfile } from "./profile.ts";
import { DEFAULT_SIGMA_PX, estimatePsfWidth, type PsfWidth } from "./psf_width.ts";
import { scoreSpread, standingResidual } from "./residuals.ts";
import { satelliteShare } from "./satellites.ts";
import type { LightStack } from "./stack.ts";
import { evenlySpaced } from "./statistics.ts";
import { widthVariety } from "./width_variety.ts";

/** What the user may fix; `null` means: decide. */
export interface GaussianChoices {
  readonly sigmaPx: number | null;
  readonly leastSnr: number | null;
}

const SAMPLE_BLOCKS = 6;
const FRAMES_PER_BLOCK = 8;
const MOST_SAMPLED_PIXELS = 4_000_000;
const SEARCH_SNR = 3.5;
const WAVELET_THRESHOLD = 3.5;
// blurred molecules are looked for in movies where the next one is this many widths away
const SPARSE_WIDTHS = 20.0;
const WIDE_SHARE = 0.3;
const TUNING_FRAMES = 16;
const TUNING_EDGE_PX = 512;
// half widths of the background window in PSF widths, from the smoothest: a wide window
// takes little from the molecules, a narrow one can follow haze
const BACKGROUND_WIDTHS = [12.0, 10.0, 8.0, 6.0, 4.5];
const MOST_STANDING_RESIDUAL = 3.0;
const ROUNDS = 4;

/** Runs of frames `[first, last)` that `prepareGaussian` wants to see of a movie. */
export function gaussianSample(
  [start, stop]: readonly [number, number],
  [x0, x1, y0, y1]: Region,
): [number, number][] {
  const area = Math.max((x1 - x0) * (y1 - y0), 1);
  const affordable = Math.floor(MOST_SAMPLED_PIXELS / area);
  const most = Math.max(1, Math.min(SAMPLE_BLOCKS * FRAMES_PER_BLOCK, affordable));
  if (stop - start <= most) return [[start, stop]];
  const blocks = Math.max(1, Math.min(SAMPLE_BLOCKS, most));
  const length = Math.max(1, Math.floor(most / blocks));
  return evenlySpaced(start, stop - length, blocks).map((first) => {
    const begin = Math.trunc(first);
    return [begin, begin + length];
  });
}

/**
 * Estimates from a sample of the movie what was left open; the same steps as Python's
 * `GaussianMethod.prepare`, the same for the same sample, always.
 */
export function prepareGaussian(
  sample: readonly GreyFrame[],
  camera: CameraModel,
  region: Region,
  choices: GaussianChoices,
): GaussianLocalizer {
  const usual = { sigmaPx: choices.sigmaPx ?? DEFAULT_SIGMA_PX, molecules: 0 };
  const draft = new GaussianLocalizer(draftSettings(camera, region, usual, choices));
  const light = draft.light(sample.map((frame) => cutFrame(frame, region)));
  const psf = choices.sigmaPx === null ? estimatePsfWidth(light, DEFAULT_SIGMA_PX) : usual;
  const part = tuningPart(light);
  const { decided, found } = tune(draftSettings(camera, region, psf, choices), choices, part);
  const pixels = part.electrons.length * part.height * part.width;
  const apartPx = Math.sqrt(pixels / Math.max(found, 1));
  if (apartPx > SPARSE_WIDTHS * psf.sigmaPx) {
    const variety = widthVariety(light, psf.sigmaPx);
    if (variety.wideShare > WIDE_SHARE) {
      return forBlurred(decided, choices, variety.wideShare, variety.widePx, part);
    }
  }
  return new GaussianLocalizer(decided);
}

function draftSettings(
  camera: CameraModel,
  region: Region,
  psf: PsfWidth,
  choices: GaussianChoices,
): GaussianSettings {
  return {
    camera,
    region,
    emitters: "multi",
    freeWidths: 0,
    threshold: SEARCH_SNR,
    sigmaPx: psf.sigmaPx,
    sigmaGiven: choices.sigmaPx !== null,
    sigmaMolecules: psf.molecules,
    fitRadiusPx: Math.max(3, Math.ceil(3 * psf.sigmaPx)),
    backgroundRadiusPx: Math.ceil(8 * psf.sigmaPx),
    leastSnr: choices.leastSnr ?? HIGHEST_SNR,
    noiseScale: 1.0,
    noiseLevelsE: [],
    noiseScales: [],
    satelliteShare: 0.0,
    blurredShare: 0.0,
    rounds: ROUNDS,
  };
}

/** Fits the sample with low thresholds; sees what background, noise and signal are like. */
function tune(
  draft: GaussianSettings,
  choices: GaussianChoices,
  part: LightStack,
): { decided: GaussianSettings; found: number } {
  let keen: GaussianSettings = { ...draft, leastSnr: LOWEST_SNR };
  const models = part.electrons.map((frame) => new Float32Array(frame.length));
  let fits: FittedMolecule[][] = [];
  for (const widths of BACKGROUND_WIDTHS) {
    keen = { ...keen, backgroundRadiusPx: Math.ceil(widths * draft.sigmaPx) };
    const localizer = new GaussianLocalizer(keen);
    fits = models.map((model, n) => localizer.fitFrame(part, n, model));
    if (standingResidual(part, models) <= MOST_STANDING_RESIDUAL) break;
  }
  const profile = spotProfile(keen.sigmaPx, keen.fitRadiusPx);
  const noise = scoreSpread(part, models, profile);
  const used = Math.max(1.0, noise.overall);
  keen = { ...keen, noiseScale: used };
  if (noise.level.length > 1) {
    const noiseScales = noise.spread.map((spread) => Math.max(1.0, spread));
    keen = { ...keen, noiseLevelsE: noise.level, noiseScales };
  }
  const molecules = fits.flat();
  const scaled = new GaussianLocalizer(keen);
  const snr =
    choices.leastSnr ??
    leastSnr(
      molecules.map((m) => m.photons / Math.sqrt(m.varPhotons) / scaled.noiseScaleAt(m.background)),
      part.electrons.length * part.height * part.width,
      draft.sigmaPx,
      noise.overall / used,
      0.4,
    );
  const decided: GaussianSettings = {
    ...keen,
    leastSnr: snr,
    satelliteShare: satelliteShare(fits, draft.sigmaPx),
    threshold: Math.min(SEARCH_SNR, snr),
  };
  return { decided, found: molecules.length };
}

/** Elliptical fits in windows that suit four in five of the blurred molecules. */
function forBlurred(
  tuned: GaussianSettings,
  choices: GaussianChoices,
  wideShare: number,
  widePx: number,
  part: LightStack,
): GaussianLocalizer {
  const draft: GaussianSettings = {
    ...tuned,
    emitters: "single",
    freeWidths: 2,
    threshold: WAVELET_THRESHOLD,
    fitRadiusPx: Math.max(3, Math.ceil(1.5 * widePx)),
    leastSnr: choices.leastSnr ?? LOWEST_SNR,
    noiseScale: 1.0,
    noiseLevelsE: [],
    noiseScales: [],
    satelliteShare: 0.0,
    blurredShare: wideShare,
  };
  if (choices.leastSnr !== null) return new GaussianLocalizer(draft);
  const localizer = new GaussianLocalizer(draft);
  const found = part.electrons.flatMap((_, n) => localizer.fitFrame(part, n));
  const snr = leastSnr(
    found.map((m) => m.photons / Math.sqrt(m.varPhotons)),
    part.electrons.length * part.height * part.width,
    draft.sigmaPx,
    1.0,
    // small windows need no second demand: they see little of a neighbour
    0.0,
  );
  return new GaussianLocalizer({ ...draft, leastSnr: snr });
}

/** Some frames of the sample, of a large field the middle: enough to tune on. */
function tuningPart(light: LightStack): LightStack {
  const { height, width, electrons, variance } = light;
  const count = electrons.length;
  const some = evenlySpaced(0, count - 1, Math.min(TUNING_FRAMES, count)).map(Math.trunc);
  const y0 = Math.max(0, Math.floor((height - TUNING_EDGE_PX) / 2));
  const x0 = Math.max(0, Math.floor((width - TUNING_EDGE_PX) / 2));
  const tall = Math.min(TUNING_EDGE_PX, height);
  const wide = Math.min(TUNING_EDGE_PX, width);
  const cut = (image: Float32Array): Float32Array => {
    if (tall === height && wide === width) return image;
    const out = new Float32Array(tall * wide);
    for (let j = 0; j < tall; j++) {
      const at = (y0 + j) * width + x0;
      out.set(image.subarray(at, at + wide), j * wide);
    }
    return out;
  };
  return {
    height: tall,
    width: wide,
    electrons: some.map((n) => cut(electrons[n])),
    variance: some.map((n) => cut(variance[n])),
  };
}
