import { colourTable } from "./colour_map.ts";
import type { Contrast } from "./sum_picture_types.ts";

/** What suits most pictures; Python's usual contrast. */
export const USUAL_CONTRAST: Contrast = { colourMap: "hot", top: null, gamma: 0.7 };

const SATURATED_SHARE = 0.003;
const MOST_SAMPLED = 200_000;
const RAMP = 4096;

/**
 * Brightness that is shown full, unless one is given: 0.3 % of the lit pixels lie over it.
 *
 * Tails of a Gaussian are lit by less than a thousandth of the peak and do not count.
 */
export function usualTop(brightness: Float32Array): number {
  let peak = 0.0;
  for (const value of brightness) if (value > peak) peak = value;
  const step = Math.max(1, Math.floor(brightness.length / MOST_SAMPLED));
  const lit: number[] = [];
  for (let p = 0; p < brightness.length; p += step) {
    if (brightness[p] > 1e-3 * peak) lit.push(brightness[p]);
  }
  if (lit.length === 0) return 1.0;
  const rising = Float32Array.from(lit).sort();
  const place = (rising.length - 1) * (1 - SATURATED_SHARE);
  const low = Math.floor(place);
  const high = Math.min(low + 1, rising.length - 1);
  return rising[low] + (rising[high] - rising[low]) * (place - low);
}

/** Colours of a picture's brightness, RGBA, row by row. */
export function coloured(
  brightness: Float32Array,
  { colourMap, top, gamma }: Contrast,
): Uint8ClampedArray<ArrayBuffer> {
  const table = colourTable(colourMap);
  const full = top ?? usualTop(brightness);
  const ramp = Uint32Array.from({ length: RAMP + 1 }, (_, i) => {
    const level = 3 * Math.floor(Math.min((i / RAMP) ** gamma * 256, 255));
    return (255 << 24) | (table[level + 2] << 16) | (table[level + 1] << 8) | table[level];
  });
  const colours = new Uint32Array(brightness.length);
  const scale = RAMP / full;
  for (let p = 0; p < colours.length; p++) {
    colours[p] = ramp[Math.min(Math.max(brightness[p] * scale, 0) | 0, RAMP)];
  }
  return new Uint8ClampedArray(colours.buffer);
}
