import { cholesky, solveCholesky } from "../localize/gaussian/linear.ts";
import { median } from "../localize/gaussian/statistics.ts";
import type { DriftCurve } from "../render/sum_picture_types.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import { type Block, blocksOf, pause, tooFewMolecules } from "./blocks.ts";
import { emptySpectrum, type Spectrum, transform } from "./fourier.ts";
import type { DriftResult } from "./refine_types.ts";
import { shiftPeak } from "./shift_peak.ts";

const PIXEL_NM = 20.0;
const SEARCH_NM = 600.0;
const WIDTH_PX = 1.5;
const CLEAR = 6.0;
// a pair of blocks is left out when it is off by more of its robust standard deviations
const OUTLIER = 4.0;
const LARGEST_SIDE = 256;
const ROWS_PER_BLOCK = 500;
const FEWEST_BLOCKS = 3;
const MOST_BLOCKS = 10;

interface Pair {
  readonly a: number;
  readonly b: number;
  readonly xNm: number;
  readonly yNm: number;
}

/**
 * Drift from the molecules alone: redundant cross-correlation (Wang et al. 2014, *Optics
 * Express* 22, 15982, eq. 3-6).
 *
 * Pictures of blocks of frames are correlated, each with each; the shifts are those that
 * explain the shifts of all pairs best by least squares, pairs that do not fit left out.
 * `frames` is the length of the movie. Throws `too-few-molecules`.
 */
export async function findDrift(table: MoleculeTable, frames: number): Promise<DriftResult> {
  const count = Math.min(MOST_BLOCKS, Math.floor(table.rows / ROWS_PER_BLOCK));
  const blocks = count < FEWEST_BLOCKS ? [] : blocksOf(table, count);
  if (blocks.length < FEWEST_BLOCKS) throw tooFewMolecules("find how the sample drifted");
  const pairs = await correlated(table, blocks);
  const shifts = solved(blocks.length, pairs);
  if (shifts === null) throw tooFewMolecules("find how the sample drifted");
  const frame = table.column("frame");
  const middles = blocks.map(({ first, last }) => {
    let sum = 0.0;
    for (let row = first; row < last; row++) sum += frame[row];
    return sum / (last - first);
  });
  const curve: DriftCurve = {
    xNm: through(middles, shifts.xNm, frames),
    yNm: through(middles, shifts.yNm, frames),
  };
  return { curve, rangeNm: range(curve), segments: blocks.length };
}

/** The table with the drift taken out. */
export function positionsWithoutDrift(
  table: MoleculeTable,
  curve: DriftCurve,
): { xNm: Float64Array; yNm: Float64Array } {
  const frame = table.column("frame");
  const moved = (positions: ArrayLike<number>, drift: Float64Array): Float64Array =>
    Float64Array.from(
      positions,
      (value, row) => value - drift[Math.min(frame[row], drift.length - 1)],
    );
  return {
    xNm: moved(table.column("xNm"), curve.xNm),
    yNm: moved(table.column("yNm"), curve.yNm),
  };
}

async function correlated(table: MoleculeTable, blocks: readonly Block[]): Promise<Pair[]> {
  const reach = Math.ceil(SEARCH_NM / PIXEL_NM);
  const size = sideOf(table, reach);
  const spectra: Spectrum[] = [];
  for (const block of blocks) {
    spectra.push(spectrumOf(table, block, size));
    await pause();
  }
  const window = 2 * reach + 1;
  const product = emptySpectrum(size);
  const near = new Float64Array(window * window);
  const pairs: Pair[] = [];
  for (let a = 0; a < blocks.length; a++) {
    for (let b = a + 1; b < blocks.length; b++) {
      const one = spectra[a];
      const other = spectra[b];
      for (let p = 0; p < size * size; p++) {
        product.real[p] = other.real[p] * one.real[p] + other.imaginary[p] * one.imaginary[p];
        product.imaginary[p] = other.imaginary[p] * one.real[p] - other.real[p] * one.imaginary[p];
      }
      transform(product, true);
      for (let i = 0; i < window; i++) {
        const row = ((i - reach + size) % size) * size;
        for (let j = 0; j < window; j++) {
          const value = product.real[row + ((j - reach + size) % size)] / (size * size);
          near[i * window + j] = Math.max(value, 0.0);
        }
      }
      const { x, y, strength } = shiftPeak(near, window, WIDTH_PX);
      if (strength > CLEAR) pairs.push({ a, b, xNm: x * PIXEL_NM, yNm: y * PIXEL_NM });
      await pause();
    }
  }
  return pairs;
}

