import type { ColumnName, MoleculeTable } from "./molecule_table.ts";

const FIRST_FRAME = 1;
const ROWS_PER_PART = 20_000;
const HEADINGS: readonly (readonly [string, ColumnName, number])[] = [
  ["x [nm]", "xNm", 4],
  ["y [nm]", "yNm", 4],
  ["sigma [nm]", "sigmaNm", 3],
  ["intensity [photon]", "photons", 3],
  ["offset [photon]", "backgroundPhotons", 3],
  ["bkgstd [photon]", "backgroundStdPhotons", 3],
  ["uncertainty [nm]", "uncertaintyNm", 4],
];

/**
 * The table as ThunderSTORM 1.3 writes it: nanometres from the pixel's corner, frames from 1.
 *
 * Parts of a text file, to be joined into a `Blob` or written one after the other.
 */
export function* thunderstormCsv(table: MoleculeTable): Generator<string> {
  const columns = HEADINGS.filter(([, name]) => table.names.includes(name));
  yield `${["id", "frame", ...columns.map(([heading]) => heading)].map((text) => `"${text}"`).join(",")}\n`;
  for (let start = 0; start < table.rows; start += ROWS_PER_PART) {
    const frame = table.column("frame");
    const values = columns.map(([, name, digits]) => [table.column(name), digits] as const);
    const lines: string[] = [];
    for (let row = start; row < Math.min(start + ROWS_PER_PART, table.rows); row++) {
      const fields = values.map(([column, digits]) => number(column[row], digits));
      lines.push(`${row + 1},${frame[row] + FIRST_FRAME},${fields.join(",")}\n`);
    }
    yield lines.join("");
  }
}

// Java, which ThunderSTORM is written in, reads "NaN" but no empty number
function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "NaN";
}
