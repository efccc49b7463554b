import { readFileSync } from "node:fs";
import type { CameraModel } from "../src/localize/camera_model.ts";
import { PLAIN_CAMERA } from "../src/localize/camera_presets.ts";
import type { MoleculeColumns, Region } from "../src/localize/localizer.ts";
import type { GreyFrame } from "../src/movie/frame.ts";

/** A movie and what Python found in it; made by `tests/app_vectors/make_vectors.py`. */
export interface Vector {
  readonly frames: GreyFrame[];
  readonly camera: CameraModel;
  readonly region: Region;
  readonly gaussian: Found;
  readonly net?: Found;
}

interface Found {
  readonly decided: Record<string, number | string>;
  readonly molecules: Record<string, number[]>;
}

interface Stored {
  readonly shape: [number, number, number];
  readonly dtype: "uint8" | "uint16";
  readonly camera: Record<string, number | string | null>;
  readonly gaussian: Found;
  readonly net?: Found;
}

export function readVector(name: string): Vector {
  const stored = JSON.parse(readFileSync(vectorPath(`${name}.json`), "utf-8")) as Stored;
  const bytes = new Uint8Array(readFileSync(vectorPath(`${name}.bin`)));
  const values = stored.dtype === "uint8" ? bytes : new Uint16Array(bytes.buffer);
  const [count, height, width] = stored.shape;
  const size = height * width;
  const frames = Array.from({ length: count }, (_, index) => ({
    index,
    timestampS: null,
    width,
    height,
    pixels: values.slice(index * size, (index + 1) * size),
  }));
  const { camera, gaussian, net } = stored;
  return {
    frames,
    camera: {
      ...PLAIN_CAMERA,
      offsetAdu: camera.offset_adu as number,
      gainEPerAdu: camera.gain_e_per_adu as number,
      readNoiseE: camera.read_noise_e as number,
      excessNoiseFactor: camera.excess_noise_factor as number,
      saturationAdu: camera.saturation_adu as number | null,
      bitDepth: camera.bit_depth as number,
      valueRange: camera.value_range as "full" | "limited",
    },
    region: [0, width, 0, height],
    gaussian,
    ...(net === undefined ? {} : { net }),
  };
}

/** Path of a file that Python made. */
export function vectorPath(name: string): URL {
  return new URL(`vectors/${name}`, import.meta.url);
}

/** How two tables of the same frames differ. */
export interface Difference {
  readonly matched: number;
  readonly onlyHere: number;
  readonly onlyThere: number;
  /** Largest distance of two that belong together, px. */
  readonly farthestPx: number;
  /** Pairs: row here, row there. */
  readonly pairs: readonly (readonly [number, number])[];
}

/** Pairs each molecule with the nearest of Python's in its frame within `reachPx`. */
export function compare(
  here: MoleculeColumns,
  there: Record<string, number[]>,
  reachPx: number,
): Difference {
  const free = new Set(there.frame.keys());
  const pairs: [number, number][] = [];
  let farthestPx = 0;
  for (let a = 0; a < here.rows; a++) {
    let best = -1;
    let least = reachPx;
    for (const b of free) {
      if (there.frame[b] !== here.frame[a]) continue;
      const apart = Math.hypot(there.x_px[b] - here.xPx[a], there.y_px[b] - here.yPx[a]);
      if (apart < least) {
        least = apart;
        best = b;
      }
    }
    if (best < 0) continue;
    free.delete(best);
    pairs.push([a, best]);
    farthestPx = Math.max(farthestPx, least);
  }
  return {
    matched: pairs.length,
    onlyHere: here.rows - pairs.length,
    onlyThere: free.size,
    farthestPx,
    pairs,
  };
}
