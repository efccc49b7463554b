"""Numba kernel: which parts of which frames to send through a network together."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["join_boxes"]


# Of a cell, what the layers cost that see the border as well; the others see one cell of it.
_EARLY = 0.65


@njit(nogil=True, cache=True)
def _cost(group: NDArray[np.int64], halo: int, rows: int, columns: int, call: float) -> float:
    """Of a run over ``group``: cells times frames, and what every run costs by itself."""
    cells = 0.0
    for border, share in ((halo, _EARLY), (min(halo, 1), 1.0 - _EARLY)):
        tall = min(group[3] + border, rows) - max(group[2] - border, 0)
        wide = min(group[5] + border, columns) - max(group[4] - border, 0)
        cells += share * tall * wide
    return float(cells * (group[1] - group[0]) + call)


@njit(nogil=True, cache=True)
def join_boxes(
    boxes: NDArray[np.int64],
    halo: int,
    rows: int,
    columns: int,
    call: float,
    most: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Join boxes that are cheaper to compute together, each into what suits it best.

    Parameters
    ----------
    boxes
        ``(m, 6)`` as `list_boxes` gives them, by frame.
    halo
        Cells that are computed around a box.
    rows, columns
        Cells of a frame.
    call
        What a run costs by itself, in cells.
    most
        Stop when all together cost more.

    Returns
    -------
    groups, group_of_box, cost
        ``(g, 6)``: first and last (exclusive) frame, row and column, without the halo;
        ``(m,)``: the group that holds each box; and cells times frames of all together.
        Where ``cost`` is over ``most`` the others are unfinished.
    """
    groups = np.empty((max(boxes.shape[0], 1), 6), np.int64)
    member = np.empty(boxes.shape[0], np.int64)
    joined = np.empty(6, np.int64)
    count, total, oldest = 0, 0.0, 0
    for k in range(boxes.shape[0]):
        box = boxes[k]
        groups[count] = (box[0], box[0] + 1, box[1], box[2], box[3], box[4])
        least = _cost(groups[count], halo, rows, columns, call)
        best = count
        while oldest < count and groups[oldest, 1] < box[0] - 1:
            oldest += 1
        for g in range(oldest, count):
            group = groups[g]
            # a run with more than one frame between says nothing of what it joins
            if group[1] < box[0] - 1:
                continue
            joined[0], joined[1] = group[0], box[0] + 1
            joined[2], joined[3] = min(group[2], box[1]), max(group[3], box[2])
            joined[4], joined[5] = min(group[4], box[3]), max(group[5], box[4])
            more = _cost(joined, halo, rows, columns, call)
            more -= _cost(group, halo, rows, columns, call)
            if more < least:
                least, best = more, g
        if best < count:
            group = groups[best]
            group[1] = box[0] + 1
            group[2], group[3] = min(group[2], box[1]), max(group[3], box[2])
            group[4], group[5] = min(group[4], box[3]), max(group[5], box[4])
        else:
            count += 1
        member[k] = best
        total += least
        if total > most:
            break
    return groups[:count], member, total
