import type { AppError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { GreyFrame } from "../movie/frame.ts";
import type { MovieReader } from "../movie/movie_reader.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import type { CameraModel } from "./camera_model.ts";
import type { MoleculeColumns, Region } from "./localizer.ts";

/** What the user chose; `null` means: decide. */
export interface SessionSettings {
  /** `net` needs the network (3 MB, once); `gaussian` is plain code. */
  readonly method: "gaussian" | "net";
  readonly camera: CameraModel;
  /** Size of a pixel in the sample, nm. */
  readonly pixelSizeNm: number;
  /** Part of the frames to localize, px; `null`: all. Positions stay those of the movie. */
  readonly region: Region | null;
  /** Workers for localizing; `null`: by the number of cores, at most 4. */
  readonly workers: number | null;
  /** Classical: photons over their standard error that a molecule needs. */
  readonly leastSnr: number | null;
  /** Classical: width of the PSF (standard deviation), px. */
  readonly sigmaPx: number | null;
  /** Network: probability that makes a molecule. */
  readonly leastMass: number | null;
  /** Network: another model's address; `null`: the one that comes along. */
  readonly model: string | null;
}

/** How far a session is. */
export interface SessionProgress {
  readonly framesDone: number;
  /** `null` while nobody knows (live). */
  readonly framesTotal: number | null;
  /** Frames left out because the device is too slow (live mode only). */
  readonly framesSkipped: number;
  readonly molecules: number;
  /** Frames per second, mean of the last two seconds. */
  readonly framesPerS: number;
}

/** What a session tells; all in the order of frames. */
export interface SessionEvents {
  /** The sample was looked at: what was decided, and what to know about the movie. */
  prepared: {
    readonly summary: Record<string, string>;
    readonly notices: readonly string[];
    readonly settings: Record<string, unknown>;
  };
  /** A frame is localized and in the table; `molecules` are this frame's alone. */
  frame: { readonly frame: GreyFrame; readonly molecules: MoleculeColumns };
  progress: SessionProgress;
  /** All frames are in the table. */
  finished: SessionProgress;
  /** It ended early; `table` holds what came before. */
  failed: { readonly error: AppError };
}

/**
 * One movie (from a file or live) on its way to a table.
 *
 * Made by `localizeMovie` (a file: reads by itself, nothing skipped) or `localizeLive`
 * (frames are handed in). Frames come out in order, whatever worker did them.
 */
export interface LocalizeSession extends Emitter<SessionEvents> {
  readonly settings: SessionSettings;
  /** Grows; rows are ordered by frame. */
  readonly table: MoleculeTable;
  readonly progress: SessionProgress;
  /** Ends with the `finished` or `failed` event; never rejects. */
  readonly done: Promise<void>;
  /** Stops as soon as possible; the table keeps what is there, then `failed` (`cancelled`). */
  cancel(): void;
}

/** A session that is fed by a camera. */
export interface LiveSession extends LocalizeSession {
  /**
   * Takes a frame (its buffer is not changed). Indices must rise; gaps are dropped frames.
   *
   * With `skipWhenBusy` returns false, and counts a skipped frame, when the workers are
   * behind; without it always takes the frame and lets the queue grow.
   */
  push(frame: GreyFrame): boolean;
  /** Frames that wait. */
  readonly waiting: number;
  /** No more frames; what waits is still localized, then `finished`. */
  end(): void;
}

/** Localizes a file: `localizeMovie(reader, settings, { frames: [0, 6000] })`. */
export type LocalizeMovie = (
  movie: MovieReader,
  settings: SessionSettings,
  options?: { readonly frames?: readonly [number, number] },
) => LocalizeSession;

/** Localizes a camera's frames as they come. */
export type LocalizeLive = (
  settings: SessionSettings,
  options: { readonly skipWhenBusy: boolean },
) => LiveSession;
