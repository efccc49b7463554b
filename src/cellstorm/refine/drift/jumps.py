"""Between which two frames the stage jumped."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift._overlap_kernel import gain_by_shift
from cellstorm.refine.drift.alignment import FlatAlignment
from cellstorm.refine.drift.grid import MOLECULES
from cellstorm.refine.drift.walk import Walk

__all__ = ["with_jumps_placed"]

# in the sum of log-likelihoods; the best of some hundred places reaches 5 by chance
_CLEAR_GAIN = 8.0


def with_jumps_placed(alignment: FlatAlignment, walk: Walk) -> tuple[NDArray[np.float64], Walk]:
    """Knots of the curve: middles of the blocks, and both sides of each jump.

    A jump is put between the frames where the molecules on either side fit best on all
    others: the likeliest change point (Hinkley 1970, *Biometrika* 57, 1).

    Parameters
    ----------
    alignment
        The blocks; its grid is counted anew.
    walk
        Their shifts in x and y.

    Returns
    -------
    tuple
        Frames of the knots, rising, and their shifts. As they were where it is not clear
        between which frames a jump lies.
    """
    blocks, molecules = alignment.blocks, alignment.molecules
    middle, shift, variance = blocks.middle, walk.shift_nm, walk.variance_nm2
    if not walk.jumps:
        return middle, walk
    alignment.count_all(shift)
    keep = np.ones(len(blocks), dtype=bool)
    knots, shifts, variances = [middle], [shift], [variance]
    for first, last in walk.jumps:
        rows = slice(int(blocks.rows[first]), int(blocks.rows[last + 1]))
        for block in range(first, last + 1):
            alignment.count(block, shift[block], -1)
        frame = molecules.frame[rows]
        gains = np.zeros(frame.size)
        gain_by_shift(
            molecules.x_nm[rows],
            molecules.y_nm[rows],
            shift[first],
            shift[last],
            alignment.cell_nm,
            MOLECULES,
            alignment.worths,
            gains,
        )
        for block in range(first, last + 1):
            alignment.count(block, shift[block], 1)
        total = np.concatenate([[0.0], np.cumsum(gains)])
        # only between frames, and not at the ends
        allowed = np.flatnonzero(np.diff(frame) > 0) + 1
        inside = allowed[(frame[allowed] > middle[first]) & (frame[allowed - 1] < middle[last])]
        if inside.size == 0:
            continue
        at = int(inside[np.argmax(total[inside])])
        if total[at] - max(0.0, total[-1]) < _CLEAR_GAIN:
            continue
        jumped = float(frame[at])
        keep[first + 1 : last] = False
        knots.append(np.array([jumped - 1.0, jumped]))
        shifts.append(shift[[first, last]])
        variances.append(variance[[first, last]])
    inner = np.concatenate([middle[keep], *knots[1:]])
    order = np.argsort(inner, kind="stable")
    return inner[order], Walk(
        np.concatenate([shift[keep], *shifts[1:]])[order],
        np.concatenate([variance[keep], *variances[1:]])[order],
        walk.step_nm2,
        walk.jumps,
    )
