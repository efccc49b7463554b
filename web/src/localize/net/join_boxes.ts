import type { Box } from "./occupancy.ts";

/** Boxes that are computed together; frames, rows and columns `[first, last)`. */
export interface Group {
  first: number;
  last: number;
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** What runs cost, in cells of one frame. */
export interface Costs {
  /** Cells that are computed around a box. */
  readonly halo: number;
  /** Cells of a frame. */
  readonly rows: number;
  readonly columns: number;
  /** What the neighbouring frames that a run needs cost, in frames. */
  readonly context: number;
  /** What a run costs by itself. */
  readonly call: number;
}

/**
 * Joins boxes (by frame) that are cheaper to compute together, each into what suits it best.
 *
 * Gives the groups, the group of each box and the cost of all; once that is over `most`
 * the others are unfinished. Python's `join_boxes`.
 */
export function joinBoxes(
  boxes: readonly Box[],
  costs: Costs,
  most: number,
): { groups: Group[]; member: number[]; cost: number } {
  const groups: Group[] = [];
  const member: number[] = [];
  let cost = 0.0;
  let oldest = 0;
  for (const box of boxes) {
    const own: Group = {
      first: box.frame,
      last: box.frame + 1,
      top: box.top,
      bottom: box.bottom,
      left: box.left,
      right: box.right,
    };
    let least = costOf(own, costs);
    let best = groups.length;
    while (oldest < groups.length && groups[oldest].last < box.frame - 1) oldest++;
    for (let g = oldest; g < groups.length; g++) {
      const group = groups[g];
      // a run with more than one frame between says nothing of what it joins
      if (group.last < box.frame - 1) continue;
      const more = costOf(joinedGroup(group, own), costs) - costOf(group, costs);
      if (more < least) {
        least = more;
        best = g;
      }
    }
    if (best < groups.length) groups[best] = joinedGroup(groups[best], own);
    else groups.push(own);
    member.push(best);
    cost += least;
    if (cost > most) break;
  }
  return { groups, member, cost };
}

function joinedGroup(group: Group, own: Group): Group {
  return {
    first: group.first,
    last: own.last,
    top: Math.min(group.top, own.top),
    bottom: Math.max(group.bottom, own.bottom),
    left: Math.min(group.left, own.left),
    right: Math.max(group.right, own.right),
  };
}

/** Cells times frames, and what every run costs by itself. */
function costOf(group: Group, { halo, rows, columns, context, call }: Costs): number {
  const tall = Math.min(group.bottom + halo, rows) - Math.max(group.top - halo, 0);
  const wide = Math.min(group.right + halo, columns) - Math.max(group.left - halo, 0);
  return tall * wide * (group.last - group.first + context) + call;
}
