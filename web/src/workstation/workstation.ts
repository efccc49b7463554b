/** A workstation that runs `cellstorm serve`: what it has, and its jobs. */

import { AppError } from "../errors.ts";
import { preferences } from "../storage/preferences.ts";

/** What the server says of itself; `limits` and the rest are null until it knows who asks. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly needs_token: boolean;
  readonly authorized: boolean;
  readonly secure: boolean;
  readonly limits: {
    readonly most_upload_bytes: number;
    readonly free_bytes: number;
    readonly piece_bytes: number;
  } | null;
  readonly cameras: readonly string[] | null;
}

/** What is said where nothing answers at all. */
export const SILENT = "The workstation does not answer.";

/** The camera that a job is given: a preset, a description, one calibrated there, or a file. */
export type JobCamera =
  | string
  | { readonly job: string }
  | { readonly folder: string; readonly path: string };

/** A camera that the workstation knows. */
export interface KnownCamera {
  readonly name: string;
  readonly notes: string;
  readonly camera: JobCamera;
}

/** A number of a calibration, in words. */
export interface MeasuredQuantity {
  readonly name: string;
  readonly value: string;
  readonly error: string;
  readonly unit: string;
}

export type JobState = "uploading" | "queued" | "running" | "done" | "failed" | "cancelled";

/** A job as the server tells it. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  readonly created: string;
  readonly revision: number;
  readonly settings: { readonly kind?: "localize" | "calibrate" };
  readonly upload: { readonly offset_bytes: number; readonly size_bytes: number } | null;
  readonly queue_position: number | null;
  readonly cancelling: boolean;
  readonly progress: {
    readonly stage: string;
    readonly frames_done: number;
    readonly frames_total: number | null;
    readonly molecules: number;
    readonly frames_per_second: number | null;
  } | null;
  readonly error: { readonly what: string; readonly todo: string | null } | null;
  readonly summary: Record<string, unknown> | null;
  readonly notices: readonly string[];
  readonly results: readonly JobResult[];
}

export interface JobResult {
  readonly name: string;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly url: string;
}

/** An entry of a folder that the server shows. */
export interface FolderEntry {
  readonly name: string;
  readonly path: string;
  readonly kind: "folder" | "movie" | "table" | "picture" | "camera" | "other";
  readonly size_bytes: number | null;
  readonly modified: string;
}

export interface FolderListing {
  readonly folder: string;
  readonly path: string;
  readonly truncated: boolean;
  readonly entries: readonly FolderEntry[];
}

/** What a job is to do; the settings are those of `cellstorm localize`. */
export interface LocalizeSettings {
  readonly kind: "localize";
  readonly method?: { readonly method: "net" | "gaussian" };
  readonly camera?: JobCamera | null;
  readonly pixel_size_nm?: number | null;
}

/** Those of `cellstorm calibrate`. */
export interface CalibrationSettings {
  readonly kind: "calibrate";
  readonly name: string;
}

export type JobSettings = LocalizeSettings | CalibrationSettings;

/** Where a job's file comes from. */
export type JobSource =
  | { readonly kind: "upload"; readonly size_bytes: number }
  | { readonly kind: "folder"; readonly folder: string; readonly path: string };

/** Requests to one server. */
export class Workstation {
  readonly #root: string;
  readonly #token: string;

  /** @param root its address; empty for the one that this page comes from */
  constructor(root: string, token: string) {
    this.#root = root.replace(/\/+$/, "");
    this.#token = token;
  }

  /** The one that the person chose, or the page's own. */
  static chosen(): Workstation {
    const { workstation, token } = preferences.values;
    return new Workstation(workstation, token);
  }

  facts(): Promise<ServerFacts> {
    return this.#json<ServerFacts>("GET", "/api/server");
  }

  /** Lets this browser in with the token that the terminal shows. */
  async signIn(token: string): Promise<void> {
    await this.request("POST", "/api/session", JSON.stringify({ token }), {
      "Content-Type": "application/json",
    });
  }

