/** The camera's worker: reads every frame, measures, codes and writes; nothing waits for the page. */

import { AppError, plainError } from "../errors.ts";
import { decodesExactly, LumaEncoder } from "../record/luma_encoder.ts";
import { RecordingWriter } from "../record/recording_writer.ts";
import { itemFolder } from "../storage/folders.ts";
import { roomLeft } from "../storage/quota.ts";
import type {
  CameraOrder,
  CameraReport,
  FrameFormat,
  FrameSource,
  RecordingEnd,
  RecordingProgress,
} from "./camera_messages.ts";
import { exposureStatistics } from "./exposure_statistics.ts";
import { FrameGaps } from "./frame_gaps.ts";
import { copyLuma, frameRotation, greyRange, hasLumaPlane, storedRectangle } from "./luma.ts";
import { allowedRegion, type Region } from "./region.ts";
import { sharpness } from "./sharpness.ts";

const PREVIEW_EVERY_MS = 80;
const PROGRESS_EVERY_MS = 250;
// Frames of a recording that are decoded and compared with what the camera gave.
const CHECKED_FRAMES = 5;
// So much is kept free: what waits in the encoder still has to be written.
const LEAST_ROOM_BYTES = 24e6;
const DEFAULT_REGION_PX = 256;

interface FirstFrames {
  chunks: EncodedVideoChunk[];
  luma: Uint8Array[];
  config: VideoDecoderConfig | null;
}

type RecordOrder = Extract<CameraOrder, { kind: "record" }>;

// TypeScript knows either the page's names or a worker's, not both.
const scope = self as unknown as {
  postMessage(message: CameraReport, transfer: Transferable[]): void;
  close(): void;
  onmessage: ((event: MessageEvent<CameraOrder>) => void) | null;
};

