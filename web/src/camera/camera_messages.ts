/** What the page and the camera's worker tell each other. */

import type { PlainError } from "../errors.ts";
import type { ExposureStatistics, GreyRange } from "./exposure_statistics.ts";
import type { Region } from "./region.ts";

/** How a frame came: exactly as the camera's luma, or by way of colours. */
export interface FrameFormat {
  readonly width: number;
  readonly height: number;
  readonly range: GreyRange;
  /** luma taken bit for bit; false where the browser only gave colours */
  readonly exact: boolean;
  /** how far the picture has to be turned to stand as the video element shows it, degrees */
  readonly rotation: number;
}

/** Codec that a recording is made with. */
export interface RecordingCodec {
  readonly name: string;
  readonly lossless: boolean;
  readonly extension: "webm" | "mp4";
}

/** How far a recording is. */
export interface RecordingProgress {
  readonly frames: number;
  readonly dropped: number;
  readonly bytes: number;
  readonly durationS: number;
  /** what the browser says is left, bytes; null: it does not say */
  readonly leftBytes: number | null;
  readonly codec: RecordingCodec;
  /** first frames decoded and compared: null while that runs or where it does not apply */
  readonly exact: boolean | null;
  /** frames that wait for the encoder */
  readonly waiting: number;
}

/** Why a recording ended. */
export type RecordingEnd = "stopped" | "frames" | "storage" | "camera" | "turned" | "encoder";

/** Orders to the worker. */
export type CameraOrder =
  | { kind: "open"; source: FrameSource; region: Region | null }
  | { kind: "region"; region: Region }
  | { kind: "live"; on: boolean }
  | {
      kind: "record";
      folder: string;
      lossless: boolean;
      /** stop by itself after so many frames; null: when told */
      frames: number | null;
      /** stored in the file */
      facts: Record<string, unknown>;
      frameRateHz: number;
    }
  | { kind: "stop" }
  | { kind: "frame"; frame: VideoFrame }
  | { kind: "close" };

/** Where frames come from: a stream, a track that the worker opens, or the page, one by one. */
export type FrameSource =
  | { kind: "stream"; readable: ReadableStream<VideoFrame> }
  | { kind: "track"; track: MediaStreamTrack }
  | { kind: "page" };

/** What the worker says. */
export type CameraReport =
  | { kind: "format"; format: FrameFormat }
  | {
      kind: "preview";
      region: Region;
      luma: Uint8Array<ArrayBuffer>;
      statistics: ExposureStatistics;
      sharpness: number;
      framesPerSecond: number | null;
      dropped: number;
    }
  | {
      kind: "frame";
      index: number;
      timestampS: number;
      width: number;
      height: number;
      pixels: Uint8Array<ArrayBuffer>;
    }
  | { kind: "recording"; progress: RecordingProgress }
  | {
      kind: "recorded";
      progress: RecordingProgress;
      end: RecordingEnd;
      fileName: string;
      problem: PlainError | null;
      startedAt: string;
      region: Region;
      format: FrameFormat;
    }
  | { kind: "failed"; error: PlainError }
  | { kind: "ended" };
