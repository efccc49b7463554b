import type { DriftCurve } from "../render/sum_picture_types.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";

/** What the quick drift correction found. */
export interface DriftResult {
  readonly curve: DriftCurve;
  /** Largest distance between two positions of the curve, nm. */
  readonly rangeNm: number;
  /** Parts of the movie that were compared. */
  readonly segments: number;
}

/** Drift from the molecules alone (redundant cross-correlation); throws `too-few-molecules`. */
export type FindDrift = (table: MoleculeTable, frames: number) => Promise<DriftResult>;

/** Fourier ring correlation between two halves of the table. */
export interface FrcResult {
  /** Spatial frequency of each ring, 1/nm. */
  readonly frequencyPerNm: Float64Array;
  /** Correlation of each ring. */
  readonly correlation: Float64Array;
  /** Resolution at 1/7, nm; `null` when the curve never crosses. */
  readonly resolutionNm: number | null;
}

/** Resolution by FRC at 1/7 (Nieuwenhuizen et al. 2013); throws `too-few-molecules`. */
export type MeasureFrc = (table: MoleculeTable) => Promise<FrcResult>;
