import type { MoleculeTable } from "../table/molecule_table.ts";
import { coloured } from "./contrast.ts";
import { addGaussian, addPoint } from "./splat.ts";
import type { Contrast, DriftCurve, RenderMode, SumPicture, View } from "./sum_picture_types.ts";

const NARROWEST_NM = 1.0;
const WIDEST_NM = 100.0;
// the clock is asked after so many molecules
const AT_A_TIME = 256;

/** The sum of all molecules in one view, in memory. */
export class GrowingPicture implements SumPicture {
  private seen: View;
  private kind: RenderMode;
  private values: Float32Array;
  private next = 0;
  private drift: DriftCurve | null = null;

  constructor(view: View, mode: RenderMode = "gaussian") {
    this.seen = view;
    this.kind = mode;
    this.values = new Float32Array(view.width * view.height);
  }

  get view(): View {
    return this.seen;
  }

  get mode(): RenderMode {
    return this.kind;
  }

  get drawn(): number {
    return this.next;
  }

  get brightness(): Float32Array {
    return this.values;
  }

  setView(view: View, mode: RenderMode = this.kind): void {
    const size = view.width * view.height;
    if (size === this.values.length) this.values.fill(0);
    else this.values = new Float32Array(size);
    this.seen = view;
    this.kind = mode;
    this.next = 0;
  }

  setDrift(drift: DriftCurve | null): void {
    this.drift = drift;
    this.setView(this.seen);
  }

  draw(table: MoleculeTable, budgetMs: number): boolean {
    if (table.rows < this.next) this.setView(this.seen);
    const until = performance.now() + budgetMs;
    while (this.next < table.rows) {
      const last = Math.min(this.next + AT_A_TIME, table.rows);
      this.add(table, this.next, last);
      this.next = last;
      if (performance.now() >= until) break;
    }
    return this.next === table.rows;
  }

  colours(contrast: Contrast): ImageData {
    const { width, height } = this.seen;
    return new ImageData(coloured(this.values, contrast), width, height);
  }

  private add(table: MoleculeTable, first: number, last: number): void {
    const { x0Nm, y0Nm, nmPerPixel, width, height } = this.seen;
    const frame = table.column("frame");
    const xNm = table.column("xNm");
    const yNm = table.column("yNm");
    const errorX = table.column("uncertaintyXNm");
    const errorY = table.column("uncertaintyYNm");
    const isGaussian = this.kind === "gaussian" && errorX.length > 0;
    for (let row = first; row < last; row++) {
      const driftX = this.drift?.xNm[frame[row]] ?? 0;
      const driftY = this.drift?.yNm[frame[row]] ?? 0;
      const x = (xNm[row] - driftX - x0Nm) / nmPerPixel;
      const y = (yNm[row] - driftY - y0Nm) / nmPerPixel;
      if (isGaussian) {
        const sigmaX = widthNm(errorX[row]) / nmPerPixel;
        const sigmaY = widthNm(errorY[row]) / nmPerPixel;
        addGaussian(this.values, width, height, x, y, sigmaX, sigmaY);
      } else {
        addPoint(this.values, width, height, x, y);
      }
    }
  }
}

function widthNm(errorNm: number): number {
  return Number.isFinite(errorNm)
    ? Math.min(Math.max(errorNm, NARROWEST_NM), WIDEST_NM)
    : WIDEST_NM;
}
