import type { FittedMolecule } from "./frame_fit.ts";

/** Of two molecules of a frame closer than `apartPx` keeps the more significant. */
export function dropDuplicates(
  molecules: readonly FittedMolecule[],
  apartPx: number,
): FittedMolecule[] {
  const keep = molecules.map(() => true);
  for (let a = 0; a < molecules.length; a++) {
    if (!keep[a]) continue;
    for (let b = a + 1; b < molecules.length; b++) {
      if (!keep[b]) continue;
      const dx = molecules[a].x - molecules[b].x;
      const dy = molecules[a].y - molecules[b].y;
      if (dx * dx + dy * dy >= apartPx * apartPx) continue;
      if (molecules[a].significance >= molecules[b].significance) {
        keep[b] = false;
      } else {
        keep[a] = false;
        break;
      }
    }
  }
  return molecules.filter((_, k) => keep[k]);
}

/** Of `kept`, drops those with less than `share` of the photons of one of `all` within reach. */
export function dropSatellites(
  kept: readonly FittedMolecule[],
  all: readonly FittedMolecule[],
  reachPx: number,
  share: number,
): FittedMolecule[] {
  return kept.filter(
    (one) =>
      !all.some(
        (other) =>
          one.photons < share * other.photons &&
          (one.x - other.x) ** 2 + (one.y - other.y) ** 2 < reachPx * reachPx,
      ),
  );
}
