import { AppError } from "../errors.ts";

/** The file is no movie that can be read. */
export function notAMovie(name: string): AppError {
  return new AppError(
    "not-a-movie",
    "This is not a movie that can be read.",
    "MP4, MOV, WebM and TIFF stacks can.",
    name,
  );
}

/** The browser has no WebCodecs. */
export function noWebCodecs(name: string): AppError {
  return new AppError(
    "no-webcodecs",
    "This browser cannot decode video frame by frame.",
    "Use Chrome, Edge or Safari 16.4 or later; the page must come by https or from localhost.",
    name,
  );
}

/** The browser has no decoder for this codec. */
export function unsupportedCodec(name: string, codec: string): AppError {
  return new AppError(
    "unsupported-codec",
    `This browser cannot decode ${codec}.`,
    "Open the movie on a device that can, send it to a workstation, or record in H.264.",
    name,
  );
}

/** The file ends, or is damaged, after `readable` frames. */
export function cutShort(name: string, readable: number): AppError {
  const what = "The movie ends or is damaged in the middle";
  return readable > 0
    ? new AppError(
        "cut-short",
        `${what}: its first ${readable} frames can be read.`,
        `Localize frames 0 to ${readable}.`,
        name,
      )
    : new AppError("cut-short", `${what}: no frame can be read.`, "Copy the file again.", name);
}

/** An MP4 whose index was never written. */
export function noIndex(name: string): AppError {
  return new AppError(
    "cut-short",
    "The video has no index: the recording or the copy was cut off before its end.",
    "Copy it again from where it was recorded.",
    name,
  );
}

/** A file with sound or text only. */
export function noVideo(name: string): AppError {
  return new AppError("not-a-movie", "There is no video in this file.", "Choose another.", name);
}
