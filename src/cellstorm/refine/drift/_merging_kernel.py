"""Localizations of a block that lie in one cell become one (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["merge_in_cells"]

# odd; the middle bits of a product with it depend on all lower ones (Knuth 1998, 6.4)
_SCATTER = 0x2545F4914F6CDD1D


@njit(cache=True, nogil=True)
def merge_in_cells(
    positions_nm: NDArray[np.float32],
    rows: NDArray[np.int64],
    cell_nm: float,
    merged_nm: NDArray[np.float32],
    merged_rows: NDArray[np.int64],
) -> None:
    """Replace the localizations of a block that share a cell by their mean.

    Parameters
    ----------
    positions_nm
        ``(axes, n)``, x and y first, nm.
    rows
        ``(blocks + 1,)``: block b has the localizations ``rows[b]:rows[b + 1]``.
    cell_nm
        Edge of a cell, nm.
    merged_nm
        Written, as ``positions_nm``; the first ``merged_rows[-1]`` are of use.
    merged_rows
        Written, as ``rows``.
    """
    axes = positions_nm.shape[0]
    largest = 1
    for b in range(rows.size - 1):
        largest = max(largest, rows[b + 1] - rows[b])
    size = 4
    while size < 2 * largest:
        size *= 2
    # cells of the block at hand by their key, each in the first free place from its own on
    keys = np.empty(size, np.int64)
    owner = np.full(size, -1, np.int64)
    place = np.empty(size, np.int64)
    held = np.empty(largest, np.int64)
    sums = np.empty((axes, largest))
    at = 0
    merged_rows[0] = 0
    for b in range(rows.size - 1):
        cells = 0
        for k in range(rows[b], rows[b + 1]):
            u = math.floor(positions_nm[0, k] / cell_nm)
            v = math.floor(positions_nm[1, k] / cell_nm)
            key = (v << 32) + u
            slot = ((key ^ (key >> 29)) * _SCATTER >> 20) & (size - 1)
            while owner[slot] == b and keys[slot] != key:
                slot = (slot + 1) & (size - 1)
            if owner[slot] != b:
                owner[slot], keys[slot], place[slot] = b, key, cells
                held[cells] = 0
                sums[:, cells] = 0.0
                cells += 1
            c = place[slot]
            held[c] += 1
            for axis in range(axes):
                sums[axis, c] += positions_nm[axis, k]
        for c in range(cells):
            for axis in range(axes):
                merged_nm[axis, at + c] = sums[axis, c] / held[c]
        at += cells
        merged_rows[b + 1] = at
