import { LIGHT } from "./inputs.ts";
import { type Costs, type Group, joinBoxes } from "./join_boxes.ts";
import type { Maps, Network } from "./network.ts";
import { type Box, CELL_PX, type LightFrames, occupiedBoxes } from "./occupancy.ts";

// frames sent through the network at a time: enough to keep it busy, little memory
const FRAMES_PER_RUN = 16;
// of large fields fewer: a pixel takes half a kilobyte inside the network
const PIXELS_PER_RUN = 1 << 20;
/** Frames that are planned together; batches of so many give what Python gives. */
export const FRAMES_PER_PLAN = 16;
// every so many frames of a plan are looked at first, to see whether it is worth while
const GLANCE_STEP = 4;
// cells around a place, see Python's `occupied`
const GLANCE_HALO = 2;
const HALO = 10;
const WIDE_HALO = 12;
const GLANCE_SHARE = 0.5;
const LEAST_CLOSE = -0.1;
const MOST_CLOSE = 0.3;
// frames of context cost that share of a frame, a call that many cells
const CONTEXT_COST = 0.12;
const CALL_COST = 6.0;
const LOGIT = 0;
const OUTPUTS = 9;
const NOTHING = -100.0;

/**
 * Maps of all frames but the outermost, a few at a time, with the first frame of each.
 *
 * With `skipEmpty` a matched filter looks for places that stand out of the noise; doubtful
 * ones are tried on a small part of the frame. The network runs over what is left with a
 * wide border, where this costs less than the whole frames. Elsewhere the maps say that
 * there is nothing. The same plans as Python's `map_runs`.
 */
export async function* mapRuns(
  network: Network,
  planes: Maps,
  skipEmpty: boolean,
  leastMass: number,
): AsyncGenerator<[number, Maps]> {
  const context = network.facts.contextFrames - 1;
  const count = planes.count - context;
  const most = Math.floor(PIXELS_PER_RUN / (planes.height * planes.width));
  const perRun = Math.max(1, Math.min(FRAMES_PER_RUN, most));
  for (let start = 0; start < count; start += FRAMES_PER_PLAN) {
    const stop = Math.min(start + FRAMES_PER_PLAN, count);
    const needed = framesOf(planes, start, stop + context);
    if (skipEmpty) {
      const plan = new Plan(network, needed, leastMass);
      const from = Math.max(start + (context >> 1) - 1, 0);
      const light = lightOf(planes, network, from, stop + (context >> 1) + 1);
      const boxes = await plan.worthIt(light, start + (context >> 1) - from);
      if (boxes !== null) {
        if (boxes.length > 0) yield [start, await plan.mapsOf(boxes)];
        continue;
      }
    }
    for (let first = 0; first < stop - start; first += perRun) {
      const last = Math.min(first + perRun, stop - start);
      yield [start + first, await network.maps(framesOf(needed, first, last + context))];
    }
  }
}

function framesOf(maps: Maps, first: number, last: number): Maps {
  const size = maps.channels * maps.height * maps.width;
  return { ...maps, count: last - first, data: maps.data.subarray(first * size, last * size) };
}

function lightOf(planes: Maps, network: Network, from: number, to: number): LightFrames {
  const size = planes.height * planes.width;
  const plane = network.facts.planes.indexOf(LIGHT);
  const frames: Float32Array[] = [];
  for (let n = from; n < Math.min(to, planes.count); n++) {
    const at = (n * planes.channels + plane) * size;
    frames.push(planes.data.subarray(at, at + size));
  }
  return { frames, height: planes.height, width: planes.width };
}

/** Some frames with their neighbours, and what of them is computed. */
class Plan {
  private readonly context: number;
  private readonly frames: number;
  private readonly rows: number;
  private readonly columns: number;

  constructor(
    private readonly network: Network,
    private readonly planes: Maps,
    private readonly leastMass: number,
  ) {
    this.context = network.facts.contextFrames - 1;
    this.frames = planes.count - this.context;
    this.rows = planes.height / CELL_PX;
    this.columns = planes.width / CELL_PX;
  }

  /** Boxes that may hold a molecule, or `null` where the whole frames cost less. */
  async worthIt(light: LightFrames, begin: number): Promise<Box[] | null> {
    const { frames, context, rows, columns, leastMass } = this;
    const whole = rows * columns * (frames + CONTEXT_COST * context);
    const end = begin + frames;
    const few = occupiedBoxes(light, begin, end, GLANCE_STEP, false).filter(({ sure }) => sure);
    const part = (whole * Math.ceil(frames / GLANCE_STEP)) / frames;
    if (joinBoxes(few, this.costs(HALO, 0), part).cost > part) return null;
    // a network that sees a single frame is not asked of others either
    const boxes = occupiedBoxes(light, begin, end, 1, context > 0);
    const sure = boxes.filter((box) => box.sure);
    const doubtful = boxes.filter((box) => !box.sure);
    const cost = joinBoxes(sure, this.costs(HALO, context), whole).cost;
    const glance = joinBoxes(doubtful, this.costs(GLANCE_HALO, context), whole).cost;
    if (cost + glance > whole) return null;
    const masses = await this.run(doubtful, GLANCE_HALO, null);
    const likely = doubtful.filter((_, k) => masses[k] > GLANCE_SHARE * leastMass);
    const all = [...sure, ...likely].sort((a, b) => a.frame - b.frame);
    return joinBoxes(all, this.costs(HALO, context), whole).cost > whole ? null : all;
  }

