import type { GreyFrame } from "../movie/frame.ts";
import type { Region } from "./localizer.ts";

/** The part of a frame that a region shows; the frame itself where that is all of it. */
export function cutFrame(frame: GreyFrame, [x0, x1, y0, y1]: Region): GreyFrame {
  if (x0 === 0 && y0 === 0 && x1 === frame.width && y1 === frame.height) return frame;
  const width = x1 - x0;
  const height = y1 - y0;
  const pixels = frame.pixels.slice(0, width * height);
  for (let j = 0; j < height; j++) {
    const at = (y0 + j) * frame.width + x0;
    pixels.set(frame.pixels.subarray(at, at + width), j * width);
  }
  return { index: frame.index, timestampS: frame.timestampS, width, height, pixels };
}
