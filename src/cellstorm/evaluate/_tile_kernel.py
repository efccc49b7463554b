"""Kernels that count localizations in the pixels of tiles of the field.

They look at the table's own columns and allocate nothing: a table of tens of millions of
rows is not copied. ``rows`` are row numbers, sorted by tile.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["count_per_key", "count_per_tile", "draw_groups", "rows_by_tile"]


@njit(nogil=True, cache=True)
def count_per_key(key: NDArray[np.uint32], first: int, out: NDArray[np.int64]) -> None:
    """Add the rows of every key (a frame, or the number of a blink) to ``out[key - first]``."""
    for i in range(key.size):
        out[key[i] - first] += 1


@njit(nogil=True, cache=True)
def _tile_of(
    x_nm: float,
    y_nm: float,
    corner_nm: NDArray[np.float64],
    edge_nm: NDArray[np.float64],
    columns: int,
    rows: int,
) -> int:
    column = math.floor((x_nm - corner_nm[0]) / edge_nm[0])
    row = math.floor((y_nm - corner_nm[1]) / edge_nm[1])
    if 0 <= column < columns and 0 <= row < rows:
        return int(row * columns + column)
    return -1


@njit(nogil=True, cache=True)
def count_per_tile(
    x_nm: NDArray[np.float64],
    y_nm: NDArray[np.float64],
    corner_nm: NDArray[np.float64],
    edge_nm: NDArray[np.float64],
    columns: int,
    out: NDArray[np.int64],
) -> None:
    """Add the localizations in each tile to ``out``, (rows * columns), row after row.

    ``corner_nm`` and ``edge_nm`` are (x, y) of the outermost corner and of a tile's edges.
    """
    rows = out.size // columns
    for i in range(x_nm.size):
        tile = _tile_of(x_nm[i], y_nm[i], corner_nm, edge_nm, columns, rows)
        if tile >= 0:
            out[tile] += 1


@njit(nogil=True, cache=True)
def rows_by_tile(
    x_nm: NDArray[np.float64],
    y_nm: NDArray[np.float64],
    corner_nm: NDArray[np.float64],
    edge_nm: NDArray[np.float64],
    columns: int,
    place: NDArray[np.int64],
    out: NDArray[np.uint32],
) -> None:
    """Write the row numbers of the tiles behind one another into ``out``.

    ``place`` holds where each tile begins and is moved on to where it ends.
    """
    rows = place.size // columns
    for i in range(x_nm.size):
        tile = _tile_of(x_nm[i], y_nm[i], corner_nm, edge_nm, columns, rows)
        if tile >= 0:
            out[place[tile]] = i
            place[tile] += 1


@njit(nogil=True, cache=True)
def draw_groups(
    x_nm: NDArray[np.float64],
    y_nm: NDArray[np.float64],
    key: NDArray[np.uint32],
    first_key: int,
    group_of_key: NDArray[np.int16],
    rows: NDArray[np.uint32],
    corner_nm: NDArray[np.float64],
    pixel_nm: float,
    out: NDArray[np.float32],
) -> int:
    """Add 1 to ``out[group, y, x]`` for each of ``rows``; a group under 0 is left out.

    Returns
    -------
    int
        How many were added.
    """
    _, height, width = out.shape
    drawn = 0
    for i in range(rows.size):
        row = rows[i]
        group = group_of_key[key[row] - first_key]
        if group < 0:
            continue
        x = math.floor((x_nm[row] - corner_nm[0]) / pixel_nm)
        y = math.floor((y_nm[row] - corner_nm[1]) / pixel_nm)
        if 0 <= x < width and 0 <= y < height:
            out[group, y, x] += 1
            drawn += 1
    return drawn
