/** The engines that the screens drive, in one place. */

import { CAMERA_PRESETS } from "../localize/camera_presets.ts";
import type { SessionSettings } from "../localize/session_types.ts";
import { APP_VERSION } from "../record/device_facts.ts";
import { pngFile, tiffFile } from "../render/picture_files.ts";
import { GrowingPicture } from "../render/sum_picture.ts";
import type {
  Contrast,
  DriftCurve,
  RenderMode,
  SumPicture,
  View,
} from "../render/sum_picture_types.ts";
import { viewOf } from "../render/view.ts";
import type { ResultSummary } from "../storage/library.ts";
import type { GrowingTable } from "../table/growing_table.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import { parquetFile } from "../table/parquet_file.ts";
import type { TableFacts } from "../table/table_facts.ts";
import { thunderstormCsv } from "../table/thunderstorm_csv.ts";
import type { Field } from "./picture_view.ts";

export { localizeLive, localizeMovie } from "../localize/session.ts";
export { openMovie } from "../movie/open_movie.ts";
export { findDrift } from "../refine/find_drift.ts";
export { measureFrc } from "../refine/measure_frc.ts";

// Larger pictures than this fail on phones.
const MOST_PICTURE_PX = 4096;
const EXPORT_NM_PER_PIXEL = 10;

/** The sum of molecules that grows. */
export function makeSumPicture(view: View, mode: RenderMode): SumPicture {
  return new GrowingPicture(view, mode);
}

/** The table with the drift taken out. */
export function shifted(table: MoleculeTable, drift: DriftCurve): MoleculeTable {
  const frame = table.column("frame");
  const last = drift.xNm.length - 1;
  const xNm = Float64Array.from(
    table.column("xNm"),
    (x, row) => x - drift.xNm[Math.min(frame[row], last)],
  );
  const yNm = Float64Array.from(
    table.column("yNm"),
    (y, row) => y - drift.yNm[Math.min(frame[row], last)],
  );
  return (table as GrowingTable).moved(xNm, yNm);
}

/** What an export is made of. */
export interface Exported {
  readonly table: MoleculeTable;
  readonly result: ResultSummary;
  readonly field: Field;
  readonly shown: { readonly view: View; readonly mode: RenderMode; readonly contrast: Contrast };
  readonly driftCorrected: boolean;
}

/** A file that a result can become. */
export interface ExportFormat {
  readonly name: string;
  readonly words: string;
  readonly ending: string;
  readonly type: string;
  make(what: Exported): Promise<Blob>;
}

/** All of them, the most asked for first. */
export const exportFormats: readonly ExportFormat[] = [
  {
    name: "Picture",
    words: "PNG with a scale bar, in the colours shown",
    ending: ".png",
    type: "image/png",
    make: async ({ table, field, shown }) =>
      pngFile(wholePicture(table, field, shown.mode), shown.contrast),
  },
  {
    name: "Table for ThunderSTORM, Picasso, ImageJ",
    words: "CSV in nanometres",
    ending: ".csv",
    type: "text/csv",
    make: async ({ table }) => new Blob([...thunderstormCsv(table)], { type: "text/csv" }),
  },
  {
    name: "Table for cellstorm",
    words: "Parquet with all columns, settings and notes",
    ending: ".locs.parquet",
    type: "application/vnd.apache.parquet",
    make: async ({ table, result, driftCorrected }) =>
      new Blob([await parquetFile(table, tableFacts(result, driftCorrected))]),
  },
  {
    name: "Picture for measuring",
    words: "TIFF, 32 bit, molecules per pixel",
    ending: ".tif",
    type: "image/tiff",
    make: async ({ table, field, shown }) =>
      new Blob([tiffFile(wholePicture(table, field, shown.mode), 32)], { type: "image/tiff" }),
  },
];

/** The whole field at 10 nm a pixel, coarser only where it would become too large. */
function wholePicture(table: MoleculeTable, field: Field, mode: RenderMode): SumPicture {
  const { x0Nm, y0Nm, widthNm, heightNm } = field;
  const nmPerPixel = Math.max(
    EXPORT_NM_PER_PIXEL,
    widthNm / MOST_PICTURE_PX,
    heightNm / MOST_PICTURE_PX,
  );
  const view = viewOf(
    { x0Nm, y0Nm, x1Nm: x0Nm + widthNm, y1Nm: y0Nm + heightNm },
    Math.round(widthNm / nmPerPixel),
    Math.round(heightNm / nmPerPixel),
  );
  const picture = new GrowingPicture(view, mode);
  while (!picture.draw(table, 1000)) {
    // Drawing goes on where it was.
  }
  return picture;
}

function tableFacts(result: ResultSummary, driftCorrected: boolean): TableFacts {
  const settings = result.settings as Partial<SessionSettings> & {
    decided?: Record<string, unknown>;
  };
  return {
    appVersion: APP_VERSION,
    movieName: result.movieName,
    movieShape: result.width > 0 ? [result.frames, result.height, result.width] : null,
    frameRateHz: null,
    frames: [0, result.frames],
    region: settings.region ?? null,
    camera: settings.camera ?? CAMERA_PRESETS[0],
    configuration: { method: result.method, ...settings.decided },
    notices: result.notices,
    history: driftCorrected ? ["drift taken out in the app"] : [],
    isComplete: result.complete,
  };
}
