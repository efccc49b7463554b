// tails beyond this many standard deviations are cut; what is left is scaled up to 1
const REACH_SIGMAS = 4.0;

/** `erf(z / sqrt(2)) / 2` by Abramowitz and Stegun 1964, eq. 7.1.26 (wrong by 1e-7 at most). */
function halfErf(z: number): number {
  const u = Math.abs(z) * Math.SQRT1_2;
  const t = 1.0 / (1.0 + 0.3275911 * u);
  const polynomial =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const value = 0.5 * (1.0 - polynomial * Math.exp(-u * u));
  return z >= 0.0 ? value : -value;
}

let shares = new Float64Array(64);

/**
 * Adds a molecule as a Gaussian integrated over the pixels (Smith et al. 2010, eq. 4a), cut
 * at four standard deviations and normalised there; Python's `draw_gaussians`.
 *
 * Position and widths in px of the picture, from its outer corner.
 */
export function addGaussian(
  picture: Float32Array,
  width: number,
  height: number,
  x: number,
  y: number,
  sigmaX: number,
  sigmaY: number,
): void {
  const top = Math.floor(y - REACH_SIGMAS * sigmaY);
  const bottom = Math.floor(y + REACH_SIGMAS * sigmaY);
  const left = Math.floor(x - REACH_SIGMAS * sigmaX);
  const right = Math.floor(x + REACH_SIGMAS * sigmaX);
  if (bottom < 0 || right < 0 || top >= height || left >= width) return;
  const first = Math.max(left, 0);
  const last = Math.min(right, width - 1);
  if (shares.length < last - first + 1) shares = new Float64Array(2 * (last - first + 1));
  let lower = halfErf((first - x) / sigmaX);
  for (let column = first; column <= last; column++) {
    const upper = halfErf((column + 1 - x) / sigmaX);
    shares[column - first] = upper - lower;
    lower = upper;
  }
  const along = halfErf((right + 1 - x) / sigmaX) - halfErf((left - x) / sigmaX);
  const down = halfErf((bottom + 1 - y) / sigmaY) - halfErf((top - y) / sigmaY);
  const norm = 1.0 / (along * down);
  const begin = Math.max(top, 0);
  lower = halfErf((begin - y) / sigmaY);
  for (let row = begin; row <= Math.min(bottom, height - 1); row++) {
    const upper = halfErf((row + 1 - y) / sigmaY);
    const share = (upper - lower) * norm;
    lower = upper;
    const at = row * width;
    for (let column = first; column <= last; column++) {
      picture[at + column] += share * shares[column - first];
    }
  }
}

/** Adds a molecule to the pixel it lies in. */
export function addPoint(
  picture: Float32Array,
  width: number,
  height: number,
  x: number,
  y: number,
): void {
  const row = Math.floor(y);
  const column = Math.floor(x);
  if (row >= 0 && row < height && column >= 0 && column < width) picture[row * width + column] += 1;
}
