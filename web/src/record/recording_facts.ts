/** What goes beside a recording when it leaves the browser. */

import { type LibraryItem, library } from "../storage/library.ts";

/** Name of the list of frames beside a recording. */
export const FRAMES_FILE = "frames.csv";

/** Settings, device and times of all frames, as JSON. */
export async function recordingJson(item: LibraryItem): Promise<Blob> {
  const frames = await library.file(item.id, FRAMES_FILE);
  const timestampsUs =
    frames === null
      ? null
      : (await frames.text())
          .trim()
          .split("\n")
          .slice(1)
          .map((line) => Number(line.split(",")[1]));
  const whole = {
    name: item.name,
    kind: item.kind,
    created: item.createdAt,
    recording: item.recording,
    ...item.facts,
    timestamps_us: timestampsUs,
  };
  return new Blob([JSON.stringify(whole, null, 1)], { type: "application/json" });
}
