/** Out of the browser: to a file, or to the device's share sheet. */

/** Whether the device has a share sheet that takes such a file. */
export function canShare(file: File): boolean {
  return navigator.canShare?.({ files: [file] }) === true;
}

/** Opens the share sheet; false if the person closed it. */
export async function share(files: File[], title: string): Promise<boolean> {
  try {
    await navigator.share({ files, title });
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return false;
    throw error;
  }
}

/** Saves to the device's downloads. */
export function download(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after this task; a minute is ample.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A name that every file system takes. */
export function fileName(name: string, ending: string): string {
  const safe = name
    .normalize("NFC")
    .replaceAll(/[\\/:*?"<>|]+/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 80);
  return `${safe || "cellstorm"}${ending}`;
}
