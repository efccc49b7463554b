/** What a workstation measured of a camera, kept with the still clip it was measured from. */

import { type LibraryItem, library } from "../storage/library.ts";
import type { Job, MeasuredQuantity, Workstation } from "./workstation.ts";

/** Files of a calibration that are kept with the clip. */
export const CAMERA_FILES = ["camera.yaml", "camera.npz", "camera.html"] as const;

// What matters most, for a line.
const SHOWN = ["gain", "offset", "read noise"];

/** The numbers of a calibration. */
export function measuredBy(job: Job): readonly MeasuredQuantity[] {
  return (job.summary?.quantities ?? []) as readonly MeasuredQuantity[];
}

/** `"gain 0.69 e/ADU, offset 4.1 ADU, read noise 2.5 e RMS"` */
export function cameraWords(job: Job): string {
  return measuredBy(job)
    .filter(({ name }) => SHOWN.includes(name))
    .map(({ name, value, unit }) => `${name} ${value} ${unit}`)
    .join(", ");
}

/** Stores the camera file, its maps and the page beside the still clip. */
export async function keepCalibration(
  workstation: Workstation,
  job: Job,
  still: LibraryItem,
): Promise<void> {
  for (const name of CAMERA_FILES) {
    if (!job.results.some((result) => result.name === name)) continue;
    await library.write(still.id, name, await workstation.result(job, name));
  }
  still.facts = {
    ...still.facts,
    calibration: { job: job.id, quantities: measuredBy(job), notices: job.notices },
  };
  await library.save(still);
}

/** The calibration of a clip, if it was measured. */
export function calibrationOf(item: LibraryItem): {
  readonly job: string;
  readonly quantities: readonly MeasuredQuantity[];
  readonly notices: readonly string[];
} | null {
  return (item.facts.calibration ?? null) as ReturnType<typeof calibrationOf>;
}

/** The dark clip that belongs to a still clip: recorded with it, else the latest. */
export async function darkClipFor(still: LibraryItem): Promise<LibraryItem | null> {
  const darks = (await library.list()).filter((item) => item.kind === "dark");
  return darks.find((item) => item.id === still.facts.dark) ?? darks[0] ?? null;
}
