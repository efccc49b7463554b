/** How sharp a region is: a number that is largest in focus. */

/**
 * Root mean square of the second differences over the mean light, in percent (normalised
 * modified Laplacian; Pertuz et al. 2013). Noise adds a constant, so only its changes mean
 * something: it is largest in focus.
 *
 * @param luma grey values, row by row
 * @param black grey value of no light
 */
export function sharpness(luma: Uint8Array, width: number, height: number, black: number): number {
  let energy = 0;
  let light = 0;
  let count = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const centre = luma[at] ?? 0;
      const laplacian =
        4 * centre -
        (luma[at - 1] ?? 0) -
        (luma[at + 1] ?? 0) -
        (luma[at - width] ?? 0) -
        (luma[at + width] ?? 0);
      energy += laplacian * laplacian;
      light += centre - black;
      count += 1;
    }
  }
  if (count === 0) return 0;
  const mean = Math.max(light / count, 1);
  return (100 * Math.sqrt(energy / count)) / mean;
}