function report(message: CameraReport, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

/** One recording from its first frame to its closed file. */
class Recording {
  readonly gaps = new FrameGaps();
  readonly startedAt = new Date().toISOString();
  readonly region: Region;
  readonly #order: RecordOrder;
  readonly #format: FrameFormat;
  readonly #encoder: LumaEncoder;
  readonly #writer: RecordingWriter;
  readonly #check: FirstFrames;
  #exact: boolean | null = null;
  #left: number | null = null;
  #leftOut = 0;
  #frames = 0;
  #firstUs: number | null = null;
  #lastUs = 0;
  #toldAt = 0;
  #ending = false;

  private constructor(
    order: RecordOrder,
    region: Region,
    format: FrameFormat,
    encoder: LumaEncoder,
    writer: RecordingWriter,
    check: FirstFrames,
  ) {
    this.#order = order;
    this.region = region;
    this.#format = format;
    this.#encoder = encoder;
    this.#writer = writer;
    this.#check = check;
  }

  static async open(
    order: RecordOrder,
    region: Region,
    stored: Region,
    format: FrameFormat,
  ): Promise<Recording> {
    const room = await roomLeft();
    if (room !== null && room.leftBytes < LEAST_ROOM_BYTES) {
      throw new AppError(
        "storage",
        "The storage of this device is full.",
        "Export recordings and delete them from the library, then record again.",
      );
    }
    const check: FirstFrames = { chunks: [], luma: [], config: null };
    let writer: RecordingWriter | null = null;
    const early: [EncodedVideoChunk, EncodedVideoChunkMetadata | undefined][] = [];
    const encoder = await LumaEncoder.open(
      stored.width,
      stored.height,
      format.range,
      order.frameRateHz,
      order.lossless,
      (chunk, metadata) => {
        if (metadata?.decoderConfig !== undefined) check.config ??= metadata.decoderConfig;
        if (check.chunks.length < CHECKED_FRAMES) check.chunks.push(chunk);
        if (writer === null) early.push([chunk, metadata]);
        else writer.add(chunk, metadata);
      },
    );
    const folder = await itemFolder(order.folder, true);
    writer = await RecordingWriter.open(folder, encoder.codec, {
      ...order.facts,
      codec: encoder.codec,
      grey_range: format.range,
      luma_exact: format.exact,
    });
    for (const [chunk, metadata] of early) writer.add(chunk, metadata);
    return new Recording(order, region, format, encoder, writer, check);
  }

  /** Takes a frame; its buffer is not kept. Returns a reason to end, or null. */
  add(luma: Uint8Array, timestampUs: number): RecordingEnd | null {
    this.gaps.add(timestampUs);
    this.#firstUs ??= timestampUs;
    this.#lastUs = timestampUs;
    try {
      this.#writer.throwIfFailed();
    } catch {
      return "storage";
    }
    if (!this.#encoder.keepsUp) {
      this.#leftOut += 1;
    } else {
      try {
        this.#encoder.encode({ luma, timestampUs });
      } catch {
        return "encoder";
      }
      if (this.#check.luma.length < CHECKED_FRAMES) this.#check.luma.push(luma.slice());
      this.#frames += 1;
    }
    if (this.#frames === CHECKED_FRAMES + 5) void this.#compare();
    const now = performance.now();
    if (now - this.#toldAt > PROGRESS_EVERY_MS) {
      this.#toldAt = now;
      report({ kind: "recording", progress: this.progress });
      void this.#lookAtRoom();
    }
    if (this.#left !== null && this.#left < LEAST_ROOM_BYTES) return "storage";
    if (this.#order.frames !== null && this.#frames >= this.#order.frames) return "frames";
    return null;
  }

  get progress(): RecordingProgress {
    return {
      frames: this.#frames,
      dropped: this.gaps.dropped + this.#leftOut,
      bytes: this.#writer.bytes,
      durationS: this.#firstUs === null ? 0 : (this.#lastUs - this.#firstUs) / 1e6,
      leftBytes: this.#left,
      codec: this.#encoder.codec,
      exact: this.#exact,
      waiting: this.#encoder.waiting,
    };
  }

  /** Closes the file and tells the page; what could be written stays. */
  async end(why: RecordingEnd): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    let problem: unknown = null;
    try {
      await this.#encoder.flush();
    } catch (error) {
      problem = error;
    }
    if (this.#exact === null) await this.#compare();
    await this.#writer.close();
    try {
      this.#writer.throwIfFailed();
    } catch (error) {
      problem ??= error;
    }
    this.#encoder.close();
    report({
      kind: "recorded",
      progress: this.progress,
      end: why,
      fileName: this.#writer.fileName,
      problem: problem === null ? null : plainError(problem),
      startedAt: this.startedAt,
      region: this.region,
      format: this.#format,
    });
  }

  async #compare(): Promise<void> {
    if (!this.#encoder.codec.lossless || this.#check.config === null) return;
    const count = Math.min(this.#check.chunks.length, this.#check.luma.length);
    if (count === 0) return;
    this.#exact = await decodesExactly(
      this.#check.chunks.slice(0, count),
      this.#check.config,
      this.#check.luma.slice(0, count),
      this.#encoder.width,
      this.#encoder.height,
    );
  }

  async #lookAtRoom(): Promise<void> {
    const room = await roomLeft();
    this.#left = room?.leftBytes ?? null;
  }
}

/** The camera as the worker knows it. */
class CameraReader {
  #region: Region | null = null;
  #format: FrameFormat | null = null;
  #storedSize: { width: number; height: number } | null = null;
  #recording: Recording | null = null;
  #opening: RecordOrder | null = null;
  #live = false;
  #liveIndex = 0;
  #liveFirstUs: number | null = null;
  #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #previewAt = 0;
  #closed = false;
  readonly #gaps = new FrameGaps();

  obey(order: CameraOrder): void {
    switch (order.kind) {
      case "open":
        this.#region = order.region;
        void this.#read(order.source);
        break;
      case "region":
        // A recording keeps the region it began with.
        if (this.#recording === null) this.#region = order.region;
        break;
      case "live":
        this.#live = order.on;
        this.#liveIndex = 0;
        this.#liveFirstUs = null;
        break;
      case "record":
        this.#opening = order;
        break;
      case "stop":
        void this.#endRecording("stopped");
        break;
      case "frame":
        void this.#take(order.frame);
        break;
      case "close":
        this.#closed = true;
        void this.#endRecording("stopped").then(() => scope.close());
        break;
    }
  }

  async #read(source: FrameSource): Promise<void> {
    if (source.kind === "page") return;
    try {
      const stream = source.kind === "stream" ? source.readable : framesOf(source.track);
      const reader = stream.getReader();
      while (!this.#closed) {
        const { value, done } = await reader.read();
        if (done || value === undefined) break;
        await this.#take(value);
      }
    } catch (error) {
      report({ kind: "failed", error: plainError(error) });
    }
    await this.#endRecording("camera");
    report({ kind: "ended" });
  }

  async #take(frame: VideoFrame): Promise<void> {
    try {
      await this.#look(frame);
    } catch (error) {
      report({ kind: "failed", error: plainError(error) });
    } finally {
      frame.close();
    }
  }

  async #look(frame: VideoFrame): Promise<void> {
    const format = this.#formatOf(frame);
    const region = allowedRegion(
      this.#recording?.region ?? this.#region ?? this.#middle(format),
      format.width,
      format.height,
    );
    const size = this.#storedSize ?? format;
    const stored = storedRectangle(region, format.rotation, size.width, size.height);
    this.#gaps.add(frame.timestamp);
    const timestampUs = frame.timestamp;
    const { luma, scratch } = await copyLuma(frame, stored, this.#scratch);
    this.#scratch = scratch;
    await this.#record(luma, timestampUs, region, stored, format);
    if (this.#live) this.#handOver(luma, timestampUs, stored);
    const now = performance.now();
    if (now - this.#previewAt > PREVIEW_EVERY_MS) {
      this.#previewAt = now;
      this.#preview(luma, region, stored, format);
    }
  }

  async #record(
    luma: Uint8Array,
    timestampUs: number,
    region: Region,
    stored: Region,
    format: FrameFormat,
  ): Promise<void> {
    if (this.#opening !== null) {
      const order = this.#opening;
      this.#opening = null;
      try {
        this.#recording = await Recording.open(order, region, stored, format);
      } catch (error) {
        report({ kind: "failed", error: plainError(error) });
      }
      // Frames that came meanwhile are in the stream's queue and not lost.
    }
    const end = this.#recording?.add(luma, timestampUs) ?? null;
    if (end !== null) await this.#endRecording(end);
  }

  #handOver(luma: Uint8Array, timestampUs: number, stored: Region): void {
    this.#liveFirstUs ??= timestampUs;
    const pixels = luma.slice() as Uint8Array<ArrayBuffer>;
    report(
      {
        kind: "frame",
        index: this.#liveIndex,
        timestampS: (timestampUs - this.#liveFirstUs) / 1e6,
        width: stored.width,
        height: stored.height,
        pixels,
      },
      [pixels.buffer],
    );
    this.#liveIndex += 1;
  }

  #preview(luma: Uint8Array, region: Region, stored: Region, format: FrameFormat): void {
    const statistics = exposureStatistics(luma, format.range);
    const copy = luma.slice() as Uint8Array<ArrayBuffer>;
    report(
      {
        kind: "preview",
        // what is shown lies as it is stored
        region: { ...region, width: stored.width, height: stored.height },
        luma: copy,
        statistics,
        sharpness: sharpness(luma, stored.width, stored.height, format.range.black),
        framesPerSecond: this.#gaps.framesPerSecond,
        dropped: this.#gaps.dropped,
      },
      [copy.buffer, statistics.histogram.buffer],
    );
  }

  #middle(format: FrameFormat): Region {
    const size = DEFAULT_REGION_PX;
    return {
      x: (format.width - size) / 2,
      y: (format.height - size) / 2,
      width: size,
      height: size,
    };
  }

  #formatOf(frame: VideoFrame): FrameFormat {
    const rotation = frameRotation(frame);
    const width = frame.visibleRect?.width ?? frame.codedWidth;
    const height = frame.visibleRect?.height ?? frame.codedHeight;
    const turned = rotation === 90 || rotation === 270;
    const seen = {
      width: turned ? height : width,
      height: turned ? width : height,
    };
    const known = this.#format;
    if (
      known !== null &&
      known.width === seen.width &&
      known.height === seen.height &&
      known.rotation === rotation
    ) {
      return known;
    }
    if (known !== null && this.#recording !== null) void this.#endRecording("turned");
    const format: FrameFormat = {
      ...seen,
      range: greyRange(frame),
      exact: hasLumaPlane(frame),
      rotation,
    };
    this.#format = format;
    this.#storedSize = { width, height };
    report({ kind: "format", format });
    return format;
  }

  async #endRecording(why: RecordingEnd): Promise<void> {
    this.#opening = null;
    const recording = this.#recording;
    this.#recording = null;
    await recording?.end(why);
  }
}

function framesOf(track: MediaStreamTrack): ReadableStream<VideoFrame> {
  const Processor = (
    self as unknown as {
      MediaStreamTrackProcessor?: new (init: {
        track: MediaStreamTrack;
      }) => { readable: ReadableStream<VideoFrame> };
    }
  ).MediaStreamTrackProcessor;
  if (Processor === undefined) {
    throw new AppError(
      "no-webcodecs",
      "This browser does not hand out the camera's frames.",
      "Use Chrome or Edge, or Safari 18 or newer.",
    );
  }
  return new Processor({ track }).readable;
}

const camera = new CameraReader();
scope.onmessage = (event: MessageEvent<CameraOrder>): void => camera.obey(event.data);
