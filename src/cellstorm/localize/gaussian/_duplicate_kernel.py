"""Molecules of one frame that are another one's double or satellite (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["mark_duplicates", "mark_satellites"]


@njit(cache=True, nogil=True)
def mark_duplicates(
    frame: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    significance: NDArray[np.float64],
    apart_px: float,
    keep: NDArray[np.bool_],
) -> None:
    """Of two molecules of one frame closer than ``apart_px`` keep the more significant.

    ``frame`` is in rising order; ``keep`` is read and changed: rows already False are
    left out.
    """
    count = frame.size
    first = 0
    while first < count:
        last = first
        while last < count and frame[last] == frame[first]:
            last += 1
        for a in range(first, last):
            if not keep[a]:
                continue
            for b in range(a + 1, last):
                if not keep[b]:
                    continue
                dy = y_px[a] - y_px[b]
                dx = x_px[a] - x_px[b]
                if dx * dx + dy * dy < apart_px * apart_px:
                    if significance[a] >= significance[b]:
                        keep[b] = False
                    else:
                        keep[a] = False
                        break
        first = last


@njit(cache=True, nogil=True)
def mark_satellites(
    frame: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    photons: NDArray[np.float64],
    reach_px: float,
    share: float,
    keep: NDArray[np.bool_],
) -> None:
    """Drop molecules with less than ``share`` of the photons of one within ``reach_px``.

    ``frame`` is in rising order; ``keep`` is read and changed.
    """
    count = frame.size
    first = 0
    while first < count:
        last = first
        while last < count and frame[last] == frame[first]:
            last += 1
        for a in range(first, last):
            for b in range(first, last):
                if photons[a] >= share * photons[b]:
                    continue
                dy = y_px[a] - y_px[b]
                dx = x_px[a] - x_px[b]
                if dx * dx + dy * dy < reach_px * reach_px:
                    keep[a] = False
                    break
        first = last
