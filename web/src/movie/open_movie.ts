import { notAMovie } from "./movie_error.ts";
import type { MovieReader } from "./movie_reader.ts";
import { TiffMovie } from "./tiff_movie.ts";

/**
 * Opens a movie by its content: MP4, MOV, WebM, MKV or a TIFF stack.
 *
 * Throws an `AppError`: `not-a-movie`, `no-webcodecs`, `unsupported-codec`, `cut-short` or
 * `unreadable`.
 */
export async function openMovie(file: Blob, name: string): Promise<MovieReader> {
  const tiff = await TiffMovie.open(file, name);
  if (tiff !== null) return tiff;
  // what knows the containers is large and not needed for stacks or a live camera
  const { VideoMovie } = await import("./video_movie.ts");
  const video = await VideoMovie.open(file, name);
  if (video === null) throw notAMovie(name);
  return video;
}