  /** Maps of all frames, computed in the boxes only. */
  async mapsOf(boxes: readonly Box[]): Promise<Maps> {
    const { frames, leastMass } = this;
    const { height, width } = this.planes;
    const data = new Float32Array(frames * OUTPUTS * height * width);
    const maps: Maps = { data, count: frames, channels: OUTPUTS, height, width };
    for (let n = 0; n < frames; n++) {
      const at = (n * OUTPUTS + LOGIT) * height * width;
      data.fill(NOTHING, at, at + height * width);
    }
    const masses = await this.run(boxes, HALO, maps);
    const close = boxes.filter(
      (_, k) => masses[k] > leastMass + LEAST_CLOSE && masses[k] < leastMass + MOST_CLOSE,
    );
    await this.run(close, WIDE_HALO, maps);
    return maps;
  }

  private costs(halo: number, context: number): Costs {
    const { rows, columns } = this;
    return { halo, rows, columns, context: CONTEXT_COST * context, call: CALL_COST };
  }

  /** Computes boxes into `maps`; gives the greatest probability of 3 x 3 px in each. */
  private async run(boxes: readonly Box[], halo: number, maps: Maps | null): Promise<number[]> {
    const { groups, member } = joinBoxes(
      boxes,
      this.costs(halo, this.context),
      Number.POSITIVE_INFINITY,
    );
    const masses = boxes.map(() => 0.0);
    for (const [number, group] of groups.entries()) {
      const part = await this.crop(group, halo);
      if (maps !== null) paste(part, maps, group);
      const mass = massMap(part);
      boxes.forEach((box, k) => {
        if (member[k] === number) masses[k] = largest(mass, part, box, group);
      });
    }
    return masses;
  }

  /** Maps of a group of boxes, computed with a border and given without it. */
  private async crop(group: Group, halo: number): Promise<Maps> {
    const { planes, context } = this;
    const top = Math.max(group.top - halo, 0) * CELL_PX;
    const bottom = Math.min((group.bottom + halo) * CELL_PX, planes.height);
    const left = Math.max(group.left - halo, 0) * CELL_PX;
    const right = Math.min((group.right + halo) * CELL_PX, planes.width);
    const some = framesOf(planes, group.first, group.last + context);
    const seen = await this.network.maps(cut(some, top, bottom, left, right));
    return cut(
      seen,
      group.top * CELL_PX - top,
      group.bottom * CELL_PX - top,
      group.left * CELL_PX - left,
      group.right * CELL_PX - left,
    );
  }
}

/** The rows and columns `[first, last)` of all planes, copied. */
function cut(maps: Maps, top: number, bottom: number, left: number, right: number): Maps {
  const height = bottom - top;
  const width = right - left;
  const number = maps.count * maps.channels;
  const data = new Float32Array(number * height * width);
  for (let n = 0; n < number; n++) {
    for (let j = 0; j < height; j++) {
      const at = (n * maps.height + top + j) * maps.width + left;
      data.set(maps.data.subarray(at, at + width), (n * height + j) * width);
    }
  }
  return { data, count: maps.count, channels: maps.channels, height, width };
}

function paste(part: Maps, maps: Maps, group: Group): void {
  for (let n = 0; n < part.count; n++) {
    for (let c = 0; c < part.channels; c++) {
      for (let j = 0; j < part.height; j++) {
        const from = ((n * part.channels + c) * part.height + j) * part.width;
        const row = group.top * CELL_PX + j;
        const to = ((group.first + n) * maps.channels + c) * maps.height + row;
        const at = to * maps.width + group.left * CELL_PX;
        maps.data.set(part.data.subarray(from, from + part.width), at);
      }
    }
  }
}

/** Sum of the probabilities of 3 x 3 px, of each pixel of each frame. */
function massMap(part: Maps): Float64Array {
  const { height, width } = part;
  const mass = new Float64Array(part.count * height * width);
  for (let n = 0; n < part.count; n++) {
    const logits = n * part.channels * height * width;
    for (let j = 0; j < height; j++) {
      for (let i = 0; i < width; i++) {
        const logit = part.data[logits + j * width + i];
        const probability = 1.0 / (1.0 + Math.exp(-logit));
        for (let y = Math.max(j - 1, 0); y < Math.min(j + 2, height); y++) {
          for (let x = Math.max(i - 1, 0); x < Math.min(i + 2, width); x++) {
            mass[(n * height + y) * width + x] += probability;
          }
        }
      }
    }
  }
  return mass;
}

function largest(mass: Float64Array, part: Maps, box: Box, group: Group): number {
  let most = 0.0;
  const n = box.frame - group.first;
  for (let y = (box.top - group.top) * CELL_PX; y < (box.bottom - group.top) * CELL_PX; y++) {
    for (let x = (box.left - group.left) * CELL_PX; x < (box.right - group.left) * CELL_PX; x++) {
      most = Math.max(most, mass[(n * part.height + y) * part.width + x]);
    }
  }
  return most;
}
