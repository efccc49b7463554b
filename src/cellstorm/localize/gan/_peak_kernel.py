"""Numba kernel: from maps of brightness to single molecules."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["PEAK_COLUMNS", "find_peaks"]

PEAK_COLUMNS = ("frame", "x_fine_px", "y_fine_px", "mass", "peak")
"""Columns of the rows that `find_peaks` gives."""


@njit(nogil=True, cache=True)
def find_peaks(
    maps: NDArray[np.float32], thresholds: NDArray[np.float64], reach: int
) -> NDArray[np.float64]:
    """Local maxima over a threshold, each with the centroid of the brightness around it.

    A maximum is a pixel that no other within ``reach`` pixels (a square) outshines; of
    equals the first counts. Its centroid and mass are those of the same square; a pixel that
    lies nearer to another maximum belongs to that one, and to both by halves where it lies
    as near.

    Parameters
    ----------
    maps
        ``(n, height, width)`` brightness, 0 at least.
    thresholds
        ``(n,)`` least brightness of a maximum in each frame.
    reach
        Half edge of the square, fine pixels.

    Returns
    -------
    NDArray[np.float64]
        ``(molecules, 5)``, columns `PEAK_COLUMNS`, by frame. Positions count from the outer
        corner of the map: the centre of its first pixel is at 0.5.
    """
    count, height, width = maps.shape
    marks = np.zeros((count, height, width), dtype=np.bool_)
    found = 0
    for n in range(count):
        for j in range(height):
            for i in range(width):
                value = maps[n, j, i]
                if value < thresholds[n] or not value > 0.0:
                    continue
                is_peak = True
                for jj in range(max(j - reach, 0), min(j + reach + 1, height)):
                    for ii in range(max(i - reach, 0), min(i + reach + 1, width)):
                        other = maps[n, jj, ii]
                        earlier = jj < j or (jj == j and ii < i)
                        if other > value or (other == value and earlier):
                            is_peak = False
                            break
                    if not is_peak:
                        break
                if is_peak:
                    marks[n, j, i] = True
                    found += 1
    rows = np.empty((found, 5))
    row = 0
    for n in range(count):
        for j in range(height):
            for i in range(width):
                if not marks[n, j, i]:
                    continue
                mass = x = y = 0.0
                for jj in range(max(j - reach, 0), min(j + reach + 1, height)):
                    for ii in range(max(i - reach, 0), min(i + reach + 1, width)):
                        own = (jj - j) ** 2 + (ii - i) ** 2
                        share = 1.0
                        # whoever is nearer stands no farther off than this pixel does
                        for kk in range(max(jj - reach, 0), min(jj + reach + 1, height)):
                            for mm in range(max(ii - reach, 0), min(ii + reach + 1, width)):
                                if not marks[n, kk, mm] or (kk == j and mm == i):
                                    continue
                                distance = (kk - jj) ** 2 + (mm - ii) ** 2
                                if distance < own:
                                    share = 0.0
                                elif distance == own and share > 0.0:
                                    share = 0.5
                        weight = share * maps[n, jj, ii]
                        mass += weight
                        x += weight * (ii + 0.5)
                        y += weight * (jj + 0.5)
                rows[row, 0] = n
                rows[row, 1] = x / mass
                rows[row, 2] = y / mass
                rows[row, 3] = mass
                rows[row, 4] = maps[n, j, i]
                row += 1
    return rows
