import type { GreyFrame } from "../../movie/frame.ts";
import type { CameraModel } from "../camera_model.ts";
import { evenlySpaced } from "../gaussian/statistics.ts";
import type { Region } from "../localizer.ts";
import { movieThreshold } from "./movie_threshold.ts";
import { NetLocalizer, type NetSettings } from "./net_localizer.ts";
import { loadNetwork } from "./network.ts";
import { measureSample } from "./recording.ts";

/** What the user may fix; `null` means: decide. */
export interface NetChoices {
  readonly leastMass: number | null;
  readonly model: string | null;
}

const SHARE_LOOKED_AT = 0.015;
const LEAST_PIXELS = 1 << 17;
const MOST_PIXELS = 1 << 20;
const TILE_PX = 256;
const LEAST_FRAMES = 8;
const MOST_BLOCKS = 8;
const FRAMES_PER_BLOCK = 4;
const EVEN_MASS = 0.4;
/** Neighbours that runs of a sample bring along; more than any network looks at. */
const HALO = 2;

/** A run of frames of a sample, `[first, last)`, and the edge of its tile, px. */
interface Sampling {
  readonly places: readonly (readonly [number, number])[];
  readonly edge: number;
}

function sampling([start, stop]: readonly [number, number], region: Region): Sampling {
  const [x0, x1, y0, y1] = region;
  const area = (x1 - x0) * (y1 - y0);
  const wanted = Math.trunc(SHARE_LOOKED_AT * (stop - start) * area);
  const most = Math.min(Math.max(wanted, LEAST_PIXELS), MOST_PIXELS);
  const edge = Math.min(TILE_PX, Math.floor(Math.sqrt(Math.floor(most / LEAST_FRAMES))));
  const tile = Math.min(edge, x1 - x0) * Math.min(edge, y1 - y0);
  const count = Math.min(stop - start, Math.max(2, Math.floor(most / tile)));
  const number = Math.max(1, Math.min(MOST_BLOCKS, Math.floor(count / FRAMES_PER_BLOCK)));
  const length = Math.floor(count / number);
  const places = evenlySpaced(start, stop - length, number).map((first) => {
    const begin = Math.trunc(first);
    return [begin, begin + length] as const;
  });
  return { places, edge };
}

/** Runs of frames `[first, last)` that `prepareNet` wants to see of frames `[start, stop)`. */
export function netSample(frames: readonly [number, number], region: Region): [number, number][] {
  const [start, stop] = frames;
  return sampling(frames, region).places.map(([first, last]) => [
    Math.max(start, first - HALO),
    Math.min(stop, last + HALO),
  ]);
}

/** Opens the network and decides on a sample what makes a molecule; Python's `prepare`. */
export async function prepareNet(
  sample: readonly GreyFrame[],
  range: readonly [number, number],
  camera: CameraModel,
  region: Region,
  choices: NetChoices,
): Promise<NetLocalizer> {
  const network = await loadNetwork(choices.model);
  const { facts } = network;
  const settings: NetSettings = {
    camera,
    region,
    model: choices.model,
    leastMass: choices.leastMass ?? facts.leastMass,
    skipEmpty: true,
    sigmaPx: null,
    notices: [],
  };
  const { places, edge } = sampling(range, region);
  // runs may share neighbours, which then are there twice
  const known = new Map(sample.map((frame) => [frame.index, frame]));
  const chunks = places.map(([first, last]) => ({
    first,
    last,
    frames: [...known.values()]
      .filter(({ index }) => index >= first - HALO && index < last + HALO)
      .sort((a, b) => a.index - b.index),
  }));
  const leastMass = Math.min(settings.leastMass, EVEN_MASS);
  const recording = await measureSample(network, { ...settings, leastMass }, chunks, edge);
  const threshold = movieThreshold(
    recording.probabilities,
    recording.pixels,
    facts.leastMass,
    facts.falsePerMpx,
  );
  return new NetLocalizer(
    {
      ...settings,
      leastMass: choices.leastMass ?? threshold,
      sigmaPx: recording.sigmaPx,
      notices: recording.notices,
    },
    network,
  );
}
