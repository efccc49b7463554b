import { boxMean, convolveSeparable } from "../gaussian/convolution.ts";
import { roundHalfEven } from "../gaussian/psf_width.ts";
import { LIGHT_NOISE } from "./inputs.ts";

/** What the network's input sizes and origins must be multiples of. */
export const CELL_PX = 4;

/** Cells of a frame, rows and columns `[first, last)`, that may hold a molecule. */
export interface Box {
  readonly frame: number;
  top: number;
  bottom: number;
  left: number;
  right: number;
  sure: boolean;
}

/** Light of consecutive frames as the network sees it. */
export interface LightFrames {
  readonly frames: readonly Float32Array[];
  readonly height: number;
  readonly width: number;
}

const DOUBTFUL = 1;
const SURE = 2;
// a PSF of any width from 0.9 to 2.2 px keeps nine tenths of its significance
const FILTER_SIGMA_PX = 1.2;
const FILTER_RADIUS_PX = 4;
const BACKGROUND_RADIUS_PX = 5;
// what a codec leaves of the noise may be next to nothing; molecules are measured by real noise
const LEAST_NOISE = 0.5;
// multiples of the noise: alone, with neighbours, in the frame itself in that case, no doubt
const LEAST_ALONE = 3.8;
const LEAST_TOGETHER = 4.0;
const LEAST_NOW = 1.0;
const NO_DOUBT = 7.0;
const MARGIN_PX = 3;
const PART_PX = 128;
const BINS = 1024;
const BINS_PER_NOISE = 64.0;
const LOW_SHARE = 0.15866;
const { fround } = Math;

/**
 * Boxes of cells where a matched filter stands out of the noise, in every `step`th of the
 * frames `begin` to `end`, alone or (`neighbours`) with the frames before and after.
 *
 * The same filter, noise and levels as Python's `mark_cells`; boxes come by frame.
 */
export function occupiedBoxes(
  light: LightFrames,
  begin: number,
  end: number,
  step: number,
  neighbours: boolean,
): Box[] {
  const { height, width, frames } = light;
  const first = neighbours ? Math.max(begin - 1, 0) : begin;
  const last = neighbours ? Math.min(end + 1, frames.length) : end;
  const { profile, scale } = matchedFilter(height, width);
  const response = new Map<number, Float32Array>();
  const mean = new Float32Array(height * width);
  for (let frame = first; frame < last; frame += step) {
    const filtered = new Float32Array(height * width);
    convolveSeparable(frames[frame], height, width, profile, filtered);
    boxMean(frames[frame], height, width, BACKGROUND_RADIUS_PX, mean);
    for (let p = 0; p < filtered.length; p++) {
      filtered[p] = fround(filtered[p] - mean[p]) * scale[p];
    }
    response.set(frame, filtered);
  }
  const at = (frame: number): Float32Array => response.get(frame) as Float32Array;
  const boxes: Box[] = [];
  for (let k = 0, frame = begin; frame < end; frame += step, k++) {
    const now = at(frame);
    const marker = new Marker(height, width, {
      now,
      before: neighbours ? at(Math.max(frame - 1, first)) : now,
      after: neighbours ? at(Math.min(frame + 1, last - 1)) : now,
    });
    boxes.push(...listBoxes(marker.cells(neighbours), marker.rows, marker.columns, k));
  }
  return boxes;
}

interface Responses {
  readonly before: Float32Array;
  readonly now: Float32Array;
  readonly after: Float32Array;
}

/** A rectangle of pixels, upper ends exclusive. */
interface Part {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

class Marker {
  readonly rows: number;
  readonly columns: number;
  private readonly marks: Uint8Array;

  constructor(
    private readonly height: number,
    private readonly width: number,
    private readonly responses: Responses,
  ) {
    this.rows = height / CELL_PX;
    this.columns = width / CELL_PX;
    this.marks = new Uint8Array(this.rows * this.columns);
  }

