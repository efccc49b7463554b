import type { GreyFrame } from "./frame.ts";

/** A movie file that is read frame by frame, never whole. */
export interface MovieReader {
  /** The file's name. */
  readonly name: string;
  /** For a person: `MP4 video, H.264`, `TIFF stack, 16 bit`. */
  readonly formatName: string;
  readonly width: number;
  readonly height: number;
  /** Number of frames (counted by the index, without decoding). */
  readonly frameCount: number;
  /** Bits that a grey value can use. */
  readonly bitDepth: number;
  /** `limited`: luma between 16 and 235, as most phone video says of itself. */
  readonly valueRange: "full" | "limited";
  readonly frameRateHz: number | null;
  /** From the file's metadata, nm; `null` when it says nothing. */
  readonly pixelSizeNm: number | null;
  /** What the user should know: "colour frames were turned into luminance". */
  readonly notices: readonly string[];
  /**
   * Frames `start` to `stop` (exclusive) in order.
   *
   * Throws an `AppError` of kind `cut-short` or `unreadable` that says which frames can be
   * read. Ending the iteration early releases the decoder. Several may run, but each
   * decodes for itself.
   */
  frames(start: number, stop: number): AsyncGenerator<GreyFrame, void, void>;
  close(): void;
}

/** Opens a movie by its content: MP4, MOV, WebM, MKV (WebCodecs) or a TIFF stack. */
export type OpenMovie = (file: Blob, name: string) => Promise<MovieReader>;
