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
  /** the dark clip of a calibration */
  readonly dark: { readonly movie: File; readonly name: string } | null;
  readonly settings: JobSettings;
  readonly recording: Record<string, unknown> | null;
  /** the same key never makes a second job */
  readonly key: string;
}

/**
 * Makes the job and sends its files; what the server has already is not sent again.
 *
 * Network failures and 5xx are retried with growing pauses; refusals are raised.
 */
export async function handOver(
  workstation: Workstation,
  what: HandOver,
  tell: (progress: HandOverProgress) => void,
  signal: AbortSignal,
): Promise<Job> {
  const { movie, dark } = what;
  const totalBytes = movie.size + (dark?.movie.size ?? 0);
  let sentBytes = 0;
  const again = <T>(work: () => Promise<T>): Promise<T> =>
    retried(work, signal, (waitingFor) => tell({ sentBytes, totalBytes, waitingFor }));
  const job = await again(() =>
    workstation.create({
      name: what.name,
      source: { kind: "upload", size_bytes: movie.size },
      dark:
        dark === null
          ? null
          : { name: dark.name, source: { kind: "upload", size_bytes: dark.movie.size } },
      settings: what.settings,
      recording: what.recording,
      key: what.key,
    }),
  );
  if (job.state !== "uploading") return job;
  const path = `/api/jobs/${job.id}/upload`;
  for (;;) {
    const count = (before: number) => (sent: number) => {
      sentBytes = before + sent;
      tell({ sentBytes, totalBytes, waitingFor: null });
    };
    await sendFile(workstation, path, movie, again, count(0), signal);
    if (dark !== null) {
      await sendFile(
        workstation,
        `${path}?part=dark`,
        dark.movie,
        again,
        count(movie.size),
        signal,
      );
    }
    const checksums = {
      sha256_of_pieces: await digestOfPieces(movie),
      dark: dark === null ? null : { sha256_of_pieces: await digestOfPieces(dark.movie) },
    };
    try {
      const answer = await again(() =>
        workstation.request("POST", `${path}/complete`, JSON.stringify(checksums), {
          "Content-Type": "application/json",
        }),
      );
      return (await answer.json()) as Job;
    } catch (error) {
      // The server has forgotten the file that was wrong; it is sent again.
      if (!(error instanceof Refusal) || error.code !== "wrong_checksum") throw error;
    }
  }
}

async function sendFile(
  workstation: Workstation,
  path: string,
  file: File,
  again: <T>(work: () => Promise<T>) => Promise<T>,
  count: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const known = async (): Promise<number> => {
    const answer = await workstation.request("HEAD", path);
    return Number(answer.headers.get("Upload-Offset") ?? "0");
  };
  let sent = await again(known);
  count(sent);
  while (sent < file.size) {
    stopIfTold(signal);
    sent = await again(async () => {
      try {
        // Pieces end where the checksum's do, so that a resumed upload meets them again.
        const end = Math.min((Math.floor(sent / PIECE_BYTES) + 1) * PIECE_BYTES, file.size);
        const answer = await workstation.request("PATCH", path, file.slice(sent, end), {
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
    count(sent);
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
