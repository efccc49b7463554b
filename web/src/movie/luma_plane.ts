import { AppError } from "../errors.ts";
import type { GreyPixels } from "./frame.ts";

/** What a decoder's pictures are like; the luma plane comes first in all of these. */
const BITS: Record<string, number> = {
  I420: 8,
  I420A: 8,
  I422: 8,
  I422A: 8,
  I444: 8,
  I444A: 8,
  NV12: 8,
  I420P10: 10,
  I422P10: 10,
  I444P10: 10,
  I420P12: 12,
  I422P12: 12,
  I444P12: 12,
};

/** Bits of a decoded picture's luma; throws when the device hides it. */
export function lumaBits(frame: VideoFrame): number {
  const bits = BITS[frame.format ?? ""];
  if (bits === undefined) {
    throw new AppError(
      "unsupported-codec",
      "This device's decoder gives colours only, not the grey values as they were recorded.",
      "Send the movie to a workstation, or open it on another device.",
    );
  }
  return bits;
}

/** Copies the luma of decoded pictures, bit for bit, without allocating more than needed. */
export class LumaCopier {
  private scratch = new Uint8Array(0);

  /** The visible part of the luma plane, row by row. */
  async copy(frame: VideoFrame): Promise<GreyPixels> {
    const bytes = lumaBits(frame) > 8 ? 2 : 1;
    const size = frame.allocationSize();
    if (this.scratch.byteLength < size) this.scratch = new Uint8Array(size);
    const [{ offset, stride }] = await frame.copyTo(this.scratch);
    const { width, height } = frame.visibleRect ?? {
      width: frame.codedWidth,
      height: frame.codedHeight,
    };
    const plane = new Uint8Array(width * height * bytes);
    for (let row = 0; row < height; row++) {
      const at = offset + row * stride;
      plane.set(this.scratch.subarray(at, at + width * bytes), row * width * bytes);
    }
    return bytes === 1 ? plane : new Uint16Array(plane.buffer);
  }
}
