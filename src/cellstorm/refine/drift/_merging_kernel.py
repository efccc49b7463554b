"""Localizations of a block that lie in one cell become one (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["merge_in_cells"]


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
    at = 0
    merged_rows[0] = 0
    for b in range(rows.size - 1):
        first, last = rows[b], rows[b + 1]
        keys = np.empty(last - first, np.int64)
        for k in range(last - first):
            u = math.floor(positions_nm[0, first + k] / cell_nm)
            v = math.floor(positions_nm[1, first + k] / cell_nm)
            keys[k] = (v << 32) + u
        order = np.argsort(keys)
        k = 0
        while k < order.size:
            end = k + 1
            while end < order.size and keys[order[end]] == keys[order[k]]:
                end += 1
            for axis in range(axes):
                total = 0.0
                for j in range(k, end):
                    total += positions_nm[axis, first + order[j]]
                merged_nm[axis, at] = total / (end - k)
            at += 1
            k = end
        merged_rows[b + 1] = at
