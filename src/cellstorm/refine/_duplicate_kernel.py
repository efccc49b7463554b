"""The same molecule found twice in a frame (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["mark_worse_ones"]


@njit(cache=True, nogil=True)
def mark_worse_ones(
    frame: NDArray[np.uint32],
    x_nm: NDArray[np.float64],
    y_nm: NDArray[np.float64],
    rank: NDArray[np.int64],
    radius_nm: float,
    keep: NDArray[np.bool_],
) -> None:
    """Of molecules of one frame nearer than a radius keep the one of the lowest rank.

    The best of a frame stays and takes its neighbours with it, then the best of those
    left, and so on: the order of rows plays no part.

    Parameters
    ----------
    frame, x_nm
        ``(n,)`` in rising order of frame, and of x_nm within it.
    y_nm, rank
        ``(n,)``; ranks are a permutation of 0 .. n - 1, the best is 0.
    radius_nm
        Molecules exactly so far apart are neighbours.
    keep
        ``(n,)`` all True; set to False for those that go.
    """
    row_of = np.empty(rank.size, np.int64)
    for row in range(rank.size):
        row_of[rank[row]] = row
    limit = radius_nm * radius_nm
    for best in range(rank.size):
        row = row_of[best]
        if not keep[row]:
            continue
        for step in (-1, 1):
            other = row + step
            while 0 <= other < frame.size and frame[other] == frame[row]:
                dx = x_nm[other] - x_nm[row]
                if abs(dx) > radius_nm:
                    break
                dy = y_nm[other] - y_nm[row]
                if dx * dx + dy * dy <= limit and rank[other] > best:
                    keep[other] = False
                other += step
