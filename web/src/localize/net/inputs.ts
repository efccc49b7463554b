import { AppError } from "../../errors.ts";
import type { GreyFrame } from "../../movie/frame.ts";
import type { LightScale } from "../light_scale.ts";
import type { Maps } from "./network.ts";

/** Standard deviation of the noise of light that no codec has changed, in its plane. */
export const LIGHT_NOISE = 0.1;
/** Name of the plane that shows light. */
export const LIGHT = "light";

const LIGHT_CENTRE = 10.0;
const PSF_WIDTH = "psf_width";
const SIZE_MULTIPLE = 4;
// what only a decoder that tells of the quantiser knows; zero says that nothing is known
const CODEC_PLANES = [
  "coding_noise",
  "quantiser_known",
  "picture_type",
  "block_phase_x",
  "block_phase_y",
];

/** Refuses a network that wants to see what we do not know how to make. */
export function checkPlanes(planes: readonly string[]): void {
  const known = [LIGHT, PSF_WIDTH, ...CODEC_PLANES];
  const unknown = planes.filter((name) => !known.includes(name));
  if (unknown.length > 0 || !planes.includes(LIGHT)) {
    throw new AppError(
      "no-network",
      "This network was made for another version of the app.",
      "Reload the app, or choose the classical method.",
    );
  }
}

/** Turns grey values into what the network's light plane shows of them. */
export class LightPlane {
  private readonly tables = new Map<number, Float32Array>();

  constructor(private readonly scale: LightScale) {}

  /**
   * Twice the square root of the light plus the noise of the camera: its noise has a
   * standard deviation of one at any brightness (Starck et al. 1998, eq. 6.5).
   */
  of(grey: number): number {
    const { fround } = Math;
    const factor = fround(this.scale.camera.excessNoiseFactor);
    const light = fround(this.scale.electronsOf(grey) / factor);
    const noise = fround(this.scale.readVarianceE2 / fround(factor * factor));
    const root = fround(Math.sqrt(Math.max(fround(light + fround(noise + 0.375)), 0.0)));
    return fround(fround(2.0 * root - LIGHT_CENTRE) * fround(LIGHT_NOISE));
  }

  fill(frame: GreyFrame, out: Float32Array, stride: number): void {
    const { pixels, width, height } = frame;
    const table = pixels instanceof Float32Array ? null : this.table(pixels.BYTES_PER_ELEMENT);
    for (let j = 0; j < height; j++) {
      for (let i = 0; i < width; i++) {
        const grey = pixels[j * width + i];
        out[j * stride + i] = table === null ? this.of(grey) : table[grey];
      }
    }
  }

  private table(bytes: number): Float32Array {
    let table = this.tables.get(bytes);
    if (table === undefined) {
      table = Float32Array.from({ length: 2 ** (8 * bytes) }, (_, grey) => this.of(grey));
      this.tables.set(bytes, table);
    }
    return table;
  }
}

/**
 * Planes of frames `first` to `last` (exclusive) and of `reach` neighbours on either side.
 *
 * `frames` are cut to the region and consecutive; where they end it goes backwards from
 * there. Height and width are rounded up to what the network takes, edges repeated. The width of
 * the PSF is told where it was measured, and is zero where not.
 */
export function inputPlanes(
  frames: readonly GreyFrame[],
  first: number,
  last: number,
  reach: number,
  planes: readonly string[],
  light: LightPlane,
  sigmaPx: number | null,
): Maps {
  const start = frames[0].index;
  const { height: tall, width: wide } = frames[0];
  const height = Math.ceil(tall / SIZE_MULTIPLE) * SIZE_MULTIPLE;
  const width = Math.ceil(wide / SIZE_MULTIPLE) * SIZE_MULTIPLE;
  const size = height * width;
  const count = last - first + 2 * reach;
  const data = new Float32Array(count * planes.length * size);
  const at = planes.indexOf(LIGHT);
  const widthAt = planes.indexOf(PSF_WIDTH);
  for (let n = 0; n < count; n++) {
    if (widthAt >= 0 && sigmaPx !== null) {
      const begin = (n * planes.length + widthAt) * size;
      data.fill(sigmaPx, begin, begin + size);
    }
    const frame = frames[mirrored(first - reach + n - start, frames.length)];
    const begin = (n * planes.length + at) * size;
    const plane = data.subarray(begin, begin + size);
    light.fill(frame, plane, width);
    for (let j = 0; j < tall && wide < width; j++) {
      const row = j * width;
      plane.fill(plane[row + wide - 1], row + wide, row + width);
    }
    for (let j = tall; j < height; j++)
      plane.copyWithin(j * width, (tall - 1) * width, tall * width);
  }
  return { data, count, channels: planes.length, height, width };
}

/** A frame of a clip of `count`; those beyond its ends are as far inside. */
function mirrored(frame: number, count: number): number {
  const last = count - 1;
  return Math.min(Math.max(last - Math.abs(last - Math.abs(frame)), 0), last);
}
