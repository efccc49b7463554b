import {
  BlobSource,
  type EncodedPacket,
  EncodedPacketSink,
  Input,
  type InputVideoTrack,
  MATROSKA,
  MP4,
  QTFF,
  WEBM,
} from "mediabunny";
import { AppError } from "../errors.ts";
import type { GreyFrame } from "./frame.ts";
import { FrameQueue } from "./frame_queue.ts";
import { h264Range } from "./h264_range.ts";
import { LumaCopier, lumaBits } from "./luma_plane.ts";
import { cutShort, noIndex, noVideo, noWebCodecs, unsupportedCodec } from "./movie_error.ts";
import type { MovieReader } from "./movie_reader.ts";

// pictures that a decoder may hold: it needs a few to bring B pictures into order
const MOST_AHEAD = 12;
const CODEC_NAMES: Record<string, string> = {
  avc: "H.264",
  hevc: "HEVC (H.265)",
  vp8: "VP8",
  vp9: "VP9",
  av1: "AV1",
};

interface Facts {
  readonly name: string;
  readonly formatName: string;
  readonly config: VideoDecoderConfig;
  /** Presentation times of all frames, microseconds, rising. */
  readonly timesUs: readonly number[];
  readonly valueRange: "full" | "limited";
}

/** MP4, MOV, WebM or MKV through WebCodecs: the luma as it was recorded, bit for bit. */
export class VideoMovie implements MovieReader {
  readonly pixelSizeNm = null;
  readonly notices: readonly string[] = [];
  readonly name: string;
  readonly formatName: string;
  readonly frameCount: number;
  readonly valueRange: "full" | "limited";
  readonly frameRateHz: number | null;
  width = 0;
  height = 0;
  bitDepth = 8;
  private readonly numberAt: ReadonlyMap<number, number>;

  private constructor(
    private readonly input: Input,
    private readonly sink: EncodedPacketSink,
    private readonly facts: Facts,
  ) {
    this.name = facts.name;
    this.formatName = facts.formatName;
    this.valueRange = facts.valueRange;
    this.frameCount = facts.timesUs.length;
    // the first of those that share a time
    this.numberAt = new Map(facts.timesUs.map((time, number) => [time, number] as const).reverse());
    this.frameRateHz = frameRate(facts.timesUs);
  }

  /** Opens a file and decodes its first frame; `null` when it is no video file. */
  static async open(file: Blob, name: string): Promise<VideoMovie | null> {
    const input = new Input({
      formats: [MP4, QTFF, MATROSKA, WEBM],
      source: new BlobSource(file),
    });
    const isReadable = await input.canRead().catch(() => false);
    if (!isReadable) {
      input.dispose();
      if (await beginsAsMp4(file)) throw noIndex(name);
      return null;
    }
    try {
      const movie = await VideoMovie.ofInput(input, name);
      await movie.look();
      return movie;
    } catch (error) {
      input.dispose();
      throw error instanceof AppError ? error : cutShort(name, 0);
    }
  }

  async *frames(start: number, stop: number): AsyncGenerator<GreyFrame, void, void> {
    const queue = new FrameQueue<VideoFrame>();
    const failed = (error: unknown): void => queue.fail(error);
    const decoder = new VideoDecoder({ output: (frame) => queue.push(frame), error: failed });
    const over = { is: false };
    const copier = new LumaCopier();
    let next = start;
    let isTakenAway = false;
    try {
      decoder.configure(this.facts.config);
      this.feed(decoder, queue, start, stop, over).catch(failed);
      while (next < stop) {
        const frame = await queue.next();
        try {
          const sharesTime = frame.timestamp === this.facts.timesUs[next];
          const index = sharesTime ? next : this.numberAt.get(frame.timestamp);
          if (index === undefined || index < next) continue;
          if (index >= stop) break;
          if (index > next) throw cutShort(this.name, next);
          yield {
            index,
            timestampS: (frame.timestamp - this.facts.timesUs[0]) / 1e6,
            width: this.width,
            height: this.height,
            pixels: await copier.copy(frame),
          };
          next = index + 1;
        } finally {
          frame.close();
        }
      }
    } catch (error) {
      // browsers take a decoder away that waits long for a slow localizer
      isTakenAway =
        error instanceof DOMException && error.name === "QuotaExceededError" && next > start;
      if (!isTakenAway) {
        throw error instanceof AppError ? error.at(this.name) : cutShort(this.name, next);
      }
    } finally {
      over.is = true;
      for (const frame of queue.clear()) frame.close();
      if (decoder.state !== "closed") decoder.close();
    }
    if (isTakenAway) yield* this.frames(next, stop);
  }

  close(): void {
    this.input.dispose();
  }

