/** How much this device lets the app keep. */

/** Bytes in use and left; null where the browser does not say. */
export interface Room {
  readonly usedBytes: number;
  readonly leftBytes: number;
}

/** What the browser grants at the moment. */
export async function roomLeft(): Promise<Room | null> {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    if (usage === undefined || quota === undefined) return null;
    return { usedBytes: usage, leftBytes: Math.max(quota - usage, 0) };
  } catch {
    return null;
  }
}

/** Asks that nothing is thrown away when the device runs out of space; true if granted. */
export async function askToKeep(): Promise<boolean> {
  try {
    if (await navigator.storage.persisted()) return true;
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}
