import type { GreyFrame } from "../../movie/frame.ts";
import { cutFrame } from "../cut_frame.ts";
import { GaussianLocalizer } from "../gaussian/gaussian_localizer.ts";
import { DEFAULT_SIGMA_PX, estimatePsfWidth } from "../gaussian/psf_width.ts";
import type { LightStack } from "../gaussian/stack.ts";
import { median } from "../gaussian/statistics.ts";
import type { Region } from "../localizer.ts";
import { NetLocalizer, type NetSettings } from "./net_localizer.ts";
import type { Network } from "./network.ts";
import { outsideConditions } from "./validity.ts";

/** A run of frames with its neighbours. */
export interface SampleChunk {
  readonly first: number;
  readonly last: number;
  readonly frames: readonly GreyFrame[];
}

/** What a recording is like, as far as a sample of it tells. */
export interface Recording {
  /** Of the molecules found. */
  readonly probabilities: readonly number[];
  /** Pixels looked at, of all frames. */
  readonly pixels: number;
  readonly sigmaPx: number | null;
  readonly notices: readonly string[];
}

const LEAST_MOLECULES = 20;
const FRAMES_FOR_WIDTH = 24;
// a search that begins at the usual width does not see spots of twice that
const STARTS_PX = [DEFAULT_SIGMA_PX, 2.6];
// molecules within three widths of each other; what is fitted then are heaps of them
const CROWD = 1.5;

/** Localizes the liveliest part (edge px) of each run; Python's `measure_recording`. */
export async function measureSample(
  network: Network,
  settings: NetSettings,
  chunks: readonly SampleChunk[],
  edge: number,
): Promise<Recording> {
  const [x0, x1, y0, y1] = settings.region;
  const tile = liveliest(
    chunks.map(({ frames }) => frames),
    settings.region,
    Math.min(edge, x1 - x0),
    Math.min(edge, y1 - y0),
  );
  const localizer = new NetLocalizer({ ...settings, region: tile }, network);
  const probabilities: number[] = [];
  const photons: number[] = [];
  let frames = 0;
  for (const chunk of chunks) {
    const found = await localizer.localize(chunk.frames, chunk.first, chunk.last);
    probabilities.push(...(found.probability ?? []));
    photons.push(...found.photons);
    frames += chunk.last - chunk.first;
  }
  const pixels = frames * (tile[1] - tile[0]) * (tile[3] - tile[2]);
  const density = probabilities.length / pixels;
  const width = widthPx(settings, tile, chunks);
  const crowded = width !== null && density * Math.PI * (3.0 * width) ** 2 > CROWD;
  const sigmaPx = crowded ? null : width;
  const notices = outsideConditions(
    {
      sigmaPx,
      photons: photons.length >= LEAST_MOLECULES ? median(photons) : null,
      moleculesPerPxFrame: density,
      camera: settings.camera,
    },
    network.facts.conditions,
  );
  return { probabilities, pixels, sigmaPx, notices };
}

/** The tile in which most changes from the first to the last frame of a run. */
function liveliest(
  runs: readonly (readonly GreyFrame[])[],
  region: Region,
  width: number,
  height: number,
): Region {
  const [x0, x1, y0, y1] = region;
  const wide = x1 - x0;
  const change = new Float32Array(wide * (y1 - y0));
  for (const run of runs) {
    const one = cutFrame(run[0], region).pixels;
    const other = cutFrame(run[run.length - 1], region).pixels;
    for (let p = 0; p < change.length; p++) change[p] += Math.abs(one[p] - other[p]);
  }
  let best = -1.0;
  let place: Region = [x0, x0 + width, y0, y0 + height];
  for (const top of starts(y1 - y0, height)) {
    for (const left of starts(wide, width)) {
      let seen = 0.0;
      for (let j = top; j < top + height; j++) {
        for (let i = left; i < left + width; i++) seen += change[j * wide + i];
      }
      if (seen > best) {
        best = seen;
        place = [x0 + left, x0 + left + width, y0 + top, y0 + top + height];
      }
    }
  }
  return place;
}

function starts(size: number, tile: number): number[] {
  const count = Math.ceil(size / tile);
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, k) => Math.trunc((k * (size - tile)) / (count - 1)));
}

function widthPx(
  settings: NetSettings,
  tile: Region,
  chunks: readonly SampleChunk[],
): number | null {
  const each = Math.max(1, Math.min(FRAMES_FOR_WIDTH, Math.ceil(FRAMES_FOR_WIDTH / chunks.length)));
  const some = chunks.flatMap(({ frames }) => frames.slice(0, each));
  const light = lightOf(settings, tile, some);
  for (const startPx of STARTS_PX) {
    const psf = estimatePsfWidth(light, startPx);
    if (psf.molecules > 0) return psf.sigmaPx;
  }
  return null;
}

function lightOf(settings: NetSettings, tile: Region, frames: readonly GreyFrame[]): LightStack {
  const localizer = new GaussianLocalizer({
    camera: { ...settings.camera, saturationAdu: Number.POSITIVE_INFINITY },
    region: tile,
    emitters: "multi",
    freeWidths: 0,
    threshold: 0,
    sigmaPx: DEFAULT_SIGMA_PX,
    sigmaGiven: false,
    sigmaMolecules: 0,
    fitRadiusPx: 4,
    backgroundRadiusPx: 10,
    leastSnr: 0,
    noiseScale: 1,
    noiseLevelsE: [],
    noiseScales: [],
    satelliteShare: 0,
    blurredShare: 0,
    rounds: 1,
  });
  return localizer.light(frames.map((frame) => cutFrame(frame, tile)));
}