  private static async ofInput(input: Input, name: string): Promise<VideoMovie> {
    const track = await input.getPrimaryVideoTrack();
    if (track === null) {
      throw (await input.getTracks()).length === 0 ? noIndex(name) : noVideo(name);
    }
    const codec = await track.getCodec();
    const spoken = codec === null ? "this codec" : (CODEC_NAMES[codec] ?? codec);
    if (typeof VideoDecoder === "undefined") throw noWebCodecs(name);
    const config = await track.getDecoderConfig();
    const usable = config === null ? null : await supported(config);
    if (usable === null) throw unsupportedCodec(name, spoken);
    const sink = new EncodedPacketSink(track);
    const container = (await input.getFormat()).name;
    const facts: Facts = {
      name,
      formatName: `${container} video, ${spoken}`,
      config: usable,
      timesUs: await presentationTimes(sink, name),
      valueRange: await rangeOf(track, usable),
    };
    return new VideoMovie(input, sink, facts);
  }

  /** Size and depth from the first frame. */
  private async look(): Promise<void> {
    const queue = new FrameQueue<VideoFrame>();
    const failed = (error: unknown): void => queue.fail(error);
    const decoder = new VideoDecoder({ output: (frame) => queue.push(frame), error: failed });
    try {
      decoder.configure(this.facts.config);
      this.feed(decoder, queue, 0, 1, { is: false }).catch(failed);
      const frame = await queue.next();
      try {
        this.width = frame.visibleRect?.width ?? frame.codedWidth;
        this.height = frame.visibleRect?.height ?? frame.codedHeight;
        this.bitDepth = lumaBits(frame);
      } finally {
        frame.close();
      }
    } catch (error) {
      throw error instanceof AppError ? error.at(this.name) : cutShort(this.name, 0);
    } finally {
      for (const frame of queue.clear()) frame.close();
      if (decoder.state !== "closed") decoder.close();
    }
  }

  /** Gives the decoder what it needs for frames `start` to `stop`, not too far ahead. */
  private async feed(
    decoder: VideoDecoder,
    queue: FrameQueue<VideoFrame>,
    start: number,
    stop: number,
    over: { is: boolean },
  ): Promise<void> {
    const { timesUs } = this.facts;
    const seconds = timesUs[start] / 1e6;
    const first =
      (await this.sink.getKeyPacket(seconds + 1e-6)) ?? (await this.sink.getFirstKeyPacket());
    if (first === null) throw cutShort(this.name, 0);
    let needed = stop - start;
    let packet: EncodedPacket | null = first;
    while (packet !== null && needed > 0) {
      while (decoder.decodeQueueSize + queue.length > MOST_AHEAD && !over.is) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      if (over.is || decoder.state === "closed") return;
      decoder.decode(packet.toEncodedVideoChunk());
      const number = this.numberAt.get(packet.microsecondTimestamp) ?? -1;
      if (number >= start && number < stop) needed--;
      packet = await this.sink.getNextPacket(packet);
    }
    if (over.is || decoder.state === "closed") return;
    await decoder.flush();
    queue.fail(new Error("the decoder gave fewer pictures"));
  }
}

async function presentationTimes(sink: EncodedPacketSink, name: string): Promise<number[]> {
  const times: number[] = [];
  try {
    for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
      times.push(packet.microsecondTimestamp);
    }
  } catch (error) {
    // a file that breaks off: what was listed before can be read
    if (times.length === 0) throw error;
  }
  if (times.length === 0) throw cutShort(name, 0);
  return times.sort((a, b) => a - b);
}

/** The decoder's settings; a software decoder where there is one, for it hides no plane. */
async function supported(config: VideoDecoderConfig): Promise<VideoDecoderConfig | null> {
  for (const hardwareAcceleration of ["prefer-software", "no-preference"] as const) {
    const wanted: VideoDecoderConfig = { ...config, hardwareAcceleration };
    if ((await VideoDecoder.isConfigSupported(wanted)).supported) return wanted;
  }
  return null;
}

/** As the container or else the stream says; where neither does: full, as Python takes it. */
async function rangeOf(
  track: InputVideoTrack,
  config: VideoDecoderConfig,
): Promise<"full" | "limited"> {
  const codec = await track.getCodec();
  if (codec === "vp8") return "limited";
  if (codec === "avc" && config.description !== undefined) {
    const said = h264Range(bytesOf(config.description));
    // the reader of containers takes silence for limited
    if (said === null && (await track.getColorSpace()).primaries == null) return "full";
    if (said !== null) return said;
  }
  return (await track.getColorSpace()).fullRange === false ? "limited" : "full";
}

function bytesOf(data: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** From ordinary steps between frames; dropped frames left aside. */
function frameRate(timesUs: readonly number[]): number | null {
  if (timesUs.length < 2) return null;
  const steps = timesUs.slice(1).map((time, i) => time - timesUs[i]);
  const middle = [...steps].sort((a, b) => a - b)[steps.length >> 1];
  const ordinary = steps.filter((step) => Math.abs(step - middle) <= 0.5 * middle);
  const mean = ordinary.reduce((total, step) => total + step, 0) / ordinary.length;
  return mean > 0 ? 1e6 / mean : null;
}

async function beginsAsMp4(file: Blob): Promise<boolean> {
  return (await file.slice(4, 8).text()) === "ftyp";
}
