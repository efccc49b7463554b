/** The result of a job, brought back to the library of this device. */

import { type LibraryItem, library } from "../storage/library.ts";
import { packTable, TABLE_FILE } from "../storage/table_file.ts";
import { readThunderstorm } from "./thunderstorm_reading.ts";
import type { Job, Workstation } from "./workstation.ts";

// Tables longer than this are looked at on the workstation.
const MOST_TABLE_BYTES = 200e6;

/** Files of a job that are kept as they are. */
export const KEPT_FILES = ["picture.png", "table.parquet", "report.html"] as const;

/** Stores the table, picture and report of a finished job as an item of the library. */
export async function keepJobResult(
  workstation: Workstation,
  job: Job,
  recording: LibraryItem | null,
): Promise<LibraryItem> {
  const summary = job.summary ?? {};
  const number = (name: string, otherwise: number): number =>
    typeof summary[name] === "number" ? (summary[name] as number) : otherwise;
  const pixelSizeNm = number("pixel_size_nm", 100);
  const name = recording?.name ?? job.name.replace(/\.[a-z0-9]{2,5}$/i, "");
  const item = await library.create("result", `${name} (workstation)`, { job: job.id });
  try {
    const has = (file: string): boolean => job.results.some((result) => result.name === file);
    let rows = number("molecules", 0);
    let [width, height] = [recording?.recording?.width ?? 0, recording?.recording?.height ?? 0];
    const csv = job.results.find((result) => result.name === "table.csv");
    if (csv !== undefined && csv.size_bytes < MOST_TABLE_BYTES) {
      const table = await readThunderstorm(await workstation.result(job, "table.csv"), pixelSizeNm);
      rows = table.rows;
      if (width === 0) {
        width = Math.ceil(largest(table.column("xNm")) / pixelSizeNm);
        height = Math.ceil(largest(table.column("yNm")) / pixelSizeNm);
      }
      await library.write(item.id, TABLE_FILE, packTable(table));
    }
    for (const file of KEPT_FILES) {
      if (has(file)) await library.write(item.id, file, await workstation.result(job, file));
    }
    const decisions = summary.decisions as Record<string, unknown> | undefined;
    item.job = job.id;
    item.result = {
      molecules: rows,
      frames: number("frames", 0),
      framesSkipped: 0,
      complete: true,
      method: "net",
      pixelSizeNm,
      width,
      height,
      movieName: job.name,
      movieId: recording?.id ?? null,
      decisions: Object.fromEntries(
        Object.entries(decisions ?? {}).map(([key, value]) => [key, String(value)]),
      ),
      notices: job.notices,
      settings: { summary },
      resolutionNm: null,
      driftNm: null,
    };
    await library.finish(item);
    return item;
  } catch (error) {
    await library.remove(item.id).catch(() => undefined);
    throw error;
  }
}

function largest(values: ArrayLike<number>): number {
  let most = 1;
  for (let at = 0; at < values.length; at += 1) most = Math.max(most, values[at]);
  return most;
}
