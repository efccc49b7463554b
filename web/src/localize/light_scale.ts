import type { GreyPixels } from "../movie/frame.ts";
import type { CameraModel } from "./camera_model.ts";

/** What a camera's grey values are in light; Python's `Camera` methods of the same names. */
export class LightScale {
  private readonly tables = new Map<number, Float32Array>();
  /** Variance of every pixel without light: read noise and rounding, photoelectrons^2. */
  readonly readVarianceE2: number;
  /** Grey value in the file from which on the response is not linear. */
  readonly saturationGrey: number;

  constructor(readonly camera: CameraModel) {
    const scale = camera.valueRange === "limited" ? 255.0 / 219.0 : 1.0;
    const step = camera.gainEPerAdu * scale * this.toneSlope(camera.offsetAdu);
    this.readVarianceE2 = Math.fround(camera.readNoiseE ** 2 + step ** 2 / 12.0);
    const knee = camera.saturationAdu ?? 2 ** camera.bitDepth - 1;
    this.saturationGrey = camera.valueRange === "limited" ? this.black() + knee / scale : knee;
  }

  /** Photoelectrons of grey values; noise around no light is kept, so they can be negative. */
  electrons(pixels: GreyPixels): Float32Array {
    const out = new Float32Array(pixels.length);
    if (pixels instanceof Float32Array) {
      for (let p = 0; p < out.length; p++) out[p] = this.electronsOf(pixels[p]);
      return out;
    }
    const table = this.table(pixels.BYTES_PER_ELEMENT);
    for (let p = 0; p < out.length; p++) out[p] = table[pixels[p]];
    return out;
  }

  /** Photoelectrons of one grey value. */
  electronsOf(grey: number): number {
    const { valueRange, toneCurve, offsetAdu, gainEPerAdu } = this.camera;
    const round = toneCurve === null ? Math.fround : (value: number): number => value;
    let adu = grey;
    if (valueRange === "limited") {
      adu = round(round(adu - this.black()) * round(255.0 / 219.0));
    }
    if (toneCurve !== null) adu = throughCurve(adu, toneCurve.greyAdu, toneCurve.linearAdu);
    return Math.fround(round(adu - round(offsetAdu)) * round(gainEPerAdu));
  }

  /** Whether a grey value lies at or over the knee. */
  isSaturated(grey: number): boolean {
    return grey >= this.saturationGrey;
  }

  private table(bytes: number): Float32Array {
    let table = this.tables.get(bytes);
    if (table === undefined) {
      table = Float32Array.from({ length: 2 ** (8 * bytes) }, (_, grey) => this.electronsOf(grey));
      this.tables.set(bytes, table);
    }
    return table;
  }

  private black(): number {
    return 16.0 * 2.0 ** (this.camera.bitDepth - 8);
  }

  /** Linear ADU per grey value at a linear ADU. */
  private toneSlope(linearAdu: number): number {
    const curve = this.camera.toneCurve;
    if (curve === null) return 1.0;
    let i = 0;
    while (i < curve.greyAdu.length - 2 && linearAdu >= curve.linearAdu[i + 1]) i++;
    return (
      (curve.linearAdu[i + 1] - curve.linearAdu[i]) / (curve.greyAdu[i + 1] - curve.greyAdu[i])
    );
  }
}

/** Piecewise linear through the pairs, continued with the outermost slopes. */
function throughCurve(value: number, given: readonly number[], wanted: readonly number[]): number {
  let i = 0;
  while (i < given.length - 2 && value >= given[i + 1]) i++;
  const slope = (wanted[i + 1] - wanted[i]) / (given[i + 1] - given[i]);
  return wanted[i] + slope * (value - given[i]);
}
