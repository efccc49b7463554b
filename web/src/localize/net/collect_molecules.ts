import type { Maps } from "./network.ts";

/** A molecule as the maps tell it; lengths in px of the maps' part. */
export interface MappedMolecule {
  /** Counted in the maps. */
  frame: number;
  x: number;
  y: number;
  logPhotons: number;
  logBackground: number;
  /** px^2. */
  varianceX: number;
  varianceY: number;
  varianceLogPhotons: number;
  probability: number;
}

// channels of the maps, in the order of the model file
const LOGIT = 0;
const X = 1;
const Y = 2;
const LOG_PHOTONS = 3;
const LOG_BACKGROUND = 4;
const LOG_SIGMA_X = 5;
const LOG_SIGMA_Y = 6;
const LOG_SIGMA_PHOTONS = 7;

/** Pixels under it cannot add up to a molecule. */
export const LEAST_PROBABILITY = 0.03;

/**
 * Gathers the probability that belongs to one molecule and gives its mean.
 *
 * Pixels are taken by falling probability. What the eight pixels around one say of a
 * molecule within `joinPx` of its own belongs to the same molecule; where the sum reaches
 * `leastMass` there is one, at the mean weighted by probability, with the mixture's
 * variance. Pixels are used once. Python's `collect_molecules`; only the upper left
 * `height` x `width` of the maps count.
 */
export function collectMolecules(
  maps: Maps,
  height: number,
  width: number,
  leastMass: number,
  joinPx: number,
): MappedMolecule[] {
  const leastLogit = Math.log(LEAST_PROBABILITY / (1.0 - LEAST_PROBABILITY));
  const size = maps.height * maps.width;
  const weight = new Float64Array(height * width);
  const found: MappedMolecule[] = [];
  for (let frame = 0; frame < maps.count; frame++) {
    const channel = (number: number): Float32Array => {
      const begin = (frame * maps.channels + number) * size;
      return maps.data.subarray(begin, begin + size);
    };
    const places = strongest(channel(LOGIT), maps.width, height, width, leastLogit, weight);
    if (places.length === 0) continue;
    const xs = channel(X);
    const ys = channel(Y);
    const light = channel(LOG_PHOTONS);
    const level = channel(LOG_BACKGROUND);
    const sigmaX = channel(LOG_SIGMA_X);
    const sigmaY = channel(LOG_SIGMA_Y);
    const sigmaLight = channel(LOG_SIGMA_PHOTONS);
    for (const place of places) {
      if (weight[place] <= 0.0) continue;
      const i = Math.floor(place / width);
      const j = place % width;
      const own = i * maps.width + j;
      const x0 = j + xs[own];
      const y0 = i + ys[own];
      let mass = 0.0;
      let x = 0.0;
      let y = 0.0;
      let x2 = 0.0;
      let y2 = 0.0;
      let n1 = 0.0;
      let n2 = 0.0;
      let background = 0.0;
      let vx = 0.0;
      let vy = 0.0;
      let vn = 0.0;
      const joins: number[] = [];
      for (let row = Math.max(i - 1, 0); row < Math.min(i + 2, height); row++) {
        for (let column = Math.max(j - 1, 0); column < Math.min(j + 2, width); column++) {
          const at = row * maps.width + column;
          const px = column + xs[at];
          const py = row + ys[at];
          if ((px - x0) ** 2 + (py - y0) ** 2 > joinPx ** 2) continue;
          joins.push(row * width + column);
          const w = weight[row * width + column];
          if (w <= 0.0) continue;
          const n = light[at];
          mass += w;
          x += w * px;
          y += w * py;
          x2 += w * px * px;
          y2 += w * py * py;
          n1 += w * n;
          n2 += w * n * n;
          background += w * level[at];
          vx += w * Math.exp(2.0 * sigmaX[at]);
          vy += w * Math.exp(2.0 * sigmaY[at]);
          vn += w * Math.exp(2.0 * sigmaLight[at]);
        }
      }
      if (mass < leastMass) continue;
      for (const join of joins) weight[join] = 0.0;
      x /= mass;
      y /= mass;
      n1 /= mass;
      found.push({
        frame,
        x: x + 0.5,
        y: y + 0.5,
        logPhotons: n1,
        logBackground: background / mass,
        varianceX: vx / mass + Math.max(x2 / mass - x * x, 0.0),
        varianceY: vy / mass + Math.max(y2 / mass - y * y, 0.0),
        varianceLogPhotons: vn / mass + Math.max(n2 / mass - n1 * n1, 0.0),
        probability: Math.min(mass, 1.0),
      });
    }
  }
  return found;
}

/** Fills `weight` with probabilities, and gives the places that have any, strongest first. */
function strongest(
  logits: Float32Array,
  stride: number,
  height: number,
  width: number,
  leastLogit: number,
  weight: Float64Array,
): number[] {
  const places: number[] = [];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const logit = logits[i * stride + j];
      const place = i * width + j;
      if (logit > leastLogit) {
        weight[place] = 1.0 / (1.0 + Math.exp(-logit));
        places.push(place);
      } else {
        weight[place] = 0.0;
      }
    }
  }
  return places.sort((a, b) => weight[b] - weight[a] || a - b);
}
