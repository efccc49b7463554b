import { GrowingTable } from "../src/table/growing_table.ts";

/** Numbers from 0 to 1, the same for the same seed (Marsaglia 2003, xorshift). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A number of a normal distribution (Box and Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

interface Molecule {
  readonly frame?: number;
  readonly xNm: number;
  readonly yNm: number;
}

/** A table of pixels of 100 nm with errors of 12 nm; frames must rise. */
export function tableOf(
  rows: number,
  molecule: (random: () => number, row: number) => Molecule,
): GrowingTable {
  const random = randomNumbers(7);
  const all = Array.from({ length: rows }, (_, row) => molecule(random, row));
  const table = new GrowingTable(100);
  const even = (value: number): Float32Array => new Float32Array(rows).fill(value);
  table.append({
    rows,
    frame: Uint32Array.from(all, ({ frame }) => frame ?? 0),
    xPx: Float64Array.from(all, ({ xNm }) => xNm / 100),
    yPx: Float64Array.from(all, ({ yNm }) => yNm / 100),
    photons: even(500),
    backgroundPhotons: even(10),
    uncertaintyPx: even(0.12),
    uncertaintyXPx: even(0.12),
    uncertaintyYPx: even(0.12),
    uncertaintyPhotons: even(30),
    flags: new Uint8Array(rows),
  });
  return table;
}
