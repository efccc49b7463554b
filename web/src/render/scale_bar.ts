/** A bar of a round length. */
export interface ScaleBar {
  readonly lengthNm: number;
  /** In pixels of the picture. */
  readonly lengthPx: number;
  /** `500 nm`, `2 µm`. */
  readonly label: string;
}

const LARGEST_SHARE = 0.3;

/** The longest bar of 1, 2 or 5 times a power of ten that takes at most 30 % of the width. */
export function scaleBar(nmPerPixel: number, width: number): ScaleBar {
  const most = LARGEST_SHARE * width * nmPerPixel;
  const decade = 10 ** Math.floor(Math.log10(most));
  const step = [5, 2, 1].find((value) => value * decade <= most * (1 + 1e-9)) ?? 1;
  const lengthNm = step * decade;
  const label =
    lengthNm >= 1e6
      ? `${round(lengthNm / 1e6)} mm`
      : lengthNm >= 1000
        ? `${round(lengthNm / 1000)} µm`
        : `${round(lengthNm)} nm`;
  return { lengthNm, lengthPx: lengthNm / nmPerPixel, label };
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
