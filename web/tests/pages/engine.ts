/** What the tests in a real browser call; they find it at `window.engine`. */
import { AppError } from "../../src/errors.ts";
import { Engine } from "../../src/localize/net/engine/engine.ts";
import { type KernelKind, openKernels } from "../../src/localize/net/engine/kernels.ts";
import { readGraph } from "../../src/localize/net/engine/onnx_graph.ts";
import { readProgram } from "../../src/localize/net/engine/program.ts";
import { localizeMovie } from "../../src/localize/session.ts";
import type { SessionSettings } from "../../src/localize/session_types.ts";
import { openMovie } from "../../src/movie/open_movie.ts";

async function fetched(address: string): Promise<Blob> {
  return (await fetch(address)).blob();
}

const engine = {
  /** Facts of a movie, and the SHA-256 of the luma of each of its frames. */
  async lumaOf(address: string, start = 0, stop = Number.POSITIVE_INFINITY): Promise<unknown> {
    try {
      const movie = await openMovie(await fetched(address), address);
      const digests: string[] = [];
      const {
        frameCount,
        width,
        height,
        bitDepth,
        valueRange,
        formatName,
        frameRateHz,
        pixelSizeNm,
      } = movie;
      const times: (number | null)[] = [];
      for await (const frame of movie.frames(start, Math.min(stop, frameCount))) {
        const bytes = new Uint8Array(frame.pixels.buffer.slice(0) as ArrayBuffer);
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
        digests.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
        times.push(frame.timestampS);
      }
      movie.close();
      return {
        frameCount,
        width,
        height,
        bitDepth,
        valueRange,
        formatName,
        frameRateHz,
        pixelSizeNm,
        digests,
        times,
      };
    } catch (error) {
      if (error instanceof AppError) return { kind: error.kind, message: error.message };
      throw error;
    }
  },

  /** Maps that the network gives with one kind of kernels; `null` where the processor has not. */
  async maps(
    kind: KernelKind,
    address: string,
    [count, channels, height, width]: readonly number[],
  ): Promise<number[] | null> {
    const bytesOf = async (name: string): Promise<ArrayBuffer> =>
      (await fetched(name)).arrayBuffer();
    const program = readProgram(readGraph(new Uint8Array(await bytesOf("models/phone.onnx"))));
    const kernels = await openKernels(kind).catch(() => null);
    if (kernels === null) return null;
    const data = new Float32Array(await bytesOf(address));
    const maps = new Engine(program, kernels).maps({ data, count, channels, height, width });
    return Array.from(maps.data);
  },

  /** Localizes a movie in workers; the columns as plain numbers, and how long it took. */
  async localize(address: string, settings: SessionSettings): Promise<unknown> {
    const movie = await openMovie(await fetched(address), address);
    const session = localizeMovie(movie, settings);
    let failure: string | null = null;
    let began = performance.now();
    session.on("failed", ({ error }) => {
      failure = error.message;
    });
    let summary: unknown = null;
    session.on("prepared", (prepared) => {
      summary = prepared;
      began = performance.now();
    });
    await session.done;
    const seconds = (performance.now() - began) / 1000;
    const columns = Object.fromEntries(
      session.table.names.map((name) => [name, Array.from(session.table.column(name))]),
    );
    return { failure, columns, seconds, framesDone: session.progress.framesDone, summary };
  },
};

(globalThis as unknown as { engine: typeof engine }).engine = engine;
