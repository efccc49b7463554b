/** Keeps the result of a running localization in the library, from time to time and at its end. */

import { AppError } from "../errors.ts";
import type { LocalizeSession, SessionSettings } from "../localize/session_types.ts";
import { type LibraryItem, library, type ResultSummary } from "./library.ts";
import { packTable, TABLE_FILE } from "./table_file.ts";

// Longer tables are kept less often: writing must not slow the work down.
const LEAST_PAUSE_S = 15;
const PAUSE_PER_MILLION_ROWS_S = 30;

/** Where the frames came from. */
export interface MovieOrigin {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** the library's recording, if it was one */
  readonly itemId: string | null;
}

/** One result on its way into the library. */
export class ResultKeeper {
  #item: LibraryItem | null = null;
  #writing: Promise<void> = Promise.resolve();
  #writtenAt = performance.now();
  #decisions: Record<string, string> = {};
  #notices: readonly string[] = [];
  #decided: Record<string, unknown> = {};
  readonly #session: LocalizeSession;
  readonly #origin: MovieOrigin;
  readonly #name: string;

  constructor(session: LocalizeSession, origin: MovieOrigin, name: string) {
    this.#session = session;
    this.#origin = origin;
    this.#name = name;
    session.on("prepared", ({ summary, notices, settings }) => {
      this.#decisions = summary;
      this.#notices = notices;
      this.#decided = settings;
    });
    session.on("progress", () => {
      const seconds = (performance.now() - this.#writtenAt) / 1000;
      const pause = LEAST_PAUSE_S + (PAUSE_PER_MILLION_ROWS_S * session.table.rows) / 1e6;
      if (seconds > pause) {
        this.#writtenAt = performance.now();
        this.#writing = this.#writing.then(() => this.#write(false)).catch(() => undefined);
      }
    });
  }

  get decisions(): Record<string, string> {
    return this.#decisions;
  }

  get notices(): readonly string[] {
    return this.#notices;
  }

  /** The last writing; null if there is nothing to keep. */
  async finish(complete: boolean, thumbnail: Blob | null): Promise<LibraryItem | null> {
    await this.#writing;
    if (this.#session.table.rows === 0 && !complete) return null;
    await this.#write(complete);
    const item = this.#item;
    if (item === null) return null;
    if (thumbnail !== null) await library.setThumbnail(item.id, thumbnail).catch(() => undefined);
    await library.finish(item);
    return item;
  }

  async #write(complete: boolean): Promise<void> {
    if (this.#session.table.rows === 0 && !complete) return;
    const packed = packTable(this.#session.table);
    const summary = this.#summary(complete);
    this.#item ??= await library.create("result", this.#name, {});
    this.#item.result = summary;
    await library.write(this.#item.id, TABLE_FILE, packed);
    await library.save(this.#item);
  }

  #summary(complete: boolean): ResultSummary {
    const { settings, progress, table } = this.#session;
    return {
      molecules: table.rows,
      frames: progress.framesDone,
      framesSkipped: progress.framesSkipped,
      complete,
      method: settings.method,
      pixelSizeNm: table.pixelSizeNm,
      width: this.#origin.width,
      height: this.#origin.height,
      movieName: this.#origin.name,
      movieId: this.#origin.itemId,
      decisions: this.#decisions,
      notices: this.#notices,
      settings: { ...plainSettings(settings), decided: this.#decided },
      resolutionNm: null,
      driftNm: null,
    };
  }
}

/** The table of a result of the library. */
export async function readResult(item: LibraryItem): Promise<Blob> {
  const file = await library.file(item.id, TABLE_FILE);
  if (file === null) {
    throw new AppError(
      "storage",
      "The table of this result is not there any more.",
      "Localize the movie again.",
    );
  }
  return file;
}

function plainSettings(settings: SessionSettings): Record<string, unknown> {
  return JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
}
