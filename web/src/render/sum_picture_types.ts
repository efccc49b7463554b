import type { MoleculeTable } from "../table/molecule_table.ts";

/** What part of the sample a picture shows. */
export interface View {
  /** Sample position of the picture's outer top left corner, nm. */
  readonly x0Nm: number;
  readonly y0Nm: number;
  /** Sample length of one picture pixel, nm (5 and more). */
  readonly nmPerPixel: number;
  /** Picture size, px. */
  readonly width: number;
  readonly height: number;
}

/** `gaussian`: each molecule as wide as its uncertainty; `histogram`: one count each. */
export type RenderMode = "gaussian" | "histogram";

/** Names of the brightness maps, the same colours as Python's. */
export type ColourMap = "gray" | "hot" | "cyan-hot" | "fire" | "ember" | "lagoon";

/** From brightness to colour. */
export interface Contrast {
  readonly colourMap: ColourMap;
  /** Brightness that is shown full, molecules per picture pixel; `null`: by the picture. */
  readonly top: number | null;
  /** 1: proportional; under 1 lifts the faint. */
  readonly gamma: number;
}

/**
 * The sum of all molecules in one view; adding molecules costs only those.
 *
 * A new view redraws from the table: call `draw` once a display frame until it says done.
 */
export interface SumPicture {
  readonly view: View;
  readonly mode: RenderMode;
  /** Molecules drawn so far. */
  readonly drawn: number;
  /** Another view or mode; starts anew. */
  setView(view: View, mode?: RenderMode): void;
  /** Shifts of molecules by drift, nm per frame; `null` for none. Starts anew. */
  setDrift(drift: DriftCurve | null): void;
  /** Draws molecules that are not yet in it for at most `budgetMs`; true when all are. */
  draw(table: MoleculeTable, budgetMs: number): boolean;
  /** `(height, width)` brightness, molecules per picture pixel. */
  readonly brightness: Float32Array;
  /** The picture as sRGB. */
  colours(contrast: Contrast): ImageData;
}

/** How the sample moved; index = frame. Subtract it from positions. */
export interface DriftCurve {
  readonly xNm: Float64Array;
  readonly yNm: Float64Array;
}
