import type { MoleculeColumns } from "./localizer.ts";

type Column = Exclude<MoleculeColumns[Exclude<keyof MoleculeColumns, "rows">], undefined>;

function columnsOf(molecules: MoleculeColumns): [string, Column][] {
  return Object.entries(molecules).filter(([name]) => name !== "rows") as [string, Column][];
}

/** Rows `from` to `to` (exclusive); views, not copies. */
export function rowsOf(molecules: MoleculeColumns, from: number, to: number): MoleculeColumns {
  const cut = columnsOf(molecules).map(([name, values]) => [name, values.subarray(from, to)]);
  return { rows: to - from, ...Object.fromEntries(cut) } as unknown as MoleculeColumns;
}

/** Tables with the same columns one after the other. */
export function joined(parts: readonly MoleculeColumns[]): MoleculeColumns {
  const rows = parts.reduce((total, part) => total + part.rows, 0);
  const all = columnsOf(parts[0]).map(([name, values]) => {
    const out = new (values.constructor as new (size: number) => Column)(rows);
    let at = 0;
    for (const part of parts) {
      const more = (part as unknown as Record<string, Column>)[name];
      (out as Float64Array).set(more as Float64Array, at);
      at += part.rows;
    }
    return [name, out];
  });
  return { rows, ...Object.fromEntries(all) } as unknown as MoleculeColumns;
}

/** Buffers that hold the columns, to be handed to another thread. */
export function buffersOf(molecules: MoleculeColumns): ArrayBuffer[] {
  return columnsOf(molecules).map(([, values]) => values.buffer as ArrayBuffer);
}
