import { percentileOfSorted, sorted } from "../localize/gaussian/statistics.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import { type Block, blocksOf, pause, tooFewMolecules } from "./blocks.ts";
import { emptySpectrum, type Spectrum, transform } from "./fourier.ts";
import type { FrcResult } from "./refine_types.ts";

const SIDE = 512;
const BLOCKS = 12;
const LEAST_MOLECULES = 200;
const FIRST_PIXEL_NM = 20.0;
const LEAST_PIXEL_NM = 0.5;
const PIXELS_PER_RESOLUTION = 10.0;
const FEWEST_PIXELS_PER_RESOLUTION = 8.0;
const THRESHOLD = 1.0 / 7.0;
// rings next to zero frequency have so few values that even full agreement would say little
const FIRST_RING = 3;
const EDGE_SHARE = 0.125;
const SMOOTHED_SHARE = 1 / 16;
const LEAST_SPAN = 9;
const CHANCE_ERRORS = 4.0;
const NO_AGREEMENT = "tell the resolution: two halves of them agree no better than chance";

/**
 * Resolution by Fourier ring correlation at 1/7 (Nieuwenhuizen et al. 2013).
 *
 * Blocks of consecutive frames with equally many molecules are compared, each with each but
 * not with its neighbours, for the same molecule may be in both; the curve is that of two
 * random halves of the blocks. One square in the middle of the molecules is looked at, with
 * pixels that suit the resolution. Python's `frc` looks at the whole field and tells errors.
 */
export async function measureFrc(table: MoleculeTable): Promise<FrcResult> {
  const blocks = table.rows < LEAST_MOLECULES ? [] : blocksOf(table, BLOCKS);
  if (blocks.length < BLOCKS) throw tooFewMolecules("tell the resolution");
  let pixelNm = FIRST_PIXEL_NM;
  for (;;) {
    const curve = await curveOf(table, blocks, pixelNm);
    const { frequencyPerNm } = curve;
    const smooth = smoothedFrom(curve.correlation, curve.firstRing);
    const crossing = firstCrossing(frequencyPerNm, smooth, curve.firstRing);
    if (crossing !== null && !isBeyondChance(curve, crossing)) throw tooFewMolecules(NO_AGREEMENT);
    const result = (resolutionNm: number | null): FrcResult => ({
      frequencyPerNm,
      correlation: smooth,
      resolutionNm,
    });
    let finer: number;
    if (crossing !== null) {
      if (pixelNm * FEWEST_PIXELS_PER_RESOLUTION * crossing <= 1.0) return result(1 / crossing);
      finer = Math.min(1 / crossing / PIXELS_PER_RESOLUTION, 0.8 * pixelNm);
    } else if (smooth[smooth.length - 1] > THRESHOLD) {
      finer = pixelNm / 2.5;
    } else {
      throw tooFewMolecules(NO_AGREEMENT);
    }
    if (pixelNm === LEAST_PIXEL_NM) return result(crossing === null ? null : 1 / crossing);
    pixelNm = Math.max(finer, LEAST_PIXEL_NM);
  }
}

interface Curve {
  readonly frequencyPerNm: Float64Array;
  readonly correlation: Float64Array;
  /** The first one that the mean light has no part in. */
  readonly firstRing: number;
  /** The same without one of the blocks each. */
  readonly leftOut: readonly Float64Array[];
}

async function curveOf(
  table: MoleculeTable,
  blocks: readonly Block[],
  pixelNm: number,
): Promise<Curve> {
  const x = axisOf(table.column("xNm"), pixelNm);
  const y = axisOf(table.column("yNm"), pixelNm);
  const spectra: Spectrum[] = [];
  for (const block of blocks) {
    spectra.push(spectrumOf(table, block, x, y));
    await pause();
  }
  const rings = SIDE / 2;
  const count = blocks.length;
  const ringOf = ringNumbers(rings);
  const sums: PairSums[] = [];
  for (let a = 0; a < count; a++) {
    for (let b = a; b < count; b++) {
      sums.push({ a, b, products: ringSums(spectra[a], spectra[b], ringOf, rings) });
    }
    await pause();
  }
  const leftOut = blocks.map((_, block) => halvesCurve(sums, count, block, rings));
  const narrowest = Math.min(x.last - x.first, y.last - y.first);
  return {
    firstRing: Math.ceil((FIRST_RING * SIDE) / narrowest),
    frequencyPerNm: Float64Array.from({ length: rings }, (_, k) => k / (SIDE * pixelNm)),
    correlation: halvesCurve(sums, count, null, rings),
    leftOut,
  };
}

