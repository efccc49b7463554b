/** The app's folders in the browser's own file system (origin private file system). */

import { AppError } from "../errors.ts";

const ROOT = "cellstorm";

/** Folder that holds everything of this app. */
export async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  if (navigator.storage?.getDirectory === undefined) {
    throw new AppError(
      "storage",
      "This browser gives the app no place to keep files.",
      "Use Chrome, Edge, Firefox or Safari outside a private window.",
    );
  }
  try {
    const top = await navigator.storage.getDirectory();
    return await top.getDirectoryHandle(ROOT, { create: true });
  } catch (error) {
    throw new AppError(
      "storage",
      `The browser's file system could not be opened (${reason(error)}).`,
      "Private windows have none: open the app in an ordinary one.",
    );
  }
}

/** Folder of one item; made if it is not there. */
export async function itemFolder(id: string, create = false): Promise<FileSystemDirectoryHandle> {
  const root = await rootFolder();
  return root.getDirectoryHandle(id, { create });
}

/** Writes a whole file; it is there in full or, after an error, as it was before. */
export async function writeWhole(
  folder: FileSystemDirectoryHandle,
  name: string,
  content: Blob | string | BufferSource,
): Promise<void> {
  try {
    const handle = await folder.getFileHandle(name, { create: true });
    const writable = await handle.createWritable();
    try {
      await writable.write(content);
      await writable.close();
    } catch (error) {
      await writable.abort().catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw storageError(error);
  }
}

/** What a failed write means to the person. */
export function storageError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof DOMException && error.name === "QuotaExceededError") {
    return new AppError(
      "storage",
      "The storage of this device is full.",
      "What was written before is kept. Export recordings and delete them from the library, then go on.",
    );
  }
  return new AppError(
    "cannot-write",
    `The browser's file system refused to write (${reason(error)}).`,
    "Reload the app; what was written before is kept.",
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
