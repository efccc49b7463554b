/** Grey values to coded video: exactly where the device can, else as well as it can. */

import type { RecordingCodec } from "../camera/camera_messages.ts";
import type { GreyRange } from "../camera/exposure_statistics.ts";
import { AppError } from "../errors.ts";

/** One frame to be coded; `luma` is row by row without padding. */
export interface LumaFrame {
  readonly luma: Uint8Array;
  readonly timestampUs: number;
}

interface Candidate {
  codec: RecordingCodec;
  config: VideoEncoderConfig;
  options: VideoEncoderEncodeOptions;
}

// Frames between pictures that stand alone: files stay readable up to the last second.
const KEY_FRAME_EVERY = 30;
// A coder that is further behind than this (2 s) will not catch up.
const MOST_WAITING = 60;
const BITS_PER_PIXEL = 4;
const MOST_BITS_PER_S = 100e6;

/** Codecs to try, best first. */
function candidates(width: number, height: number, frameRateHz: number): Candidate[] {
  const size = { width, height, framerate: frameRateHz };
  const bitrate = Math.min(BITS_PER_PIXEL * width * height * frameRateHz, MOST_BITS_PER_S);
  const lossless: Candidate = {
    codec: { name: "VP9, lossless", lossless: true, extension: "webm" },
    config: {
      ...size,
      codec: "vp09.00.10.08",
      bitrateMode: "quantizer",
      latencyMode: "realtime",
    },
    options: { vp9: { quantizer: 0 } } as VideoEncoderEncodeOptions,
  };
  const h264 = ["avc1.640034", "avc1.640028", "avc1.4d0028", "avc1.42e028"].map(
    (codec): Candidate => ({
      codec: { name: "H.264", lossless: false, extension: "mp4" },
      config: { ...size, codec, bitrate, bitrateMode: "variable", latencyMode: "realtime" },
      options: {},
    }),
  );
  const lossyVp9: Candidate = {
    codec: { name: "VP9", lossless: false, extension: "webm" },
    config: { ...size, codec: "vp09.00.40.08", bitrate, latencyMode: "realtime" },
    options: {},
  };
  return [lossless, ...h264, lossyVp9];
}

/** The best codec of this device for such frames; `lossless: false` leaves out the exact one. */
export async function chooseCodec(
  width: number,
  height: number,
  frameRateHz: number,
  lossless: boolean,
): Promise<Candidate> {
  if (typeof VideoEncoder === "undefined") {
    throw new AppError(
      "no-webcodecs",
      "This browser cannot code video from a page (it has no WebCodecs).",
      "Open the app in Chrome, Edge or Safari 26, or record with the phone's camera app and open that file.",
    );
  }
  for (const candidate of candidates(width, height, frameRateHz)) {
    if (candidate.codec.lossless && !lossless) continue;
    try {
      const { supported } = await VideoEncoder.isConfigSupported(candidate.config);
      if (supported === true) return candidate;
    } catch {
      // A codec string that the browser does not know is one it does not have.
    }
  }
  throw new AppError(
    "no-webcodecs",
    `This browser has no encoder for frames of ${width} × ${height} px.`,
    "Choose a smaller region, or open the app in Chrome.",
  );
}

/** What leaves the encoder. */
export type ChunkSink = (chunk: EncodedVideoChunk, metadata?: EncodedVideoChunkMetadata) => void;

/** Codes luma planes; chroma is grey. */
export class LumaEncoder {
  readonly codec: RecordingCodec;
  readonly width: number;
  readonly height: number;
  readonly #range: GreyRange;
  readonly #encoder: VideoEncoder;
  readonly #options: VideoEncoderEncodeOptions;
  #count = 0;
  #error: DOMException | null = null;

