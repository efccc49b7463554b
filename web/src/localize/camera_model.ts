/**
 * What a grey value means; the same fields as Python's `Camera` (docs/camera.md).
 *
 * Recorded grey value -> limited range undone -> tone curve made straight -> offset taken
 * away -> times gain = photoelectrons. `saturationAdu` and `darkClipAdu` are on the scale
 * before the tone curve.
 */
export interface CameraModel {
  readonly name: string;
  /** Grey value of no light, ADU. */
  readonly offsetAdu: number;
  /** Photoelectrons per ADU. */
  readonly gainEPerAdu: number;
  /** Read noise, photoelectrons RMS. */
  readonly readNoiseE: number;
  /** F^2, variance over mean of the detected light: 1 (CMOS), 2 (EM). */
  readonly excessNoiseFactor: number;
  /** The response is linear up to here, ADU. */
  readonly saturationAdu: number | null;
  /** Values at or under this were clipped, ADU. */
  readonly darkClipAdu: number | null;
  /** Measured grey -> linear ADU, both rising. */
  readonly toneCurve: { readonly greyAdu: number[]; readonly linearAdu: number[] } | null;
  readonly bitDepth: number;
  /** `limited`: luma between 16 and 235 (x 2^(bits - 8)). */
  readonly valueRange: "full" | "limited";
}