interface PairSums {
  readonly a: number;
  readonly b: number;
  /** Sum over each ring of the product of the blocks' spectra. */
  readonly products: Float64Array;
}

/**
 * Correlation of two random halves of the blocks, the mean over all ways to halve them, of
 * all blocks or without one: halves have the products `h^2 m` with each other and
 * `h c + h (h - 1) o` with themselves, with the mean product of two blocks that are not
 * neighbours `m`, of any two `o`, and of a block with itself `c`.
 */
function halvesCurve(
  sums: readonly PairSums[],
  count: number,
  without: number | null,
  rings: number,
): Float64Array {
  const kept = sums.filter(({ a, b }) => a !== without && b !== without);
  const mean = (chosen: (apart: number) => boolean): Float64Array => {
    const pairs = kept.filter(({ a, b }) => chosen(b - a));
    const total = new Float64Array(rings);
    for (const { products } of pairs) {
      for (let ring = 0; ring < rings; ring++) total[ring] += products[ring] / pairs.length;
    }
    return total;
  };
  const same = mean((apart) => apart === 0);
  const any = mean((apart) => apart > 0);
  const half = count / 2;
  return mean((apart) => apart > 1).map((value, ring) => {
    const power = same[ring] + (half - 1) * any[ring];
    return power > 0 ? (half * value) / power : 0;
  });
}

/** Whether the correlation up to the crossing is more than a ripple of an empty curve. */
function isBeyondChance(found: Curve, upto: number): boolean {
  const { frequencyPerNm, correlation, leftOut, firstRing } = found;
  const mean = (curve: Float64Array): number => {
    const some = curve.filter((_, k) => k >= firstRing && frequencyPerNm[k] <= upto);
    return some.reduce((total, value) => total + value, 0) / some.length;
  };
  const means = leftOut.map(mean);
  const middle = means.reduce((total, value) => total + value, 0) / means.length;
  const scatter = means.reduce((total, value) => total + (value - middle) ** 2, 0) / means.length;
  return mean(correlation) > CHANCE_ERRORS * Math.sqrt((means.length - 1) * scatter);
}

/** Where the picture begins along an axis, and where it fades out. */
interface Axis {
  readonly beginNm: number;
  readonly pixelNm: number;
  /** Ends of the molecules, or of the picture, px. */
  readonly first: number;
  readonly last: number;
}

function axisOf(positionsNm: ArrayLike<number>, pixelNm: number): Axis {
  const rising = sorted(positionsNm);
  const beginNm = percentileOfSorted(rising, 50) - (SIDE / 2) * pixelNm;
  return {
    beginNm,
    pixelNm,
    first: Math.max((rising[0] - beginNm) / pixelNm, 0),
    last: Math.min((rising[rising.length - 1] - beginNm) / pixelNm, SIDE),
  };
}

function spectrumOf(table: MoleculeTable, { first, last }: Block, x: Axis, y: Axis): Spectrum {
  const picture = emptySpectrum(SIDE);
  const xNm = table.column("xNm");
  const yNm = table.column("yNm");
  for (let row = first; row < last; row++) {
    const j = Math.floor((xNm[row] - x.beginNm) / x.pixelNm);
    const i = Math.floor((yNm[row] - y.beginNm) / y.pixelNm);
    if (i < 0 || j < 0 || i >= SIDE || j >= SIDE) continue;
    picture.real[i * SIDE + j] += edgeWeight(i, y) * edgeWeight(j, x);
  }
  takeOffMean(picture, x, y);
  transform(picture, false);
  return picture;
}

