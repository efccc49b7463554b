import { AppError } from "../errors.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";

/** Rows `[first, last)` of consecutive frames. */
export interface Block {
  readonly first: number;
  readonly last: number;
}

/** Cuts a table (by frame) into blocks of equally many rows; no frame is in two of them. */
export function blocksOf(table: MoleculeTable, count: number): Block[] {
  const frame = table.column("frame");
  const blocks: Block[] = [];
  let first = 0;
  for (let k = 1; k <= count; k++) {
    let last = Math.round((k * table.rows) / count);
    while (last < table.rows && last > 0 && frame[last] === frame[last - 1]) last++;
    if (last > first) blocks.push({ first, last });
    first = Math.max(first, last);
  }
  return blocks;
}

/** Says that there are not enough molecules for something. */
export function tooFewMolecules(purpose: string): AppError {
  return new AppError(
    "too-few-molecules",
    `There are too few molecules to ${purpose}.`,
    "Localize more frames.",
  );
}

/** Lets the page breathe in a long computation. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
