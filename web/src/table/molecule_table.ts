import type { MoleculeColumns } from "../localize/localizer.ts";

/** Name of a column; the units are in the names, meanings as in docs/tables.md. */
export type ColumnName =
  | "frame"
  | "xNm"
  | "yNm"
  | "photons"
  | "backgroundPhotons"
  | "backgroundStdPhotons"
  | "sigmaNm"
  | "uncertaintyNm"
  | "uncertaintyXNm"
  | "uncertaintyYNm"
  | "uncertaintyPhotons"
  | "chi2"
  | "significance"
  | "probability"
  | "neighbours"
  | "flags";

/** Numbers of one column. */
export type ColumnArray = Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array;

/** The table of molecules; grows by rows, columns are contiguous arrays. */
export interface MoleculeTable {
  /** Size of a pixel in the sample, nm. */
  readonly pixelSizeNm: number;
  readonly rows: number;
  /** Columns that are there. */
  readonly names: readonly ColumnName[];
  /** The first `rows` numbers of a column, not a copy: valid until the next `append`. */
  column(name: ColumnName): ColumnArray;
  /** Adds rows; lengths in pixels become nanometres. */
  append(molecules: MoleculeColumns): void;
  /** A copy with the rows for which `keep` says so. */
  filter(keep: (row: number) => boolean): MoleculeTable;
}
