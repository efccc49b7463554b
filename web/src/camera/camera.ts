/** The page's side of the camera: opens it, shows it, gives orders to its worker. */

import { AppError, unpackError } from "../errors.ts";
import { Emitter } from "../events.ts";
import type { GreyFrame } from "../movie/frame.ts";
import type {
  CameraOrder,
  CameraReport,
  FrameFormat,
  FrameSource,
  RecordingProgress,
} from "./camera_messages.ts";
import { CameraControls } from "./controls.ts";
import type { Region } from "./region.ts";

type Preview = Extract<CameraReport, { kind: "preview" }>;
type Recorded = Extract<CameraReport, { kind: "recorded" }>;

/** What a camera tells. */
export interface CameraEvents {
  /** the size or the direction of the frames changed */
  format: FrameFormat;
  /** the region a few times a second, with what it says about exposure and focus */
  preview: Preview;
  /** every frame of the region, after `live(true)` */
  frame: GreyFrame;
  recording: RecordingProgress;
  recorded: Recorded;
  failed: AppError;
  /** the camera went away: unplugged, or taken by another app */
  ended: undefined;
  /** no frames come for a while (the app is in the background) */
  muted: boolean;
}

/** One of the device's cameras. */
export interface CameraChoice {
  readonly id: string;
  readonly label: string;
}

type TrackProcessor = new (init: {
  track: MediaStreamTrack;
  maxBufferSize?: number;
}) => { readable: ReadableStream<VideoFrame> };

// Frames that may wait for the worker before the browser drops one.
const BUFFERED_FRAMES = 8;

/** Cameras of this device; their names are known once one of them was allowed. */
export async function listCameras(): Promise<CameraChoice[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "videoinput")
    .map((device, at) => ({ id: device.deviceId, label: device.label || `Camera ${at + 1}` }));
}

/** An open camera. */
export class Camera extends Emitter<CameraEvents> {
  readonly stream: MediaStream;
  readonly controls: CameraControls;
  readonly label: string;
  readonly deviceId: string;
  format: FrameFormat | null = null;
  readonly #track: MediaStreamTrack;
  readonly #worker: Worker;
  #video: HTMLVideoElement | null = null;

