/** A recording on its way to a workstation: in pieces, resumed wherever it was cut. */

import { AppError } from "../errors.ts";
import { type Job, type JobSettings, Refusal, type Workstation } from "./workstation.ts";

// The size that the checksum is defined over (`piece_bytes`, docs/serve_api.md).
const PIECE_BYTES = 4 * 1024 * 1024;
const RETRIES = 8;
const LONGEST_WAIT_MS = 15_000;

/** How far it is. */
export interface HandOverProgress {
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** what stands in the way at the moment, if anything */
  readonly waitingFor: string | null;
}

/** What is handed over. */
export interface HandOver {
  readonly movie: File;
  readonly name: string;
  readonly settings: JobSettings;
  readonly recording: Record<string, unknown> | null;
  /** the same key never makes a second job */
  readonly key: string;
}

/**
 * Makes the job and sends the movie; what the server has already is not sent again.
 *
 * Network failures and 5xx are retried with growing pauses; refusals are raised.
 */
export async function handOver(
  workstation: Workstation,
  what: HandOver,
  tell: (progress: HandOverProgress) => void,
  signal: AbortSignal,
): Promise<Job> {
  const { movie } = what;
  const again = <T>(work: () => Promise<T>): Promise<T> =>
    retried(work, signal, (reason) =>
      tell({ sentBytes: sent, totalBytes: movie.size, waitingFor: reason }),
    );
  let sent = 0;
  const job = await again(() =>
    workstation.create({
      name: what.name,
      source: { kind: "upload", size_bytes: movie.size },
      settings: what.settings,
      recording: what.recording,
      key: what.key,
    }),
  );
  if (job.state !== "uploading") return job;
  const path = `/api/jobs/${job.id}/upload`;
  const known = async (): Promise<number> => {
    const answer = await workstation.request("HEAD", path);
    return Number(answer.headers.get("Upload-Offset") ?? "0");
  };
  sent = await again(known);
  for (;;) {
    while (sent < movie.size) {
      stopIfTold(signal);
      tell({ sentBytes: sent, totalBytes: movie.size, waitingFor: null });
      sent = await again(async () => {
        try {
          // Pieces end where the checksum's do, so that a resumed upload meets them again.
          const end = Math.min((Math.floor(sent / PIECE_BYTES) + 1) * PIECE_BYTES, movie.size);
          const answer = await workstation.request("PATCH", path, movie.slice(sent, end), {
            "Upload-Offset": String(sent),
            "Content-Type": "application/offset+octet-stream",
          });
          return Number(answer.headers.get("Upload-Offset") ?? end);
        } catch (error) {
          if (error instanceof Refusal && error.code === "wrong_offset") return known();
          // What arrived before the line broke is kept by the server.
          if (!(error instanceof Refusal)) sent = await known();
          throw error;
        }
      });
    }
    tell({ sentBytes: sent, totalBytes: movie.size, waitingFor: null });
    const digest = await digestOfPieces(movie);
    try {
      const answer = await again(() =>
        workstation.request(
          "POST",
          `${path}/complete`,
          JSON.stringify({ sha256_of_pieces: digest }),
          { "Content-Type": "application/json" },
        ),
      );
      return (await answer.json()) as Job;
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "wrong_checksum") throw error;
      sent = 0;
    }
  }
}

/** SHA-256 over the digests of the pieces, in hexadecimal; a piece at a time in memory. */
export async function digestOfPieces(movie: Blob): Promise<string> {
  const count = Math.max(1, Math.ceil(movie.size / PIECE_BYTES));
  const digests = new Uint8Array(32 * count);
  for (let at = 0; at < count; at += 1) {
    const piece = await movie.slice(at * PIECE_BYTES, (at + 1) * PIECE_BYTES).arrayBuffer();
    digests.set(new Uint8Array(await crypto.subtle.digest("SHA-256", piece)), 32 * at);
  }
  const whole = new Uint8Array(await crypto.subtle.digest("SHA-256", digests));
  return [...whole].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function retried<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  waiting: (reason: string) => void,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    stopIfTold(signal);
    try {
      return await work();
    } catch (error) {
      const final = error instanceof Refusal && (error.status < 500 || error.status === 507);
      if (final || attempt >= RETRIES) throw error;
      waiting(error instanceof AppError ? error.what : "The connection was cut.");
      const pause = Math.min(500 * 2 ** attempt, LONGEST_WAIT_MS);
      await new Promise((after) => setTimeout(after, pause));
    }
  }
}

function stopIfTold(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new AppError("cancelled", "Sending was stopped.", "Send again to go on where it was.");
  }
}
