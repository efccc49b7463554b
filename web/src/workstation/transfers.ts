/** Recordings on their way to the workstation and results on their way back. */

import { AppError } from "../errors.ts";
import { Emitter } from "../events.ts";
import { APP_VERSION } from "../record/device_facts.ts";
import { FRAMES_FILE } from "../record/recording_facts.ts";
import { type LibraryItem, library } from "../storage/library.ts";
import { preferences } from "../storage/preferences.ts";
import { cameraWords, keepCalibration } from "./calibrations.ts";
import { type HandOver, handOver } from "./hand_over.ts";
import { keepJobResult } from "./job_results.ts";
import { type Job, type JobSettings, type LocalizeSettings, Workstation } from "./workstation.ts";

/** Where one recording stands. */
export interface Transfer {
  readonly itemId: string;
  stage: "sending" | "working" | "fetching" | "done" | "failed";
  /** 0 to 1 within the stage; null: unknown */
  share: number | null;
  words: string;
  job: Job | null;
  /** the library's item that the result became, or that has it */
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
  start(item: LibraryItem, settings: LocalizeSettings): void {
    this.#begin(item, settings, null, async (workstation, job) => {
      const result = await keepJobResult(workstation, job, item);
      return [result.id, "The result is in the library."];
    });
  }

  /** Sends a still and a dark clip and has the camera measured; what comes back stays with it. */
  calibrate(still: LibraryItem, dark: LibraryItem | null): void {
    const settings = { kind: "calibrate", name: still.name } as const;
    this.#begin(still, settings, dark, async (workstation, job) => {
      await keepCalibration(workstation, job, still);
      preferences.set({ jobCamera: { name: still.name, camera: { job: job.id } } });
      return [still.id, `Measured: ${cameraWords(job)}.`];
    });
  }

  #begin(
    item: LibraryItem,
    settings: JobSettings,
    dark: LibraryItem | null,
    keep: (workstation: Workstation, job: Job) => Promise<[string, string]>,
  ): void {
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
    this.#run(transfer, item, settings, dark, keep, end.signal).catch((error: unknown) => {
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
    dark: LibraryItem | null,
    keep: (workstation: Workstation, job: Job) => Promise<[string, string]>,
    signal: AbortSignal,
  ): Promise<void> {
    const workstation = Workstation.chosen();
    transfer.job = await handOver(
      workstation,
      {
        ...(await fileOf(item)),
        dark: dark === null ? null : await fileOf(dark),
        settings,
        recording: await recordingFacts(item),
        key: await keyOf(item, dark, settings),
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
    [transfer.resultId, transfer.words] = await keep(workstation, transfer.job);
    transfer.stage = "done";
    transfer.share = 1;
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
      if (misses === 0) {
        transfer.share =
          job.progress?.frames_total && job.progress.frames_total > 0
            ? job.progress.frames_done / job.progress.frames_total
            : null;
        transfer.words = jobWords(job);
        this.emit("change", transfer);
      }
      await new Promise((after) => setTimeout(after, ASK_EVERY_MS));
      try {
        transfer.job = await workstation.job(job.id);
        misses = 0;
      } catch (error) {
        misses += 1;
        // A phone loses its network now and then; the job goes on without it.
        if (misses > 60) throw error;
        transfer.words =
          "The workstation does not answer. Trying again; nothing that was sent is lost.";
        transfer.share = null;
        this.emit("change", transfer);
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
      if (progress.stage === "measuring") return "Measuring the camera …";
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
export function chosenJobSettings(): LocalizeSettings {
  const { method, pixelSizeNm, jobCamera } = preferences.values;
  return {
    kind: "localize",
    method: { method: method === "gaussian" ? "gaussian" : "net" },
    // without one the workstation estimates it from the movie itself
    camera: jobCamera?.camera ?? null,
    pixel_size_nm: pixelSizeNm,
  };
}

async function fileOf(item: LibraryItem): Promise<Pick<HandOver, "movie" | "name">> {
  const movie = item.movie === null ? null : await library.file(item.id, item.movie);
  if (movie === null) {
    throw new AppError("storage", `The movie of “${item.name}” is not there any more.`, "");
  }
  const ending = movie.name.slice(movie.name.lastIndexOf("."));
  return { movie, name: `${item.name.replaceAll("/", " ")}${ending}` };
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

async function keyOf(
  item: LibraryItem,
  dark: LibraryItem | null,
  settings: JobSettings,
): Promise<string> {
  const words = new TextEncoder().encode(JSON.stringify([settings, dark?.id ?? null]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", words));
  const short = [...digest.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `${item.id}-${short.join("")}`;
}

/** The transfers of this visit. */
export const transfers = new Transfers();