  async jobs(): Promise<Job[]> {
    return (await this.#json<{ jobs: Job[] }>("GET", "/api/jobs?limit=100")).jobs;
  }

  job(id: string): Promise<Job> {
    return this.#json<Job>("GET", `/api/jobs/${id}`);
  }

  cancel(id: string): Promise<Job> {
    return this.#json<Job>("POST", `/api/jobs/${id}/cancel`);
  }

  retry(id: string): Promise<Job> {
    return this.#json<Job>("POST", `/api/jobs/${id}/retry`);
  }

  async remove(id: string): Promise<void> {
    await this.request("DELETE", `/api/jobs/${id}`);
  }

  /** Makes a job, or gives the one that was made with the same key. */
  create(body: {
    name?: string;
    source: JobSource;
    dark?: { name?: string; source: JobSource } | null;
    settings: JobSettings;
    recording?: Record<string, unknown> | null;
    key: string | null;
  }): Promise<Job> {
    return this.#json<Job>("POST", "/api/jobs", body);
  }

  /** Cameras that were calibrated there, the newest first, then the presets. */
  async cameras(): Promise<KnownCamera[]> {
    return (await this.#json<{ cameras: KnownCamera[] }>("GET", "/api/cameras")).cameras;
  }

  async folders(): Promise<string[]> {
    const { folders } = await this.#json<{ folders: { name: string }[] }>("GET", "/api/folders");
    return folders.map((folder) => folder.name);
  }

  entries(folder: string, path: string): Promise<FolderListing> {
    const query = new URLSearchParams({ path });
    return this.#json<FolderListing>(
      "GET",
      `/api/folders/${encodeURIComponent(folder)}/entries?${query}`,
    );
  }

  /** A file of a folder, whole. */
  async folderFile(folder: string, path: string): Promise<Blob> {
    const query = new URLSearchParams({ path });
    const answer = await this.request(
      "GET",
      `/api/folders/${encodeURIComponent(folder)}/file?${query}`,
    );
    return answer.blob();
  }

  /** One of a job's results. */
  async result(job: Job, name: string): Promise<Blob> {
    const answer = await this.request("GET", `/api/jobs/${job.id}/results/${name}`);
    return answer.blob();
  }

  /** The address of a result, for pictures and new tabs. */
  address(path: string): string {
    return `${this.#root}${path}`;
  }

  /** Any request; refusals come as sentences. */
  async request(
    method: string,
    path: string,
    body: BodyInit | null = null,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const all = new Headers(headers);
    if (this.#token !== "") all.set("Authorization", `Bearer ${this.#token}`);
    let answer: Response;
    try {
      answer = await fetch(this.address(path), {
        method,
        body,
        headers: all,
        credentials: this.#root === "" ? "same-origin" : "omit",
        cache: "no-store",
      });
    } catch {
      throw new AppError(
        "server",
        SILENT,
        "See that “cellstorm serve” runs there and that this device is in the same network.",
      );
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer =
      body === undefined
        ? await this.request(method, path)
        : await this.request(method, path, JSON.stringify(body), {
            "Content-Type": "application/json",
          });
    const type = answer.headers.get("Content-Type") ?? "";
    if (!type.includes("json")) {
      throw new AppError(
        "server",
        "There is no cellstorm server behind this page.",
        "Open the app from a workstation that runs “cellstorm serve”, or enter its address.",
      );
    }
    return (await answer.json()) as T;
  }
}

/** A refusal with the code that programs look at. */
export class Refusal extends AppError {
  constructor(
    readonly status: number,
    readonly code: string,
    what: string,
    todo: string,
  ) {
    super("server", what, todo);
  }
}

async function refusal(answer: Response): Promise<AppError> {
  try {
    const { code, what, todo } = (await answer.json()) as Record<string, string | null>;
    return new Refusal(answer.status, code ?? "", what ?? answer.statusText, todo ?? "");
  } catch {
    return new Refusal(
      answer.status,
      "",
      `The workstation refused (${answer.status}).`,
      answer.status === 404
        ? "There is no cellstorm server behind this address."
        : "Try again later.",
    );
  }
}
