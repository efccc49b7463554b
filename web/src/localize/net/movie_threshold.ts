/** Probabilities that are tried for what makes a molecule. */
export const MASSES = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

const MOST_FALSE = 0.1;
// fewer than that may be a few peaks of noise
const LEAST_FOUND = 5;
// one in 200 frames of 128 x 128 px
const QUIET_PER_MPX = 0.3;

/**
 * The least threshold at which what is found in a sample cannot be mostly nothing.
 *
 * A threshold is taken only if movies without molecules would on average give less than a
 * tenth of what was found, or the worst of them next to nothing at all. `probabilities` are
 * of the sample's molecules, `pixels` how many were looked at; Python's `movie_threshold`.
 */
export function movieThreshold(
  probabilities: readonly number[],
  pixels: number,
  leastMass: number,
  falsePerMpx: readonly (readonly [number, number, number])[],
): number {
  const usable = falsePerMpx.filter(([mass]) => mass >= leastMass);
  for (const [mass, usual, worst] of usable) {
    if (!MASSES.includes(mass)) continue;
    const found = probabilities.filter((probability) => probability >= mass).length;
    const expected = usual * pixels * 1e-6;
    const enough = found >= LEAST_FOUND && expected <= MOST_FALSE * found;
    if (enough || worst <= QUIET_PER_MPX) return mass;
  }
  return usable.at(-1)?.[0] ?? leastMass;
}