  cells(neighbours: boolean): Uint8Array {
    const { height, width } = this;
    const { before, now, after } = this.responses;
    const down = Math.max(roundHalfEven(height / PART_PX), 1);
    const across = Math.max(roundHalfEven(width / PART_PX), 1);
    for (let row = 0; row < down; row++) {
      for (let column = 0; column < across; column++) {
        const part: Part = {
          top: Math.floor((height * row) / down),
          bottom: Math.floor((height * (row + 1)) / down),
          left: Math.floor((width * column) / across),
          right: Math.floor((width * (column + 1)) / across),
        };
        const alone = this.lowerWidth(part, [now]);
        const widths = neighbours
          ? [
              alone,
              this.lowerWidth(part, [before, now]),
              this.lowerWidth(part, [now, after]),
              this.lowerWidth(part, [before, now, after]),
            ]
          : [alone, alone, alone, alone];
        this.mark(part, widths);
      }
    }
    return this.marks;
  }

  /** Median less the 16th percentile of the scaled sum: molecules only make values larger. */
  private lowerWidth(part: Part, pictures: readonly Float32Array[]): number {
    const counts = new Int32Array(BINS);
    const factor = fround(Math.sqrt(1.0 / pictures.length) * BINS_PER_NOISE);
    const [first, second, third] = pictures;
    let total = 0;
    for (let j = part.top; j < part.bottom; j++) {
      for (let p = j * this.width + part.left; p < j * this.width + part.right; p++) {
        let value = first[p];
        if (second !== undefined) value = fround(value + second[p]);
        if (third !== undefined) value = fround(value + third[p]);
        const place = fround(fround(value * factor) + BINS / 2);
        counts[Math.min(Math.max(Math.trunc(place), 0), BINS - 1)]++;
        total++;
      }
    }
    const quantile = (share: number): number => {
      const wanted = share * total;
      let below = 0;
      let place = 0;
      while (below + counts[place] < wanted) below += counts[place++];
      return place + (wanted - below) / counts[place];
    };
    return (quantile(0.5) - quantile(LOW_SHARE)) / BINS_PER_NOISE;
  }

  /** Marks the cells near significant pixels of one part of the frame. */
  private mark(part: Part, widths: readonly number[]): void {
    const { before, now, after } = this.responses;
    const { width } = this;
    // where a codec took the noise away, it may have taken a molecule that its neighbours show
    const low = widths[0] >= LEAST_NOISE ? fround(LEAST_NOW * widths[0]) : Number.NEGATIVE_INFINITY;
    const own = Math.max(widths[0], LEAST_NOISE);
    const high = fround(NO_DOUBT * own);
    const alone = fround(LEAST_ALONE * own);
    const together = LEAST_TOGETHER * Math.SQRT2;
    const withBefore = fround(together * Math.max(widths[1], LEAST_NOISE));
    const withAfter = fround(together * Math.max(widths[2], LEAST_NOISE));
    const withBoth = fround(LEAST_TOGETHER * Math.sqrt(3.0) * Math.max(widths[3], LEAST_NOISE));
    for (let y = part.top; y < part.bottom; y++) {
      for (let x = part.left; x < part.right; x++) {
        const p = y * width + x;
        const value = now[p];
        if (value < low) continue;
        const earlier = fround(value + before[p]);
        if (
          value < alone &&
          earlier < withBefore &&
          fround(value + after[p]) < withAfter &&
          fround(earlier + after[p]) < withBoth
        ) {
          continue;
        }
        this.markAround(y, x, value > high ? SURE : DOUBTFUL);
      }
    }
  }

  private markAround(y: number, x: number, kind: number): void {
    const { rows, columns, marks } = this;
    const top = Math.floor(Math.max(y - MARGIN_PX, 0) / CELL_PX);
    const bottom = Math.min(Math.floor((y + MARGIN_PX) / CELL_PX) + 1, rows);
    const left = Math.floor(Math.max(x - MARGIN_PX, 0) / CELL_PX);
    const right = Math.min(Math.floor((x + MARGIN_PX) / CELL_PX) + 1, columns);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const cell = row * columns + column;
        marks[cell] = Math.max(marks[cell], kind);
      }
    }
  }
}