  private constructor(stream: MediaStream, track: MediaStreamTrack, base: MediaTrackConstraints) {
    super();
    this.stream = stream;
    this.#track = track;
    this.controls = new CameraControls(track, base);
    this.label = track.label || "Camera";
    this.deviceId = track.getSettings().deviceId ?? "";
    this.#worker = new Worker(new URL("./camera_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<CameraReport>): void => this.#hear(event.data);
    this.#worker.onerror = (event): void => {
      this.emit(
        "failed",
        new AppError(
          "unexpected",
          `The camera's worker stopped (${event.message}).`,
          "Reload the app.",
        ),
      );
    };
    track.addEventListener("ended", () => this.emit("ended", undefined));
    track.addEventListener("mute", () => this.emit("muted", true));
    track.addEventListener("unmute", () => this.emit("muted", false));
  }

  /**
   * Opens a camera; the person is asked once.
   *
   * @param deviceId one of `listCameras`; null: the one on the back
   */
  static async open(deviceId: string | null, region: Region | null): Promise<Camera> {
    if (!window.isSecureContext) throw insecure();
    if (navigator.mediaDevices?.getUserMedia === undefined) {
      throw new AppError(
        "camera",
        "This browser cannot open a camera.",
        "Use Chrome, Edge, Firefox or Safari, or open a movie instead.",
      );
    }
    const base: MediaTrackConstraints & { resizeMode?: ConstrainDOMString } = {
      ...(deviceId === null
        ? { facingMode: { ideal: "environment" } }
        : { deviceId: { exact: deviceId } }),
      width: { ideal: 1920 },
      height: { ideal: 1080 },
      // Scaled frames would not be the sensor's.
      resizeMode: { ideal: "none" },
    };
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: base, audio: false });
    } catch (error) {
      throw cameraError(error);
    }
    const track = stream.getVideoTracks()[0];
    const camera = new Camera(stream, track, { ...base, deviceId: undefined } as never);
    camera.#start(region);
    return camera;
  }

  /** Shows the whole view in `video`; frames are taken from there only as a last resort. */
  async show(video: HTMLVideoElement): Promise<void> {
    this.#video = video;
    video.srcObject = this.stream;
    video.muted = true;
    video.playsInline = true;
    try {
      await video.play();
    } catch {
      // Leaving the screen interrupts playing; the next screen shows it anew.
    }
  }

  setRegion(region: Region): void {
    this.#order({ kind: "region", region });
  }

  /** Whether every frame is handed out as the event `frame`. */
  live(on: boolean): void {
    this.#order({ kind: "live", on });
  }

  /** Records into the folder of a library item. */
  record(
    folder: string,
    options: { lossless: boolean; frames: number | null; facts: Record<string, unknown> },
  ): void {
    const rate = this.#track.getSettings().frameRate ?? 30;
    this.#order({ kind: "record", folder, frameRateHz: rate, ...options });
  }

  stopRecording(): void {
    this.#order({ kind: "stop" });
  }

  /** Gives the camera back; a recording is closed first. */
  close(): void {
    this.#order({ kind: "close" });
    if (this.#video !== null) this.#video.srcObject = null;
    this.#track.stop();
  }

  #start(region: Region | null): void {
    const Processor = (window as unknown as { MediaStreamTrackProcessor?: TrackProcessor })
      .MediaStreamTrackProcessor;
    if (Processor !== undefined) {
      const { readable } = new Processor({ track: this.#track, maxBufferSize: BUFFERED_FRAMES });
      this.#open({ kind: "stream", readable }, region, [readable]);
      return;
    }
    try {
      // Safari has the processor in workers only; its tracks can be handed over.
      const track = this.#track.clone();
      this.#open({ kind: "track", track }, region, [track as unknown as Transferable]);
    } catch {
      this.#open({ kind: "page" }, region, []);
      this.#readFromVideo();
    }
  }

  #open(source: FrameSource, region: Region | null, transfer: Transferable[]): void {
    this.#worker.postMessage({ kind: "open", source, region } satisfies CameraOrder, transfer);
  }

  /** Firefox: frames by way of the video element; labelled as not exact. */
  #readFromVideo(): void {
    const video = document.createElement("video");
    video.srcObject = this.stream;
    video.muted = true;
    void video.play();
    const next = (_: number, facts: VideoFrameCallbackMetadata): void => {
      if (this.#track.readyState === "ended") return;
      const frame = new VideoFrame(video, { timestamp: Math.round(facts.mediaTime * 1e6) });
      const order: CameraOrder = { kind: "frame", frame };
      this.#worker.postMessage(order, [frame]);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  #order(order: CameraOrder): void {
    this.#worker.postMessage(order);
  }

  #hear(report: CameraReport): void {
    switch (report.kind) {
      case "format":
        this.format = report.format;
        this.emit("format", report.format);
        break;
      case "preview":
        this.emit("preview", report);
        break;
      case "frame": {
        const { index, timestampS, width, height, pixels } = report;
        this.emit("frame", { index, timestampS, width, height, pixels });
        break;
      }
      case "recording":
        this.emit("recording", report.progress);
        break;
      case "recorded":
        this.emit("recorded", report);
        break;
      case "failed":
        this.emit("failed", unpackError(report.error));
        break;
      case "ended":
        this.emit("ended", undefined);
        break;
    }
  }
}

/** Pages from plain http get neither camera nor codecs. */
export function insecure(): AppError {
  return new AppError(
    "insecure",
    "The browser gives the camera only to pages from https or localhost.",
    `This page comes from ${location.origin}. Connect the phone by USB, run “adb reverse tcp:8000 tcp:8000” and open http://localhost:8000, or start “cellstorm serve” with https.`,
  );
}

function cameraError(error: unknown): AppError {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return new AppError(
      "camera",
      "The app may not use the camera.",
      "Allow it: tap the lock or the camera symbol beside the address, then “Permissions”, then try again.",
    );
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return new AppError(
      "camera",
      "This device has no camera that a page can use.",
      "Open a movie instead, or connect a camera and try again.",
    );
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return new AppError(
      "camera",
      "The camera is in use by another app.",
      "Close the other app, then try again.",
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError("camera", `The camera could not be opened (${reason}).`, "Try again.");
}
