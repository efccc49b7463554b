/** Recordings on their way to the workstation and results on their way back. */

import { AppError } from "../errors.ts";
import { Emitter } from "../events.ts";
import { APP_VERSION } from "../record/device_facts.ts";
import { FRAMES_FILE } from "../record/recording_facts.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { handOver } from "./hand_over.ts";
import { keepJobResult } from "./job_results.ts";
import { type Job, type JobSettings, Workstation } from "./workstation.ts";

/** Where one recording stands. */
export interface Transfer {
  readonly itemId: string;
  stage: "sending" | "working" | "fetching" | "done" | "failed";
  /** 0 to 1 within the stage; null: unknown */
  share: number | null;
  words: string;
  job: Job | null;
  /** the library's item that the result became */
  resultId: string | null;
  error: AppError | null;
}

const ASK_EVERY_MS = 1000;
// Timestamps go along as long as the server takes them (900 kB of JSON).
const MOST_FRAME_BYTES = 700_000;

class Transfers extends Emitter<{ change: Transfer }> {
  readonly #all = new Map<string, Transfer>();
  readonly #ends = new Map<string, AbortController>();

  /** The transfer of an item, if there is one in this visit. */
  of(itemId: string): Transfer | null {
    return this.#all.get(itemId) ?? null;
  }

  /** Sends, waits for the job, fetches the result; goes on where an earlier visit was cut. */
  start(item: LibraryItem, settings: JobSettings): void {
    const running = this.#all.get(item.id);
    if (running !== undefined && running.stage !== "failed" && running.stage !== "done") return;
    const transfer: Transfer = {
      itemId: item.id,
      stage: "sending",
      share: 0,
      words: "Asking the workstation …",
      job: null,
      resultId: null,
      error: null,
    };
    const end = new AbortController();
    this.#all.set(item.id, transfer);
    this.#ends.set(item.id, end);
    this.#run(transfer, item, settings, end.signal).catch((error: unknown) => {
      transfer.stage = "failed";
      transfer.error =
        error instanceof AppError
          ? error
          : new AppError("unexpected", String(error), "Send it again: it goes on where it was.");
      this.emit("change", transfer);
    });
    this.emit("change", transfer);
  }

  /** Stops sending or waiting; what was sent stays on the workstation. */
  stop(itemId: string): void {
    this.#ends.get(itemId)?.abort();
  }

  async #run(
    transfer: Transfer,
    item: LibraryItem,
    settings: JobSettings,
    signal: AbortSignal,
  ): Promise<void> {
    const workstation = Workstation.chosen();
    const movie = item.movie === null ? null : await library.file(item.id, item.movie);
    if (movie === null) {
      throw new AppError("storage", "The movie of this item is not there any more.", "");
    }
    const ending = movie.name.slice(movie.name.lastIndexOf("."));
    transfer.job = await handOver(
      workstation,
      {
        movie,
        name: `${item.name.replaceAll("/", " ")}${ending}`,
        settings,
        recording: await recordingFacts(item),
        key: await keyOf(item, settings),
      },
      ({ sentBytes, totalBytes, waitingFor }) => {
        transfer.share = totalBytes === 0 ? null : sentBytes / totalBytes;
        transfer.words =
          waitingFor === null
            ? `Sending: ${Math.floor((100 * sentBytes) / Math.max(totalBytes, 1))} %`
            : `Waiting to go on: ${waitingFor}`;
        this.emit("change", transfer);
      },
      signal,
    );
    item.job = transfer.job.id;
    item.facts = { ...item.facts, workstation: preferences.values.workstation };
    await library.save(item);
    await this.#wait(transfer, workstation, signal);
    transfer.stage = "fetching";
    transfer.share = null;
    transfer.words = "Fetching the result …";
    this.emit("change", transfer);
    const result = await keepJobResult(workstation, transfer.job, item);
    transfer.resultId = result.id;
    transfer.stage = "done";
    transfer.share = 1;
    transfer.words = "The result is in the library.";
    this.emit("change", transfer);
  }

  async #wait(transfer: Transfer, workstation: Workstation, signal: AbortSignal): Promise<void> {
    transfer.stage = "working";
    let misses = 0;
    for (;;) {
      if (signal.aborted) throw new AppError("cancelled", "Not waiting any more.", "");
      const job = transfer.job;
      if (job === null) return;
      if (job.state === "done") return;
      if (job.state === "failed" || job.state === "cancelled") {
        throw new AppError(
          "server",
          job.error?.what ?? "The job was cancelled on the workstation.",
          job.error?.todo ?? "Send it again to try once more.",
        );
      }
      transfer.share =
        job.progress?.frames_total && job.progress.frames_total > 0
          ? job.progress.frames_done / job.progress.frames_total
          : null;
      transfer.words = jobWords(job);
      this.emit("change", transfer);
      await new Promise((after) => setTimeout(after, ASK_EVERY_MS));
      try {
        transfer.job = await workstation.job(job.id);
        misses = 0;
      } catch (error) {
        misses += 1;
        // A phone loses its network now and then; the job goes on without it.
        if (misses > 60) throw error;
      }
    }
  }
}

/** What a job is doing, in words. */
export function jobWords(job: Job): string {
  switch (job.state) {
    case "uploading":
      return "Waiting for the movie";
    case "queued":
      return job.queue_position !== null && job.queue_position > 1
        ? `Waiting: number ${job.queue_position} in the queue`
        : "Waiting for its turn";
    case "running": {
      if (job.cancelling) return "Stopping …";
      const progress = job.progress;
      if (progress === null) return "Starting …";
      if (progress.stage === "preparing") return "Looking at the movie …";
      if (progress.stage === "finishing") return "Drawing the picture …";
      const total = progress.frames_total === null ? "" : ` of ${progress.frames_total}`;
      return `Frame ${progress.frames_done}${total}, ${progress.molecules} molecules`;
    }
    case "done":
      return "Done";
    case "failed":
      return "Failed";
    case "cancelled":
      return "Cancelled";
  }
}

/** The settings that the person chose, for a job. */
export function chosenJobSettings(): JobSettings {
  const { method, pixelSizeNm } = preferences.values;
  return {
    method: { method: method === "gaussian" ? "gaussian" : "net" },
    // the workstation measures the camera from the movie itself
    camera: null,
    pixel_size_nm: pixelSizeNm,
  };
}

async function recordingFacts(item: LibraryItem): Promise<Record<string, unknown>> {
  const frames = await library.file(item.id, FRAMES_FILE);
  return {
    app_version: APP_VERSION,
    name: item.name,
    created: item.createdAt,
    recording: item.recording,
    ...item.facts,
    frames_csv: frames !== null && frames.size < MOST_FRAME_BYTES ? await frames.text() : null,
  };
}

async function keyOf(item: LibraryItem, settings: JobSettings): Promise<string> {
  const words = new TextEncoder().encode(JSON.stringify(settings));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", words));
  const short = [...digest.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `${item.id}-${short.join("")}`;
}

/** The transfers of this visit. */
export const transfers = new Transfers();