/** Boxes around touching cells that are marked; empties `cells`. */
function listBoxes(cells: Uint8Array, rows: number, columns: number, frame: number): Box[] {
  const boxes: Box[] = [];
  for (let start = 0; start < cells.length; start++) {
    if (cells[start] === 0) continue;
    const row = Math.floor(start / columns);
    const column = start % columns;
    const sure = cells[start] === SURE;
    const box: Box = { frame, top: row, bottom: row + 1, left: column, right: column + 1, sure };
    boxes.push(box);
    cells[start] = 0;
    const waiting = [start];
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      const j = Math.floor(cell / columns);
      const i = cell % columns;
      box.top = Math.min(box.top, j);
      box.bottom = Math.max(box.bottom, j + 1);
      box.left = Math.min(box.left, i);
      box.right = Math.max(box.right, i + 1);
      for (let y = Math.max(j - 1, 0); y < Math.min(j + 2, rows); y++) {
        for (let x = Math.max(i - 1, 0); x < Math.min(i + 2, columns); x++) {
          const near = y * columns + x;
          if (cells[near] === 0) continue;
          box.sure ||= cells[near] === SURE;
          cells[near] = 0;
          waiting.push(near);
        }
      }
    }
  }
  return boxes;
}

interface MatchedFilter {
  readonly profile: Float32Array;
  readonly scale: Float32Array;
}

let known: (MatchedFilter & { height: number; width: number }) | null = null;

/** The filter along one axis, and one over the noise that it leaves in every pixel. */
function matchedFilter(height: number, width: number): MatchedFilter {
  if (known !== null && known.height === height && known.width === width) return known;
  const shape = Array.from({ length: 2 * FILTER_RADIUS_PX + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - FILTER_RADIUS_PX) / FILTER_SIGMA_PX) ** 2),
  );
  const sum = shape.reduce((total, value) => total + value, 0.0);
  const profile = shape.map((value) => value / sum);
  const [tall, wide] = [height, width].map((size) => axisNoise(size, profile));
  const scale = new Float32Array(height * width);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      const variance =
        tall.smoothSquared[j] * wide.smoothSquared[i] -
        2.0 * tall.product[j] * wide.product[i] +
        tall.meanSquared[j] * wide.meanSquared[i];
      scale[j * width + i] = 1.0 / (LIGHT_NOISE * Math.sqrt(variance));
    }
  }
  known = { height, width, profile: Float32Array.from(profile), scale };
  return known;
}

/** Sums over one axis of what filter and mean take from each pixel; edges are repeated. */
function axisNoise(
  size: number,
  profile: readonly number[],
): Record<"smoothSquared" | "product" | "meanSquared", Float64Array> {
  const smoothSquared = new Float64Array(size);
  const product = new Float64Array(size);
  const meanSquared = new Float64Array(size);
  const smooth = new Float64Array(size);
  for (let pixel = 0; pixel < size; pixel++) {
    smooth.fill(0.0);
    profile.forEach((value, k) => {
      smooth[Math.min(Math.max(pixel + k - FILTER_RADIUS_PX, 0), size - 1)] += value;
    });
    const low = Math.max(pixel - BACKGROUND_RADIUS_PX, 0);
    const high = Math.min(pixel + BACKGROUND_RADIUS_PX, size - 1);
    const mean = 1.0 / (high - low + 1);
    meanSquared[pixel] = mean;
    for (let other = 0; other < size; other++) {
      smoothSquared[pixel] += smooth[other] ** 2;
      if (other >= low && other <= high) product[pixel] += smooth[other] * mean;
    }
  }
  return { smoothSquared, product, meanSquared };
}