/** The faded field's own shape would agree with itself at low frequencies. */
function takeOffMean({ real }: Spectrum, x: Axis, y: Axis): void {
  const across = Float64Array.from({ length: SIDE }, (_, j) => edgeWeight(j, x));
  const down = Float64Array.from({ length: SIDE }, (_, i) => edgeWeight(i, y));
  const sum = (values: Float64Array | Float32Array): number => {
    let total = 0;
    for (const value of values) total += value;
    return total;
  };
  const mean = sum(real) / Math.max(sum(across) * sum(down), 1);
  for (let i = 0; i < SIDE; i++) {
    for (let j = 0; j < SIDE; j++) real[i * SIDE + j] -= mean * down[i] * across[j];
  }
}

/** Fades out at the edges (Tukey window): the field's outline is no structure. */
function edgeWeight(place: number, { first, last }: Axis): number {
  const edge = EDGE_SHARE * (last - first);
  const inside = Math.max(Math.min(place + 0.5 - first, last - place - 0.5), 0);
  return inside >= edge ? 1.0 : 0.5 - 0.5 * Math.cos((Math.PI * inside) / edge);
}

function ringNumbers(rings: number): Int16Array {
  const numbers = new Int16Array(SIDE * SIDE);
  for (let i = 0; i < SIDE; i++) {
    const fy = i < SIDE / 2 ? i : i - SIDE;
    for (let j = 0; j < SIDE; j++) {
      const fx = j < SIDE / 2 ? j : j - SIDE;
      const ring = Math.round(Math.hypot(fx, fy));
      numbers[i * SIDE + j] = ring < rings ? ring : -1;
    }
  }
  return numbers;
}

function ringSums(one: Spectrum, other: Spectrum, ringOf: Int16Array, rings: number): Float64Array {
  const sums = new Float64Array(rings);
  // the other half of the plane says the same
  for (let p = 0; p < (SIDE * SIDE) / 2; p++) {
    const ring = ringOf[p];
    if (ring < 0) continue;
    sums[ring] += one.real[p] * other.real[p] + one.imaginary[p] * other.imaginary[p];
  }
  return sums;
}

/** Smooths from a ring on: what the mean light makes of the first ones is left aside. */
function smoothedFrom(curve: Float64Array, firstRing: number): Float64Array {
  const whole = curve.slice();
  whole.set(smoothed(curve.subarray(firstRing)), firstRing);
  return whole;
}

/** Local quadratic regression with tricube weights (loess; Cleveland 1979). */
function smoothed(curve: Float64Array): Float64Array {
  const span = Math.max(LEAST_SPAN, Math.round(SMOOTHED_SHARE * curve.length)) | 1;
  return curve.map((_, ring) => {
    const first = Math.min(Math.max(ring - (span >> 1), 0), curve.length - span);
    const farthest = Math.max(ring - first, first + span - 1 - ring) + 1;
    const s = [0, 0, 0, 0, 0];
    const t = [0, 0, 0];
    for (let k = first; k < first + span; k++) {
      const u = (k - ring) / farthest;
      const weight = (1 - Math.abs(u) ** 3) ** 3;
      for (let power = 0; power < 5; power++) s[power] += weight * u ** power;
      for (let power = 0; power < 3; power++) t[power] += weight * curve[k] * u ** power;
    }
    // value at u = 0 of the parabola, by Cramer's rule
    const c0 = s[2] * s[4] - s[3] * s[3];
    const c1 = s[2] * s[3] - s[1] * s[4];
    const c2 = s[1] * s[3] - s[2] * s[2];
    return (t[0] * c0 + t[1] * c1 + t[2] * c2) / (s[0] * c0 + s[1] * c1 + s[2] * c2);
  });
}

function firstCrossing(
  frequency: Float64Array,
  curve: Float64Array,
  firstRing: number,
): number | null {
  for (let k = firstRing; k < curve.length - 1; k++) {
    const above = curve[k] - THRESHOLD;
    const next = curve[k + 1] - THRESHOLD;
    if (above > 0 && next <= 0) {
      return frequency[k] + (above / (above - next)) * (frequency[k + 1] - frequency[k]);
    }
  }
  return null;
}
