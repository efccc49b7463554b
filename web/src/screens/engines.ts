/** The engines that the screens drive, in one place. */

import type { FindDrift, MeasureFrc } from "../refine/refine_types.ts";
import type {
  Contrast,
  DriftCurve,
  RenderMode,
  SumPicture,
  View,
} from "../render/sum_picture_types.ts";
import type { ResultSummary } from "../storage/library.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";
import type { Field } from "./picture_view.ts";

export { localizeLive, localizeMovie } from "../localize/session.ts";
export { openMovie } from "../movie/open_movie.ts";

export function makeSumPicture(_view: View, _mode: RenderMode): SumPicture {
  throw new Error("not yet");
}

export const findDrift: FindDrift = () => {
  throw new Error("not yet");
};

export const measureFrc: MeasureFrc = () => {
  throw new Error("not yet");
};

/** The table with the drift taken out. */
export function shifted(table: MoleculeTable, _drift: DriftCurve): MoleculeTable {
  return table;
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

export const exportFormats: readonly ExportFormat[] = [];
