/** Reads the workstation's ThunderSTORM table, as a stream, into ours. */

import { AppError } from "../errors.ts";
import type { MoleculeColumns } from "../localize/localizer.ts";
import { GrowingTable } from "../table/growing_table.ts";
import type { MoleculeTable } from "../table/molecule_table.ts";

const CHUNK_ROWS = 16_384;

// theirs -> ours; lengths are in nm
const NAMES: Record<string, string> = {
  frame: "frame",
  "x [nm]": "x",
  "y [nm]": "y",
  "sigma [nm]": "sigma",
  "intensity [photon]": "photons",
  "offset [photon]": "background",
  "uncertainty [nm]": "uncertainty",
  "uncertainty_xy [nm]": "uncertainty",
};

/** Frames count from 1 there and from 0 here. */
export async function readThunderstorm(file: Blob, pixelSizeNm: number): Promise<MoleculeTable> {
  const table = new GrowingTable(pixelSizeNm);
  let header: (string | undefined)[] | null = null;
  let rows: number[][] = [];
  const take = (): void => {
    if (rows.length > 0 && header !== null) table.append(columnsOf(header, rows, pixelSizeNm));
    rows = [];
  };
  let rest = "";
  const line = (text: string): void => {
    if (text.trim() === "") return;
    const cells = text.split(",");
    if (header === null) {
      header = cells.map((cell) => NAMES[cell.replaceAll('"', "").trim()]);
      if (!header.includes("x") || !header.includes("frame")) {
        throw new AppError("server", "The workstation's table could not be read.", "Update both.");
      }
      return;
    }
    rows.push(cells.map(Number));
    if (rows.length === CHUNK_ROWS) take();
  };
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const each of lines) line(each);
  }
  line(rest);
  take();
  return table;
}

function columnsOf(
  header: (string | undefined)[],
  rows: number[][],
  pixelSizeNm: number,
): MoleculeColumns {
  const values = (name: string, otherwise = 0): number[] => {
    const at = header.indexOf(name);
    return rows.map((row) => (at < 0 ? otherwise : row[at]));
  };
  const inPixels = (name: string): number[] => values(name).map((value) => value / pixelSizeNm);
  const uncertainty = Float32Array.from(inPixels("uncertainty"));
  const zeros = new Float32Array(rows.length);
  return {
    rows: rows.length,
    frame: Uint32Array.from(values("frame", 1), (frame) => frame - 1),
    xPx: Float64Array.from(inPixels("x")),
    yPx: Float64Array.from(inPixels("y")),
    photons: Float32Array.from(values("photons")),
    backgroundPhotons: Float32Array.from(values("background")),
    uncertaintyPx: uncertainty,
    uncertaintyXPx: uncertainty,
    uncertaintyYPx: uncertainty,
    uncertaintyPhotons: zeros,
    ...(header.includes("sigma") ? { sigmaPx: Float32Array.from(inPixels("sigma")) } : {}),
    flags: new Uint8Array(rows.length),
  } as MoleculeColumns;
}
