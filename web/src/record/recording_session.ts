/** One recording as the page sees it: from the shutter to the item in the library. */

import type { Camera } from "../camera/camera.ts";
import type {
  CameraReport,
  RecordingCodec,
  RecordingEnd,
  RecordingProgress,
} from "../camera/camera_messages.ts";
import { AppError, unpackError } from "../errors.ts";
import { Emitter } from "../events.ts";
import { type ItemKind, type LibraryItem, library } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { askToKeep } from "../storage/quota.ts";
import { deviceFacts } from "./device_facts.ts";
import { wakeLock } from "./wake_lock.ts";

type Recorded = Extract<CameraReport, { kind: "recorded" }>;

/** What a recording tells. */
export interface RecordingEvents {
  progress: RecordingProgress;
  /** closed and in the library; `notices` say what the person should know */
  finished: { item: LibraryItem; notices: readonly string[] };
  failed: AppError;
}

/** A recording that runs. */
export class RecordingSession extends Emitter<RecordingEvents> {
  readonly item: LibraryItem;
  readonly #camera: Camera;
  readonly #stops: (() => void)[] = [];
  /** dropped frames when the app went into the background */
  #droppedBefore: number | null = null;
  #framesAtReturn: number | null = null;
  #hiddenFrames = 0;
  #last: RecordingProgress | null = null;

  private constructor(camera: Camera, item: LibraryItem) {
    super();
    this.#camera = camera;
    this.item = item;
    this.#stops.push(
      camera.on("recording", (progress) => {
        this.#last = progress;
        this.#countHidden(progress);
        this.emit("progress", progress);
      }),
      camera.on("recorded", (recorded) => void this.#finish(recorded)),
      camera.on("failed", (error) => void this.#fail(error)),
    );
    const hide = (): void => this.#visibility();
    document.addEventListener("visibilitychange", hide);
    this.#stops.push(() => document.removeEventListener("visibilitychange", hide));
  }

  /**
   * Begins to record.
   *
   * @param frames stop after so many; null: when told
   */
  static async start(
    camera: Camera,
    kind: ItemKind,
    name: string,
    frames: number | null,
    lossless = preferences.values.lossless,
  ): Promise<RecordingSession> {
    void askToKeep();
    await wakeLock.keep();
    const facts: Record<string, unknown> = {
      name,
      kind,
      started: new Date().toISOString(),
      camera: camera.label,
      settings: camera.controls.settings(),
      region: camera.format,
      device: await deviceFacts(),
    };
    const item = await library.create(kind, name, facts);
    const session = new RecordingSession(camera, item);
    camera.record(item.id, { lossless, frames, facts });
    return session;
  }

  stop(): void {
    this.#camera.stopRecording();
  }

  #visibility(): void {
    if (document.visibilityState === "hidden") {
      this.#droppedBefore ??= this.#last?.dropped ?? 0;
      this.#framesAtReturn = null;
    } else if (this.#droppedBefore !== null) {
      this.#framesAtReturn = this.#last?.frames ?? 0;
    }
  }

  /** The gap is known only when a frame comes after it. */
  #countHidden({ frames, dropped }: RecordingProgress): void {
    if (this.#droppedBefore === null || this.#framesAtReturn === null) return;
    if (frames <= this.#framesAtReturn) return;
    this.#hiddenFrames += dropped - this.#droppedBefore;
    this.#droppedBefore = null;
    this.#framesAtReturn = null;
  }

  async #finish(recorded: Recorded): Promise<void> {
    this.#end();
    const { item } = this;
    const { progress, region, format } = recorded;
    this.#countHidden(progress);
    item.movie = recorded.fileName;
    item.recording = {
      frames: progress.frames,
      dropped: progress.dropped,
      durationS: progress.durationS,
      width: region.width,
      height: region.height,
      frameRateHz:
        progress.durationS > 0 && progress.frames > 1
          ? (progress.frames + progress.dropped - 1) / progress.durationS
          : null,
      codec: progress.codec.name,
      lossless: progress.codec.lossless,
      exact: progress.exact,
    };
    item.facts = {
      ...item.facts,
      ended: new Date().toISOString(),
      end: recorded.end,
      region_px: region,
      frame_px: { width: format.width, height: format.height },
      grey_range: format.range,
      luma_exact: format.exact,
      rotation_deg: format.rotation,
      settings_at_end: this.#camera.controls.settings(),
    };
    if (progress.frames === 0) {
      await library.remove(item.id).catch(() => undefined);
      this.emit(
        "failed",
        recorded.problem === null
          ? new AppError("camera", "No frame came from the camera.", "Try again.")
          : unpackError(recorded.problem),
      );
      return;
    }
    try {
      await library.finish(item);
    } catch {
      // Without room for its facts the movie is still there: the library finds it again.
    }
    const notices = [...endNotices(recorded), ...codecNotices(progress.codec, progress.exact)];
    if (!format.exact) {
      notices.push(
        "This browser gives colours, not the camera's grey values: the recording is not exact. Chrome and Safari 18 give them.",
      );
    }
    if (this.#hiddenFrames > 0) {
      notices.push(
        `${this.#hiddenFrames} frames are missing from when the app was in the background. Keep it open while recording.`,
      );
    }
    this.emit("finished", { item, notices });
  }

  async #fail(error: AppError): Promise<void> {
    this.#end();
    if ((this.#last?.frames ?? 0) === 0) await library.remove(this.item.id).catch(() => undefined);
    this.emit("failed", error);
  }

  #end(): void {
    for (const stop of this.#stops.splice(0)) stop();
    void wakeLock.release();
  }
}

/** Why it ended, if the person did not end it. */
function endNotices(recorded: Recorded): string[] {
  const kept = `The ${recorded.progress.frames} frames before are kept.`;
  const sentences: Record<RecordingEnd, string | null> = {
    stopped: null,
    frames: null,
    storage: `Recording stopped because the storage of this device is full. ${kept} Export recordings and delete them from the library, then go on.`,
    camera: `Recording stopped because the camera went away (unplugged, or taken by another app). ${kept}`,
    turned: `Recording stopped because the phone was turned, which turns the camera's picture. ${kept} Lock the screen's rotation and record again.`,
    encoder: `Recording stopped because the encoder failed. ${kept} Record again with a smaller region.`,
  };
  const sentence = sentences[recorded.end];
  const notices = sentence === null ? [] : [sentence];
  if (recorded.problem !== null && sentence === null) {
    const { what, todo } = recorded.problem;
    notices.push(`${what} ${todo}`.trim());
  }
  return notices;
}

/** Which codec it was, where it is not the best one. */
export function codecNotices(codec: RecordingCodec, exact: boolean | null): string[] {
  if (!codec.lossless) {
    return [
      `Recorded as ${codec.name} at the highest quality, not without loss. Faint molecules may suffer.`,
    ];
  }
  if (exact === false) {
    return [
      "The first frames did not decode to what the camera gave: the encoder is not exact on this device. Switch to H.264 in the settings and tell us the phone's model.",
    ];
  }
  return [];
}
