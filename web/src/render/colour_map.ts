import type { ColourMap } from "./sum_picture_types.ts";

type Colour = readonly [number, number, number];

/** Brightness maps from black to bright, sRGB, equally spaced; the same as Python's. */
const ANCHORS: Record<ColourMap, readonly Colour[]> = {
  gray: [
    [0, 0, 0],
    [255, 255, 255],
  ],
  hot: [
    [0, 0, 0],
    [150, 0, 0],
    [245, 75, 0],
    [255, 190, 20],
    [255, 255, 255],
  ],
  "cyan-hot": [
    [0, 0, 0],
    [0, 60, 120],
    [0, 145, 195],
    [95, 220, 235],
    [255, 255, 255],
  ],
  fire: [
    [0, 0, 0],
    [35, 0, 105],
    [125, 5, 140],
    [225, 60, 40],
    [250, 150, 0],
    [255, 225, 70],
    [255, 255, 255],
  ],
  ember: [
    [0, 0, 5],
    [45, 18, 90],
    [120, 35, 125],
    [195, 60, 110],
    [245, 115, 90],
    [253, 190, 130],
    [252, 253, 205],
  ],
  lagoon: [
    [12, 0, 25],
    [60, 30, 105],
    [55, 85, 140],
    [35, 135, 140],
    [60, 185, 110],
    [165, 220, 50],
    [250, 245, 130],
  ],
};
const LEVELS = 256;
const tables = new Map<ColourMap, Uint8Array>();

/** Names of the brightness maps. */
export const COLOUR_MAPS = Object.keys(ANCHORS) as ColourMap[];

/** The 256 colours of a map, `(256, 3)` sRGB, from dark to bright. */
export function colourTable(name: ColourMap): Uint8Array {
  let table = tables.get(name);
  if (table === undefined) {
    table = new Uint8Array(3 * LEVELS);
    for (let channel = 0; channel < 3; channel++) {
      const values = ANCHORS[name].map((colour) => colour[channel]);
      const slopes = monotoneSlopes(values);
      for (let level = 0; level < LEVELS; level++) {
        table[3 * level + channel] = halfEven(cubic(values, slopes, level / (LEVELS - 1)));
      }
    }
    tables.set(name, table);
  }
  return table;
}

/**
 * Slopes of the monotone cubic through equally spaced values (Fritsch and Butland 1984):
 * no overshoot, so no colour out of range.
 */
function monotoneSlopes(values: readonly number[]): number[] {
  const steps = values.slice(1).map((value, i) => value - values[i]);
  const last = steps.length - 1;
  if (last === 0) return [steps[0], steps[0]];
  const inner = values.slice(1, -1).map((_, i) => {
    const [before, after] = [steps[i], steps[i + 1]];
    return before * after > 0 ? (2 * before * after) / (before + after) : 0;
  });
  return [end(steps[0], steps[1]), ...inner, end(steps[last], steps[last - 1])];
}

/** Slope at an end: of the parabola through three values, held to the shape. */
function end(step: number, next: number): number {
  const slope = (3 * step - next) / 2;
  if (Math.sign(slope) !== Math.sign(step)) return 0;
  if (Math.sign(step) !== Math.sign(next) && Math.abs(slope) > Math.abs(3 * step)) return 3 * step;
  return slope;
}

function cubic(values: readonly number[], slopes: readonly number[], share: number): number {
  const place = share * (values.length - 1);
  const i = Math.min(Math.floor(place), values.length - 2);
  const t = place - i;
  return (
    (1 + 2 * t) * (1 - t) ** 2 * values[i] +
    t * (1 - t) ** 2 * slopes[i] +
    t ** 2 * (3 - 2 * t) * values[i + 1] +
    t ** 2 * (t - 1) * slopes[i + 1]
  );
}

function halfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
