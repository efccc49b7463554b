/** A table as it is kept between visits: its columns one after the other, as they are in memory. */

import { AppError } from "../errors.ts";
import type { MoleculeColumns } from "../localize/localizer.ts";
import { GrowingTable } from "../table/growing_table.ts";
import type { ColumnArray, ColumnName, MoleculeTable } from "../table/molecule_table.ts";

/** Name of the file in an item's folder. */
export const TABLE_FILE = "table.columns";

const MAGIC = "cellstorm-columns-1";
const ALIGNMENT = 8;

interface Header {
  magic: string;
  rows: number;
  pixelSizeNm: number;
  columns: { name: ColumnName; kind: string; offset: number }[];
}

const KINDS: Record<
  string,
  new (
    buffer: ArrayBuffer,
    offset: number,
    size: number,
  ) => ColumnArray
> = {
  Float64Array,
  Float32Array,
  Uint32Array,
  Uint16Array,
  Uint8Array,
};

/** The table as bytes; the columns are copied once. */
export function packTable(table: MoleculeTable): Blob {
  const columns = table.names.map((name) => ({ name, values: table.column(name) }));
  let offset = 0;
  const header: Header = {
    magic: MAGIC,
    rows: table.rows,
    pixelSizeNm: table.pixelSizeNm,
    columns: columns.map(({ name, values }) => {
      const at = offset;
      offset += padded(values.byteLength);
      return { name, kind: values.constructor.name, offset: at };
    }),
  };
  const words = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(padded(4 + words.length));
  new DataView(head.buffer).setUint32(0, words.length, true);
  head.set(words, 4);
  const parts: BlobPart[] = [head];
  for (const { values } of columns) {
    const part = new Uint8Array(padded(values.byteLength));
    part.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    parts.push(part);
  }
  return new Blob(parts);
}

/** The table that `packTable` wrote. */
export async function unpackTable(file: Blob): Promise<MoleculeTable> {
  const buffer = await file.arrayBuffer();
  const damaged = new AppError(
    "storage",
    "The table of this result is damaged.",
    "Localize the movie again.",
  );
  if (buffer.byteLength < 4) throw damaged;
  const length = new DataView(buffer).getUint32(0, true);
  const start = padded(4 + length);
  if (start > buffer.byteLength) throw damaged;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as Header;
  if (header.magic !== MAGIC) throw damaged;
  const { rows, pixelSizeNm } = header;
  const table = new GrowingTable(pixelSizeNm);
  if (rows === 0) return table;
  const found = new Map<ColumnName, ColumnArray>();
  for (const { name, kind, offset } of header.columns) {
    const Kind = KINDS[kind];
    if (Kind === undefined) throw damaged;
    found.set(name, new Kind(buffer, start + offset, rows));
  }
  const column = (name: ColumnName): never => {
    const values = found.get(name);
    if (values === undefined) throw damaged;
    return values as never;
  };
  const inPixels = (name: ColumnName): never =>
    (column(name) as Float64Array).map((value) => value / pixelSizeNm) as never;
  const columns: Record<string, unknown> = {
    rows,
    frame: column("frame"),
    xPx: inPixels("xNm"),
    yPx: inPixels("yNm"),
  };
  for (const name of found.keys()) {
    if (name === "frame" || name === "xNm" || name === "yNm") continue;
    if (name.endsWith("Nm")) columns[`${name.slice(0, -2)}Px`] = inPixels(name);
    else columns[name] = column(name);
  }
  table.append(columns as unknown as MoleculeColumns);
  return table;
}

function padded(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
