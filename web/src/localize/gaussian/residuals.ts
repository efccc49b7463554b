import { scoreMap } from "./score.ts";
import type { LightStack } from "./stack.ts";
import { evenlySpaced, halfWidth, median, percentileOfSorted, sorted } from "./statistics.ts";

const PATCH_PX = 7;
const COARSE_PX = 4;
const COARSE_NEIGHBOURS = 9;
const LEVELS = 6;
// a background that varies by less is taken for even
const EVEN_SHARE = 0.3;
const LEAST_LEVEL_E = 5.0;
const LEAST_NOISE = 0.5;

/** Real over predicted noise, overall and where the background is dim or bright. */
export interface NoiseByLevel {
  readonly overall: number;
  /** Background in photoelectrons, rising; one where it is even. */
  readonly level: readonly number[];
  /** Real over predicted noise there. */
  readonly spread: readonly number[];
}

/**
 * Real over predicted noise of the likelihood's score.
 *
 * 1 when camera and noise model are right; below 1 where a codec smoothed the noise away,
 * above where the gain was guessed too high. `models` are fitted models plus variance.
 */
export function scoreSpread(
  stack: LightStack,
  models: readonly Float32Array[],
  profile: Float32Array,
): NoiseByLevel {
  const { height, width, electrons, variance } = stack;
  const size = height * width;
  const squared = profile.map((value) => value * value);
  const gain = new Float32Array(size);
  const scores = new Float32Array(size * electrons.length);
  const levels = new Float32Array(size * electrons.length);
  const overall = electrons.map((data, n) => {
    const score = scores.subarray(n * size, (n + 1) * size);
    const model = models[n];
    scoreMap(data, variance[n], height, width, model, profile, squared, score, gain);
    const light = model.map((value, p) => value - variance[n][p]);
    levels.set(backgroundLevel(light, height, width), n * size);
    return halfWidth(score);
  });
  const typical = bounded(median(overall));
  const rising = sorted(levels);
  const edges = evenlySpaced(0, 100, LEVELS + 1).map((p) => percentileOfSorted(rising, p));
  const top = edges[LEVELS - 1];
  if (top - edges[1] < EVEN_SHARE * Math.max(top, LEAST_LEVEL_E)) {
    return { overall: typical, level: [percentileOfSorted(rising, 50)], spread: [typical] };
  }
  const level: number[] = [];
  const spread: number[] = [];
  for (let k = 0; k < LEVELS; k++) {
    const chosen = (value: number): boolean => value >= edges[k] && value <= edges[k + 1];
    level.push(median(levels.filter(chosen)));
    spread.push(bounded(lowerWidth(scores.filter((_, p) => chosen(levels[p])))));
  }
  return { overall: typical, level, spread };
}

/**
 * Standard deviation as the values under the median tell it, far ones included.
 *
 * What a codec leaves of noise is nearly nothing in most places and much in some.
 */
function lowerWidth(values: Float32Array): number {
  const rising = sorted(values);
  const middle = percentileOfSorted(rising, 50.0);
  const low = middle - percentileOfSorted(rising, 2.28);
  const far = middle - percentileOfSorted(rising, 0.135);
  return Math.max(halfWidth(values), low / 2.0, far / 3.0);
}

function bounded(spread: number): number {
  return Math.min(Math.max(spread, 0.1), 10.0);
}

/** Light without molecules: the median of a coarse grid's neighbourhoods. */
function backgroundLevel(light: Float32Array, height: number, width: number): Float32Array {
  const rows = Math.ceil(height / COARSE_PX);
  const columns = Math.ceil(width / COARSE_PX);
  const coarse = new Float32Array(rows * columns);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      coarse[j * columns + i] = light[j * COARSE_PX * width + i * COARSE_PX];
    }
  }
  const smooth = squareMedian(coarse, rows, columns);
  const level = new Float32Array(light.length);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      level[j * width + i] =
        smooth[Math.floor(j / COARSE_PX) * columns + Math.floor(i / COARSE_PX)];
    }
  }
  return level;
}

/** Median of 9 x 9, the outermost values repeated beyond the edges. */
function squareMedian(image: Float32Array, height: number, width: number): Float32Array {
  const reach = COARSE_NEIGHBOURS >> 1;
  const values = new Float32Array(COARSE_NEIGHBOURS ** 2);
  return image.map((_, p) => {
    const j = Math.floor(p / width);
    const i = p % width;
    let k = 0;
    for (let dj = -reach; dj <= reach; dj++) {
      const row = Math.min(Math.max(j + dj, 0), height - 1) * width;
      for (let di = -reach; di <= reach; di++) {
        values[k++] = image[row + Math.min(Math.max(i + di, 0), width - 1)];
      }
    }
    values.sort();
    return values[values.length >> 1];
  });
}

/**
 * How much background structure the model misses, in standard errors of a 7 x 7 px patch.
 *
 * Noise and blinking average out over the frames; light that is always there and that the
 * smooth background cannot follow does not. About 1 when nothing is missed.
 */
export function standingResidual(stack: LightStack, models: readonly Float32Array[]): number {
  const { height, width, electrons, variance } = stack;
  const size = height * width;
  const sum = new Float64Array(size);
  let noise = 1.0;
  electrons.forEach((data, n) => {
    const model = models[n];
    const relative = data.map(
      (value, p) => (value + variance[n][p] - model[p]) / Math.sqrt(model[p]),
    );
    // a codec takes noise away, and structure stands out of what is left; not of nothing
    if (n === 0) noise = Math.max(halfWidth(relative), LEAST_NOISE);
    for (let p = 0; p < size; p++) sum[p] += relative[p];
  });
  const scale = Math.sqrt(electrons.length) / (noise * electrons.length);
  const mean = Float32Array.from(sum, (value) => value * scale);
  const patches = reflectedMean(mean, height, width);
  let total = 0.0;
  let squares = 0.0;
  for (const patch of patches) {
    total += patch * PATCH_PX;
    squares += (patch * PATCH_PX) ** 2;
  }
  return Math.sqrt(Math.max(squares / size - (total / size) ** 2, 0.0));
}

/** Mean over 7 x 7 px; beyond its edges the picture goes backwards (edge pixels twice). */
function reflectedMean(image: Float32Array, height: number, width: number): Float64Array {
  const reach = PATCH_PX >> 1;
  const rows = new Float64Array(image.length);
  const out = new Float64Array(image.length);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      let total = 0.0;
      for (let d = -reach; d <= reach; d++) total += image[j * width + reflect(i + d, width)];
      rows[j * width + i] = total / PATCH_PX;
    }
  }
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      let total = 0.0;
      for (let d = -reach; d <= reach; d++) total += rows[reflect(j + d, height) * width + i];
      out[j * width + i] = total / PATCH_PX;
    }
  }
  return out;
}

function reflect(place: number, size: number): number {
  const period = 2 * size;
  const inside = ((place % period) + period) % period;
  return inside < size ? inside : period - 1 - inside;
}