/** Side of the pictures: large fields are folded onto themselves, which moves no peak. */
function sideOf(table: MoleculeTable, reach: number): number {
  let largest = 0.0;
  for (const name of ["xNm", "yNm"] as const) {
    for (const value of table.column(name)) largest = Math.max(largest, value);
  }
  const wanted = Math.max(largest / PIXEL_NM + reach, 2 * reach + 2);
  return Math.min(LARGEST_SIDE, 2 ** Math.ceil(Math.log2(wanted)));
}

function spectrumOf(table: MoleculeTable, { first, last }: Block, size: number): Spectrum {
  const picture = emptySpectrum(size);
  const xNm = table.column("xNm");
  const yNm = table.column("yNm");
  for (let row = first; row < last; row++) {
    const i = ((Math.floor(yNm[row] / PIXEL_NM) % size) + size) % size;
    const j = ((Math.floor(xNm[row] / PIXEL_NM) % size) + size) % size;
    picture.real[i * size + j] += 1;
  }
  transform(picture, false);
  return picture;
}

/** Shifts of the blocks by least squares, outliers left out; `null` where they hang apart. */
function solved(count: number, pairs: readonly Pair[]): { xNm: number[]; yNm: number[] } | null {
  let kept = pairs;
  for (let turn = 0; turn < 10; turn++) {
    const xNm = leastSquares(count, kept, ({ xNm }) => xNm);
    const yNm = leastSquares(count, kept, ({ yNm }) => yNm);
    if (xNm === null || yNm === null) return null;
    const off = ({ a, b, ...pair }: Pair): [number, number] => [
      Math.abs(pair.xNm - (xNm[b] - xNm[a])),
      Math.abs(pair.yNm - (yNm[b] - yNm[a])),
    ];
    const scale = [0, 1].map((axis) =>
      Math.max(1.4826 * median(kept.map((pair) => off(pair)[axis])), 1e-6),
    );
    const good = pairs.filter((pair) =>
      off(pair).every((value, axis) => value <= OUTLIER * scale[axis]),
    );
    if (good.length === kept.length) return { xNm, yNm };
    kept = good;
  }
  const xNm = leastSquares(count, kept, (pair) => pair.xNm);
  const yNm = leastSquares(count, kept, (pair) => pair.yNm);
  return xNm === null || yNm === null ? null : { xNm, yNm };
}

function leastSquares(
  count: number,
  pairs: readonly Pair[],
  shift: (pair: Pair) => number,
): number[] | null {
  // the mean of all shifts is held at zero, which the pairs leave open
  const normal = new Float64Array(count * count).fill(1.0 / count);
  const right = new Float64Array(count);
  for (const pair of pairs) {
    normal[pair.a * count + pair.a] += 1;
    normal[pair.b * count + pair.b] += 1;
    normal[pair.a * count + pair.b] -= 1;
    normal[pair.b * count + pair.a] -= 1;
    right[pair.b] += shift(pair);
    right[pair.a] -= shift(pair);
  }
  if (!cholesky(normal, count, count)) return null;
  solveCholesky(normal, count, count, right);
  return Array.from(right);
}

/** Straight lines between the blocks' middles, continued to the ends; zero at frame 0. */
function through(
  middles: readonly number[],
  values: readonly number[],
  frames: number,
): Float64Array {
  const curve = new Float64Array(frames);
  let k = 0;
  for (let frame = 0; frame < frames; frame++) {
    while (k < middles.length - 2 && frame > middles[k + 1]) k++;
    const share = (frame - middles[k]) / (middles[k + 1] - middles[k]);
    curve[frame] = values[k] + share * (values[k + 1] - values[k]);
  }
  const start = curve[0];
  return curve.map((value) => value - start);
}

function range({ xNm, yNm }: DriftCurve): number {
  const step = Math.max(1, Math.floor(xNm.length / 200));
  let largest = 0.0;
  for (let a = 0; a < xNm.length; a += step) {
    for (let b = a + step; b < xNm.length; b += step) {
      largest = Math.max(largest, Math.hypot(xNm[a] - xNm[b], yNm[a] - yNm[b]));
    }
  }
  return largest;
}
