/** The library: recordings and results, each in a folder of its own with its facts beside. */

import { AppError } from "../errors.ts";
import { Emitter } from "../events.ts";
import { itemFolder, rootFolder, storageError, writeWhole } from "./folders.ts";

/** What an item is. */
export type ItemKind = "recording" | "dark" | "flat" | "result";

/** What is known of a recording. */
export interface RecordingSummary {
  readonly frames: number;
  readonly dropped: number;
  readonly durationS: number;
  readonly width: number;
  readonly height: number;
  readonly frameRateHz: number | null;
  readonly codec: string;
  readonly lossless: boolean;
  /** first frames were decoded and compared with the camera's; null: not compared */
  readonly exact: boolean | null;
}

/** What is known of a result. */
export interface ResultSummary {
  readonly molecules: number;
  readonly frames: number;
  readonly framesSkipped: number;
  readonly complete: boolean;
  readonly method: "gaussian" | "net";
  readonly pixelSizeNm: number;
  readonly width: number;
  readonly height: number;
  readonly movieName: string;
  /** the library's recording it was made of, if it was one */
  readonly movieId: string | null;
  readonly decisions: Record<string, string>;
  readonly notices: readonly string[];
  readonly settings: Record<string, unknown>;
  readonly resolutionNm: number | null;
  readonly driftNm: number | null;
}

/** One item as the library lists it; stored as `item.json` in its folder. */
export interface LibraryItem {
  readonly id: string;
  readonly kind: ItemKind;
  name: string;
  /** ISO 8601 */
  readonly createdAt: string;
  /** `open`: being written; `interrupted`: the app ended meanwhile, what was written is there */
  state: "open" | "whole" | "interrupted";
  /** name of the movie in the folder */
  movie: string | null;
  sizeBytes: number;
  recording: RecordingSummary | null;
  result: ResultSummary | null;
  /** settings, device, app: everything else worth keeping */
  facts: Record<string, unknown>;
  /** job of the workstation that it was handed to */
  job: string | null;
}

const ITEM_FILE = "item.json";
const THUMBNAIL_FILE = "thumbnail.png";
const lockName = (id: string): string => `cellstorm-item-${id}`;

/** All that this device keeps. */
export class Library extends Emitter<{ change: undefined }> {
  readonly #locks = new Map<string, () => void>();

  /** Every item, newest first; those left open by a crash become `interrupted`. */
  async list(): Promise<LibraryItem[]> {
    const root = await rootFolder();
    const items: LibraryItem[] = [];
    for await (const [id, handle] of root.entries()) {
      if (handle.kind !== "directory") continue;
      const item = await this.#read(id, handle as FileSystemDirectoryHandle);
      if (item !== null) items.push(item);
    }
    return items.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** One item; raises when it is not there. */
  async get(id: string): Promise<LibraryItem> {
    const item = await itemFolder(id)
      .then((folder) => this.#read(id, folder))
      .catch(() => null);
    if (item === null) {
      throw new AppError("storage", "This item is not in the library any more.", "Go back to it.");
    }
    return item;
  }

  /** A new item that is being written until `finish`. */
  async create(kind: ItemKind, name: string, facts: Record<string, unknown>): Promise<LibraryItem> {
    const item: LibraryItem = {
      id: crypto.randomUUID(),
      kind,
      name,
      createdAt: new Date().toISOString(),
      state: "open",
      movie: null,
      sizeBytes: 0,
      recording: null,
      result: null,
      facts,
      job: null,
    };
    await itemFolder(item.id, true);
    await this.#hold(item.id);
    await this.save(item);
    return item;
  }

  /** Stores what changed. */
  async save(item: LibraryItem): Promise<void> {
    const folder = await itemFolder(item.id, true);
    await writeWhole(folder, ITEM_FILE, JSON.stringify(item));
    this.emit("change", undefined);
  }

  /** The item is whole. */
  async finish(item: LibraryItem): Promise<void> {
    item.state = "whole";
    item.sizeBytes = await folderBytes(await itemFolder(item.id));
    try {
      await this.save(item);
    } finally {
      this.#release(item.id);
    }
  }

  /** Throws an item away with all its files. */
  async remove(id: string): Promise<void> {
    this.#release(id);
    const root = await rootFolder();
    try {
      await root.removeEntry(id, { recursive: true });
    } catch (error) {
      throw storageError(error);
    }
    this.emit("change", undefined);
  }

  /** One file of an item, not read yet; null if it is not there. */
  async file(id: string, name: string): Promise<File | null> {
    try {
      const folder = await itemFolder(id);
      return await (await folder.getFileHandle(name)).getFile();
    } catch {
      return null;
    }
  }

  /** Writes a file of an item. */
  async write(id: string, name: string, content: Blob | string | BufferSource): Promise<void> {
    await writeWhole(await itemFolder(id, true), name, content);
  }

  /** The item's small picture; null if it has none. */
  thumbnail(id: string): Promise<File | null> {
    return this.file(id, THUMBNAIL_FILE);
  }

  async setThumbnail(id: string, picture: Blob): Promise<void> {
    await this.write(id, THUMBNAIL_FILE, picture);
    this.emit("change", undefined);
  }

  async #read(id: string, folder: FileSystemDirectoryHandle): Promise<LibraryItem | null> {
    let item: LibraryItem;
    try {
      const file = await (await folder.getFileHandle(ITEM_FILE)).getFile();
      item = JSON.parse(await file.text()) as LibraryItem;
    } catch {
      return null;
    }
    if (item.state === "open" && !(await isHeld(id))) {
      item.state = "interrupted";
      item.sizeBytes = await folderBytes(folder);
      item.movie ??= await movieIn(folder);
      await writeWhole(folder, ITEM_FILE, JSON.stringify(item)).catch(() => undefined);
    }
    return item;
  }

  /** A lock lasts as long as the page: so another page knows what is still being written. */
  #hold(id: string): Promise<void> {
    return new Promise((held) => {
      if (navigator.locks === undefined) {
        held();
        return;
      }
      void navigator.locks.request(
        lockName(id),
        () =>
          new Promise<void>((release) => {
            this.#locks.set(id, release);
            held();
          }),
      );
    });
  }

  #release(id: string): void {
    this.#locks.get(id)?.();
    this.#locks.delete(id);
  }
}

async function isHeld(id: string): Promise<boolean> {
  if (navigator.locks === undefined) return false;
  const { held } = await navigator.locks.query();
  return (held ?? []).some((lock) => lock.name === lockName(id));
}

async function folderBytes(folder: FileSystemDirectoryHandle): Promise<number> {
  let bytes = 0;
  for await (const handle of folder.values()) {
    if (handle.kind === "file") bytes += (await (handle as FileSystemFileHandle).getFile()).size;
  }
  return bytes;
}

async function movieIn(folder: FileSystemDirectoryHandle): Promise<string | null> {
  for await (const name of folder.keys()) {
    if (name.startsWith("movie.")) return name;
  }
  return null;
}

/** The library of this page. */
export const library = new Library();
