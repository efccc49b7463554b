/** Coded frames to a file in the browser's own file system, as they come. */

import {
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  type StreamTargetChunk,
  WebMOutputFormat,
} from "mediabunny";
import type { RecordingCodec } from "../camera/camera_messages.ts";
import { storageError } from "../storage/folders.ts";

// as in recording_facts.ts, which the worker has no use for
const FRAMES_FILE = "frames.csv";

// WebM counts milliseconds: frames of the same one could not be told apart. The list of times
// has the camera's own.
const LEAST_STEP_US = 1000;

// Written this often, the last second is what a crash can cost.
const FLUSH_EVERY_S = 1;

interface SyncHandle {
  write(data: BufferSource, options?: { at: number }): number;
  flush(): void;
  close(): void;
  truncate(size: number): void;
  getSize(): number;
}

async function syncHandle(folder: FileSystemDirectoryHandle, name: string): Promise<SyncHandle> {
  const handle = await folder.getFileHandle(name, { create: true });
  const opened = handle as FileSystemFileHandle & {
    createSyncAccessHandle(): Promise<SyncHandle>;
  };
  const access = await opened.createSyncAccessHandle();
  access.truncate(0);
  return access;
}

/**
 * A recording that grows in its folder: the movie, and a list of its frames' times.
 *
 * The movie is WebM in clusters or fragmented MP4, readable up to its last whole second at
 * any moment. Runs in a worker.
 */
export class RecordingWriter {
  readonly fileName: string;
  bytes = 0;
  readonly #movie: SyncHandle;
  readonly #times: SyncHandle;
  readonly #output: Output;
  readonly #source: EncodedVideoPacketSource;
  #firstUs: number | null = null;
  #lastUs = -LEAST_STEP_US;
  #timesBytes = 0;
  #lines = "frame,timestamp_us\n";
  #index = 0;
  #lastFlushUs = 0;
  #failure: unknown = null;
  #pending: Promise<void> = Promise.resolve();

  private constructor(
    fileName: string,
    movie: SyncHandle,
    times: SyncHandle,
    codec: RecordingCodec,
    facts: Record<string, unknown>,
  ) {
    this.fileName = fileName;
    this.#movie = movie;
    this.#times = times;
    const writable = new WritableStream<StreamTargetChunk>({
      write: ({ data, position }) => {
        this.#write(data, position);
      },
    });
    this.#output = new Output({
      format:
        codec.extension === "webm"
          ? new WebMOutputFormat({ minimumClusterDuration: FLUSH_EVERY_S })
          : new Mp4OutputFormat({
              fastStart: "fragmented",
              minimumFragmentDuration: FLUSH_EVERY_S,
            }),
      target: new StreamTarget(writable),
    });
    this.#source = new EncodedVideoPacketSource(codec.extension === "webm" ? "vp9" : "avc");
    this.#output.addVideoTrack(this.#source);
    this.#output.setMetadataTags({
      title: String(facts.name ?? "cellstorm recording"),
      date: new Date(String(facts.started)),
      comment: JSON.stringify(facts),
    });
  }

  /** Opens both files in `folder`. */
  static async open(
    folder: FileSystemDirectoryHandle,
    codec: RecordingCodec,
    facts: Record<string, unknown>,
  ): Promise<RecordingWriter> {
    try {
      const fileName = `movie.${codec.extension}`;
      const movie = await syncHandle(folder, fileName);
      const times = await syncHandle(folder, FRAMES_FILE);
      const writer = new RecordingWriter(fileName, movie, times, codec, facts);
      await writer.#output.start();
      return writer;
    } catch (error) {
      throw storageError(error);
    }
  }

  /** Adds a coded frame; frames come in the order they were taken. */
  add(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    this.#firstUs ??= chunk.timestamp;
    this.#lastUs = Math.max(chunk.timestamp - this.#firstUs, this.#lastUs + LEAST_STEP_US);
    const packet = EncodedPacket.fromEncodedChunk(chunk).clone({ timestamp: this.#lastUs / 1e6 });
    this.#lines += `${this.#index},${chunk.timestamp}\n`;
    this.#index += 1;
    this.#pending = this.#pending
      .then(() => this.#source.add(packet, metadata))
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
    if (chunk.timestamp - this.#lastFlushUs > FLUSH_EVERY_S * 1e6) {
      this.#lastFlushUs = chunk.timestamp;
      this.#writeTimes();
    }
  }

  /** Raises what went wrong with writing, as a sentence. */
  throwIfFailed(): void {
    if (this.#failure !== null) throw storageError(this.#failure);
  }

  /** Completes the file and closes it; after a failure closes it as it is. */
  async close(): Promise<void> {
    try {
      await this.#pending;
      if (this.#failure === null) {
        await this.#output.finalize();
      }
      this.#writeTimes();
    } catch (error) {
      this.#failure ??= error;
    } finally {
      for (const handle of [this.#movie, this.#times]) {
        try {
          handle.flush();
        } catch (error) {
          this.#failure ??= error;
        }
        handle.close();
      }
    }
  }

  #write(data: Uint8Array<ArrayBuffer>, position: number): void {
    try {
      const written = this.#movie.write(data, { at: position });
      if (written < data.byteLength) throw new DOMException("no room", "QuotaExceededError");
      this.bytes = Math.max(this.bytes, position + written);
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  #writeTimes(): void {
    if (this.#lines === "") return;
    try {
      const data = new TextEncoder().encode(this.#lines);
      const written = this.#times.write(data, { at: this.#timesBytes });
      if (written < data.byteLength) throw new DOMException("no room", "QuotaExceededError");
      this.#timesBytes += written;
      this.#lines = "";
      this.#movie.flush();
      this.#times.flush();
    } catch (error) {
      this.#failure ??= error;
    }
  }
}
