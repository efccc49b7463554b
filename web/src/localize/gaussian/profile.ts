/** Square root of two pi. */
export const ROOT_TWO_PI = Math.sqrt(2.0 * Math.PI);

/**
 * `erf(u / (sqrt(2) sigma)) / 2` given `bell = exp(-u^2 / (2 sigma^2))`.
 *
 * Abramowitz and Stegun 1964, eq. 7.1.26, as in the Python kernel.
 */
function halfErf(u: number, bell: number, inverseRootTwoSigma: number): number {
  const z = Math.abs(u) * inverseRootTwoSigma;
  const t = 1.0 / (1.0 + 0.3275911 * z);
  const polynomial =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const value = 0.5 * (1.0 - polynomial * bell);
  return u >= 0.0 ? value : -value;
}

/**
 * Light per pixel along one axis and its derivative by the centre.
 *
 * `share[i]` is the integral of the Gaussian over pixel `start + i` (Smith et al. 2010,
 * eq. 4), `slope[i]` its derivative by `centre`. Positions and sigma in px.
 */
export function fillProfile(
  centre: number,
  sigma: number,
  start: number,
  count: number,
  share: Float64Array,
  slope: Float64Array,
): void {
  const inverseVariance = 1.0 / (sigma * sigma);
  const inverseRootTwoSigma = 1.0 / (Math.SQRT2 * sigma);
  const density = 1.0 / (ROOT_TWO_PI * sigma);
  let u = start - centre;
  // bells at unit spacing follow from two exponentials by recurrence
  let bell = Math.exp(-0.5 * u * u * inverseVariance);
  let ratio = Math.exp(-(u + 0.5) * inverseVariance);
  const shrink = Math.exp(-inverseVariance);
  let left = halfErf(u, bell, inverseRootTwoSigma);
  for (let i = 0; i < count; i++) {
    const nextBell = bell * ratio;
    ratio *= shrink;
    u += 1.0;
    const right = halfErf(u, nextBell, inverseRootTwoSigma);
    share[i] = right - left;
    slope[i] = (bell - nextBell) * density;
    bell = nextBell;
    left = right;
  }
}

/** As `fillProfile`, and the derivative of `share` by sigma. */
export function fillProfileWithWidth(
  centre: number,
  sigma: number,
  start: number,
  count: number,
  share: Float64Array,
  slope: Float64Array,
  widening: Float64Array,
): void {
  fillProfile(centre, sigma, start, count, share, slope);
  const inverseVariance = 1.0 / (sigma * sigma);
  const density = 1.0 / (ROOT_TWO_PI * sigma * sigma);
  let u = start - centre;
  let bell = Math.exp(-0.5 * u * u * inverseVariance);
  let ratio = Math.exp(-(u + 0.5) * inverseVariance);
  const shrink = Math.exp(-inverseVariance);
  for (let i = 0; i < count; i++) {
    const nextBell = bell * ratio;
    ratio *= shrink;
    widening[i] = (u * bell - (u + 1.0) * nextBell) * density;
    u += 1.0;
    bell = nextBell;
  }
}

/** The PSF along one axis, centred on a pixel: `2 radius + 1` values. */
export function spotProfile(sigmaPx: number, radius: number): Float32Array {
  const size = 2 * radius + 1;
  const share = new Float64Array(size);
  fillProfile(radius + 0.5, sigmaPx, 0, size, share, new Float64Array(size));
  return Float32Array.from(share);
}
