import type { CameraModel } from "../localize/camera_model.ts";
import { cameraAsPython } from "../localize/camera_presets.ts";
import type { Region } from "../localize/localizer.ts";

/** What is known about a table beside its rows; kept in its file. */
export interface TableFacts {
  readonly appVersion: string;
  readonly movieName: string;
  /** `[frames, height, width]` of the movie. */
  readonly movieShape: readonly [number, number, number] | null;
  readonly frameRateHz: number | null;
  /** Frames localized, the last one exclusive. */
  readonly frames: readonly [number, number] | null;
  readonly region: Region | null;
  readonly camera: CameraModel;
  /** The localizer with all that it decided (`prepared.settings`). */
  readonly configuration: Record<string, unknown>;
  readonly notices: readonly string[];
  /** What was done to the table, in order. */
  readonly history: readonly string[];
  /** All frames that were asked for are in it. */
  readonly isComplete: boolean;
}

/** The facts as Python's `Metadata` has them. */
export function factsAsPython(facts: TableFacts, pixelSizeNm: number): Record<string, unknown> {
  return {
    format_version: 1,
    software: "cellstorm app",
    software_version: facts.appVersion,
    created: new Date().toISOString(),
    pixel_size_nm: pixelSizeNm,
    movie: {
      name: facts.movieName,
      fingerprint: null,
      shape: facts.movieShape,
      frame_rate_hz: facts.frameRateHz,
    },
    frames: facts.frames,
    region: facts.region,
    camera: cameraAsPython(facts.camera),
    configuration: facts.configuration,
    origin: "corner",
    notices: facts.notices,
    history: facts.history,
    complete: facts.isComplete,
  };
}