  private constructor(
    candidate: Candidate,
    width: number,
    height: number,
    range: GreyRange,
    sink: ChunkSink,
  ) {
    this.codec = candidate.codec;
    this.width = width;
    this.height = height;
    this.#range = range;
    this.#options = candidate.options;
    this.#encoder = new VideoEncoder({
      output: sink,
      error: (error) => {
        this.#error = error;
      },
    });
    this.#encoder.configure(candidate.config);
  }

  /** An encoder of the best codec there is. */
  static async open(
    width: number,
    height: number,
    range: GreyRange,
    frameRateHz: number,
    lossless: boolean,
    sink: ChunkSink,
  ): Promise<LumaEncoder> {
    const candidate = await chooseCodec(width, height, frameRateHz, lossless);
    return new LumaEncoder(candidate, width, height, range, sink);
  }

  /** Frames that were handed in and are not coded yet. */
  get waiting(): number {
    return this.#encoder.encodeQueueSize;
  }

  /** False when the encoder is so far behind that frames have to be left out. */
  get keepsUp(): boolean {
    return this.waiting < MOST_WAITING;
  }

  /** Codes one frame. */
  encode(frame: LumaFrame): void {
    this.throwIfFailed();
    const pixels = this.width * this.height;
    const data = new Uint8Array(pixels + pixels / 2);
    data.set(frame.luma);
    data.fill(128, pixels);
    const video = new VideoFrame(data, {
      format: "I420",
      codedWidth: this.width,
      codedHeight: this.height,
      timestamp: frame.timestampUs,
      colorSpace: {
        primaries: "bt709",
        transfer: "bt709",
        matrix: "bt709",
        fullRange: this.#range.black === 0,
      },
      // the copy is ours: the browser may take it over
      transfer: [data.buffer],
    } as VideoFrameBufferInit);
    this.#encoder.encode(video, {
      ...this.#options,
      keyFrame: this.#count % KEY_FRAME_EVERY === 0,
    });
    video.close();
    this.#count += 1;
  }

  /** Codes what waits. */
  async flush(): Promise<void> {
    this.throwIfFailed();
    await this.#encoder.flush();
    this.throwIfFailed();
  }

  close(): void {
    if (this.#encoder.state !== "closed") this.#encoder.close();
  }

  /** Raises what the encoder reported, as a sentence. */
  throwIfFailed(): void {
    if (this.#error === null) return;
    throw new AppError(
      "unexpected",
      `The device's ${this.codec.name} encoder stopped (${this.#error.message}).`,
      "What came before is kept. Record again with a smaller region.",
    );
  }
}

/**
 * Whether coded frames decode to what went in, bit for bit.
 *
 * @param chunks the first coded frames, beginning with one that stands alone
 * @param frames what they were made of, in the same order
 */
export async function decodesExactly(
  chunks: readonly EncodedVideoChunk[],
  config: VideoDecoderConfig,
  frames: readonly Uint8Array[],
  width: number,
  height: number,
): Promise<boolean> {
  if (typeof VideoDecoder === "undefined" || chunks.length === 0) return false;
  const decoded: VideoFrame[] = [];
  let failed = false;
  const decoder = new VideoDecoder({
    output: (frame) => decoded.push(frame),
    error: () => {
      failed = true;
    },
  });
  try {
    decoder.configure(config);
    for (const chunk of chunks) decoder.decode(chunk);
    await decoder.flush();
    if (failed || decoded.length !== frames.length) return false;
    for (const [at, frame] of decoded.entries()) {
      const expected = frames[at];
      const buffer = new Uint8Array(frame.allocationSize());
      const [layout] = await frame.copyTo(buffer);
      for (let y = 0; y < height; y += 1) {
        const row = layout.offset + y * layout.stride;
        for (let x = 0; x < width; x += 1) {
          if (buffer[row + x] !== expected[y * width + x]) return false;
        }
      }
    }
    return true;
  } catch {
    return false;
  } finally {
    for (const frame of decoded) frame.close();
    if (decoder.state !== "closed") decoder.close();
  }
}
