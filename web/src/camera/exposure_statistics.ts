/** What a region's grey values say about exposure: histogram, clipping, saturation. */

/** Grey values of one frame, counted. */
export interface ExposureStatistics {
  /** pixels of every grey value, 256 numbers */
  histogram: Uint32Array<ArrayBuffer>;
  meanGrey: number;
  /** share of pixels at the bottom of the range, whose light is lost */
  clippedShare: number;
  /** share of pixels at the very top of the range */
  saturatedShare: number;
  /** share of pixels above the limit up to which phones answer linearly */
  beyondLinearShare: number;
}

/** Limited-range video has 16 for black and 235 for white, full-range video 0 and 255. */
export interface GreyRange {
  black: number;
  white: number;
}

export const FULL_RANGE: GreyRange = { black: 0, white: 255 };
export const LIMITED_RANGE: GreyRange = { black: 16, white: 235 };

/**
 * The Huawei P9 answers linearly up to 220 grey values at ISO 3200 (Diederich et al. 2019,
 * fig. 7); other phones bend at about the same place.
 */
export const LINEAR_LIMIT_GREY = 220;

// a dark background touches zero now and then; more than this and faint molecules are gone
const CLIPPED_WARNING = 0.01;
// a handful of hot pixels is no reason to change the exposure
const SATURATED_WARNING = 0.0005;

/** Count `luma`, `width` x `height` grey values without padding. */
export function exposureStatistics(luma: Uint8Array, range: GreyRange): ExposureStatistics {
  const histogram = new Uint32Array(256);
  for (const grey of luma) histogram[grey] = (histogram[grey] ?? 0) + 1;
  const linearLimit = Math.min(LINEAR_LIMIT_GREY, range.white - 1);
  let sum = 0;
  let clipped = 0;
  let saturated = 0;
  let beyond = 0;
  histogram.forEach((count, grey) => {
    sum += count * grey;
    if (grey <= range.black) clipped += count;
    if (grey >= range.white) saturated += count;
    if (grey > linearLimit) beyond += count;
  });
  const pixels = Math.max(luma.length, 1);
  return {
    histogram,
    meanGrey: sum / pixels,
    clippedShare: clipped / pixels,
    saturatedShare: saturated / pixels,
    beyondLinearShare: beyond / pixels,
  };
}

/** What to do about it, worst first; empty if the exposure is good. */
export function exposureWarnings(statistics: ExposureStatistics): string[] {
  const warnings: string[] = [];
  if (statistics.saturatedShare > SATURATED_WARNING) {
    warnings.push(`${percent(statistics.saturatedShare)} saturated: shorter exposure or lower ISO`);
  } else if (statistics.beyondLinearShare > SATURATED_WARNING) {
    warnings.push(
      `${percent(statistics.beyondLinearShare)} over ${LINEAR_LIMIT_GREY}, where phones stop being linear`,
    );
  }
  if (statistics.clippedShare > CLIPPED_WARNING) {
    warnings.push(
      `${percent(statistics.clippedShare)} clipped to black: longer exposure or higher ISO`,
    );
  }
  return warnings;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
