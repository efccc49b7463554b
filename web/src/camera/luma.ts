/** The grey values of a region of a camera frame, bit for bit where the browser has them. */

import { FULL_RANGE, type GreyRange, LIMITED_RANGE } from "./exposure_statistics.ts";
import type { Region } from "./region.ts";

const PLANAR = new Set(["I420", "I420A", "I422", "I444", "NV12"]);

/** Whether the frame holds luma as a plane of 8 bits. */
export function hasLumaPlane(frame: VideoFrame): boolean {
  return frame.format !== null && PLANAR.has(frame.format);
}

/** Range of the frame's grey values as it says itself. */
export function greyRange(frame: VideoFrame): GreyRange {
  if (!hasLumaPlane(frame)) return FULL_RANGE;
  return frame.colorSpace.fullRange === true ? FULL_RANGE : LIMITED_RANGE;
}

/** How far the video element turns this frame, degrees. */
export function frameRotation(frame: VideoFrame): number {
  return (frame as VideoFrame & { rotation?: number }).rotation ?? 0;
}

/** The rectangle of the stored frame that shows `region` of the frame as it is seen. */
export function storedRectangle(
  region: Region,
  rotation: number,
  storedWidth: number,
  storedHeight: number,
): Region {
  const { x, y, width, height } = region;
  if (rotation === 90) return { x: y, y: storedHeight - x - width, width: height, height: width };
  if (rotation === 180) {
    return { x: storedWidth - x - width, y: storedHeight - y - height, width, height };
  }
  if (rotation === 270) return { x: storedWidth - y - height, y: x, width: height, height: width };
  return region;
}

/**
 * Copies luma; the frame stays open.
 *
 * @param rectangle of the stored frame, even px
 * @param scratch taken for the copy if it is large enough
 * @returns grey values row by row, a view of the copy
 */
export async function copyLuma(
  frame: VideoFrame,
  rectangle: Region,
  scratch: Uint8Array<ArrayBuffer>,
): Promise<{ luma: Uint8Array<ArrayBuffer>; scratch: Uint8Array<ArrayBuffer> }> {
  const visible = frame.visibleRect;
  const rect = {
    x: rectangle.x + (visible?.x ?? 0),
    y: rectangle.y + (visible?.y ?? 0),
    width: rectangle.width,
    height: rectangle.height,
  };
  const pixels = rectangle.width * rectangle.height;
  if (hasLumaPlane(frame)) {
    const needed = frame.allocationSize({ rect });
    const buffer = scratch.length >= needed ? scratch : new Uint8Array(needed);
    await frame.copyTo(buffer, { rect });
    return { luma: buffer.subarray(0, pixels), scratch: buffer };
  }
  const options = { rect, format: "RGBX" } as VideoFrameCopyToOptions;
  const needed = 4 * pixels;
  const buffer = scratch.length >= needed ? scratch : new Uint8Array(needed);
  await frame.copyTo(buffer, options);
  // In place: the grey value of pixel i is written before pixel i + 1 is read at 4 (i + 1).
  for (let at = 0; at < pixels; at += 1) {
    const red = buffer[4 * at];
    const green = buffer[4 * at + 1];
    const blue = buffer[4 * at + 2];
    // ITU-R BT.601 luma
    buffer[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return { luma: buffer.subarray(0, pixels), scratch: buffer };
}
