import type { MoleculeColumns } from "../localize/localizer.ts";
import type { ColumnArray, ColumnName, MoleculeTable } from "./molecule_table.ts";

type ArrayKind = new (size: number) => ColumnArray;

interface Definition {
  readonly name: ColumnName;
  readonly kind: ArrayKind;
  /** The column of `MoleculeColumns`, and whether it is in pixels there. */
  readonly source: keyof MoleculeColumns;
  readonly inPixels?: true;
}

const DEFINITIONS: readonly Definition[] = [
  { name: "frame", kind: Uint32Array, source: "frame" },
  { name: "xNm", kind: Float64Array, source: "xPx", inPixels: true },
  { name: "yNm", kind: Float64Array, source: "yPx", inPixels: true },
  { name: "photons", kind: Float32Array, source: "photons" },
  { name: "backgroundPhotons", kind: Float32Array, source: "backgroundPhotons" },
  { name: "backgroundStdPhotons", kind: Float32Array, source: "backgroundStdPhotons" },
  { name: "sigmaNm", kind: Float32Array, source: "sigmaPx", inPixels: true },
  { name: "uncertaintyNm", kind: Float32Array, source: "uncertaintyPx", inPixels: true },
  { name: "uncertaintyXNm", kind: Float32Array, source: "uncertaintyXPx", inPixels: true },
  { name: "uncertaintyYNm", kind: Float32Array, source: "uncertaintyYPx", inPixels: true },
  { name: "uncertaintyPhotons", kind: Float32Array, source: "uncertaintyPhotons" },
  { name: "chi2", kind: Float32Array, source: "chi2" },
  { name: "significance", kind: Float32Array, source: "significance" },
  { name: "probability", kind: Float32Array, source: "probability" },
  { name: "neighbours", kind: Uint16Array, source: "neighbours" },
  { name: "flags", kind: Uint8Array, source: "flags" },
];
const LEAST_CAPACITY = 1024;

/** A table in memory that grows by doubling. */
export class GrowingTable implements MoleculeTable {
  private count = 0;
  private capacity = 0;
  private readonly arrays = new Map<ColumnName, ColumnArray>();
  private present: readonly Definition[] = [];

  /** `pixelSizeNm` is the size of a pixel in the sample. */
  constructor(readonly pixelSizeNm: number) {}

  get rows(): number {
    return this.count;
  }

  get names(): readonly ColumnName[] {
    return this.present.map(({ name }) => name);
  }

  column(name: ColumnName): ColumnArray {
    const values = this.arrays.get(name);
    const kind = DEFINITIONS.find((definition) => definition.name === name)?.kind;
    return values?.subarray(0, this.count) ?? new (kind ?? Float32Array)(0);
  }

  append(molecules: MoleculeColumns): void {
    if (molecules.rows === 0) return;
    if (this.present.length === 0) {
      this.present = DEFINITIONS.filter(({ source }) => molecules[source] !== undefined);
    }
    const before = this.count;
    this.grow(before + molecules.rows);
    this.count = before + molecules.rows;
    for (const { name, source, inPixels } of this.present) {
      const values = molecules[source] as ColumnArray;
      const array = this.arrays.get(name) as Float64Array;
      if (inPixels) {
        for (let k = 0; k < values.length; k++) array[before + k] = values[k] * this.pixelSizeNm;
      } else {
        array.set(values, before);
      }
    }
  }

  filter(keep: (row: number) => boolean): GrowingTable {
    const rows: number[] = [];
    for (let row = 0; row < this.count; row++) if (keep(row)) rows.push(row);
    const table = new GrowingTable(this.pixelSizeNm);
    table.present = this.present;
    table.grow(rows.length);
    table.count = rows.length;
    for (const { name } of this.present) {
      const from = this.arrays.get(name) as ColumnArray;
      const to = table.arrays.get(name) as ColumnArray;
      for (let k = 0; k < rows.length; k++) to[k] = from[rows[k]];
    }
    return table;
  }

  /** The table with other positions (nm), one for each row. */
  moved(xNm: Float64Array, yNm: Float64Array): GrowingTable {
    const table = this.filter(() => true);
    (table.arrays.get("xNm") as Float64Array | undefined)?.set(xNm);
    (table.arrays.get("yNm") as Float64Array | undefined)?.set(yNm);
    return table;
  }

  private grow(rows: number): void {
    if (rows <= this.capacity && this.arrays.size > 0) return;
    this.capacity = Math.max(LEAST_CAPACITY, rows, 2 * this.capacity);
    for (const { name, kind } of this.present) {
      const larger = new kind(this.capacity);
      const values = this.arrays.get(name);
      if (values !== undefined) (larger as Float64Array).set(values as Float64Array);
      this.arrays.set(name, larger);
    }
  }
}
