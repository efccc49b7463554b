/** Grey values as they were recorded; 8 bits in a `Uint8Array`, more in a `Uint16Array`. */
export type GreyPixels = Uint8Array | Uint16Array | Float32Array;

/** One frame: the luma plane of a video, or the plane of a TIFF. */
export interface GreyFrame {
  /** Counted from 0 in the movie. */
  readonly index: number;
  /** Presentation time from the first frame; `null` where the file has none. */
  readonly timestampS: number | null;
  readonly width: number;
  readonly height: number;
  /** `(height, width)` row by row, ADU. */
  readonly pixels: GreyPixels;
}
