import { median } from "../localize/gaussian/statistics.ts";
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
    const { frequencyPerNm, correlation } = await curveOf(table, blocks, pixelNm);
    const smooth = smoothed(correlation);
    const crossing = firstCrossing(frequencyPerNm, smooth);
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
      throw tooFewMolecules("tell the resolution: two halves of them agree no better than chance");
    }
    if (pixelNm === LEAST_PIXEL_NM) return result(crossing === null ? null : 1 / crossing);
    pixelNm = Math.max(finer, LEAST_PIXEL_NM);
  }
}

async function curveOf(
  table: MoleculeTable,
  blocks: readonly Block[],
  pixelNm: number,
): Promise<{ frequencyPerNm: Float64Array; correlation: Float64Array }> {
  const corner = {
    xNm: median(table.column("xNm")) - (SIDE / 2) * pixelNm,
    yNm: median(table.column("yNm")) - (SIDE / 2) * pixelNm,
  };
  const spectra: Spectrum[] = [];
  for (const block of blocks) {
    spectra.push(spectrumOf(table, block, corner, pixelNm));
    await pause();
  }
  const rings = SIDE / 2;
  const count = blocks.length;
  const same = new Float64Array(rings);
  const any = new Float64Array(rings);
  const apart = new Float64Array(rings);
  const ringOf = ringNumbers(rings);
  for (let a = 0; a < count; a++) {
    for (let b = a; b < count; b++) {
      const sums = ringSums(spectra[a], spectra[b], ringOf, rings);
      for (let ring = 0; ring < rings; ring++) {
        if (a === b) same[ring] += sums[ring] / count;
        else any[ring] += (2 * sums[ring]) / (count * (count - 1));
        if (b - a >= 2) apart[ring] += (2 * sums[ring]) / ((count - 1) * (count - 2));
      }
    }
    await pause();
  }
  // products of random halves: h^2 of any two with each other, h c + h (h - 1) o with themselves
  const half = count / 2;
  const correlation = apart.map((value, ring) => {
    const power = same[ring] + (half - 1) * any[ring];
    return power > 0 ? (half * value) / power : 0;
  });
  const frequencyPerNm = Float64Array.from({ length: rings }, (_, k) => k / (SIDE * pixelNm));
  return { frequencyPerNm, correlation };
}

function spectrumOf(
  table: MoleculeTable,
  { first, last }: Block,
  corner: { xNm: number; yNm: number },
  pixelNm: number,
): Spectrum {
  const picture = emptySpectrum(SIDE);
  const xNm = table.column("xNm");
  const yNm = table.column("yNm");
  for (let row = first; row < last; row++) {
    const j = Math.floor((xNm[row] - corner.xNm) / pixelNm);
    const i = Math.floor((yNm[row] - corner.yNm) / pixelNm);
    if (i < 0 || j < 0 || i >= SIDE || j >= SIDE) continue;
    picture.real[i * SIDE + j] += edgeWeight(i) * edgeWeight(j);
  }
  transform(picture, false);
  return picture;
}

/** Fades out at the edges (Tukey window). */
function edgeWeight(place: number): number {
  const edge = EDGE_SHARE * SIDE;
  const inside = Math.min(place + 0.5, SIDE - place - 0.5);
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

function firstCrossing(frequency: Float64Array, curve: Float64Array): number | null {
  for (let k = FIRST_RING; k < curve.length - 1; k++) {
    const above = curve[k] - THRESHOLD;
    const next = curve[k + 1] - THRESHOLD;
    if (above > 0 && next <= 0) {
      return frequency[k] + (above / (above - next)) * (frequency[k + 1] - frequency[k]);
    }
  }
  return null;
}
