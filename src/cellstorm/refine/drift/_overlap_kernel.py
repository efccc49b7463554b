"""Molecules of a block over a grid of counted ones, for many shifts at once (numba).

The grid wraps round: cell (i, j) is stored at (i mod rows, j mod columns), both powers of
two. A field larger than the grid folds onto itself, which adds chance encounters but moves
no peak, so memory is bounded whatever the positions are.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "count_flat",
    "count_solid",
    "gain_by_shift",
    "overlap_flat",
    "overlap_solid",
    "pairs_between_blocks",
]

_MOST = 65_535


@njit(cache=True, nogil=True)
def _weigh(
    around: NDArray[np.uint16],
    start: int,
    last: int,
    weights: NDArray[np.float32],
    line: NDArray[np.float64],
) -> None:
    """Add to each bin of ``line`` the worth of a cell, from ``start`` on, wrapping after ``last``.

    ``around`` is a row or column of the grid, ``last + 1`` cells long.
    """
    for b in range(line.size):
        held = around[(start + b) & last]
        if held:
            line[b] += weights[held]


@njit(cache=True, nogil=True)
def count_flat(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
    cell_nm: float,
    step: int,
    counts: NDArray[np.uint16],
) -> None:
    """Add molecules to a grid, or take them away.

    Parameters
    ----------
    x_nm, y_nm
        Positions, ``(n,)``, nm.
    shift_nm
        Subtracted from them first: ``(2,)``, x and y, nm.
    cell_nm
        Edge of a cell, nm.
    step
        1 adds, -1 takes away what was added before.
    counts
        ``(rows, columns)``, both powers of two; changed. Stays at 65,535 once there.
    """
    down, across = counts.shape[0] - 1, counts.shape[1] - 1
    for k in range(x_nm.size):
        i = math.floor((y_nm[k] - shift_nm[1]) / cell_nm) & down
        j = math.floor((x_nm[k] - shift_nm[0]) / cell_nm) & across
        held = counts[i, j]
        if held < _MOST and held + step >= 0:
            counts[i, j] = held + step


@njit(cache=True, nogil=True)
def overlap_flat(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
    cell_nm: float,
    weights: NDArray[np.float32],
    counts: NDArray[np.uint16],
    histogram: NDArray[np.float64],
) -> None:
    """Weigh, for every displacement, the counted molecules that a block's molecules meet.

    Parameters
    ----------
    x_nm, y_nm, shift_nm, cell_nm, counts
        As in `count_flat`; the block's molecules are not among those counted.
    weights
        ``(65536,)``, what a cell with that many molecules is worth.
    histogram
        ``(2, 2, 2 reach + 1, 2 reach + 1)``, added to: half of the cell in y and x, then
        whole cells in y and x, from the one ``reach`` before to the one ``reach`` after
        the molecule. `cellstorm.refine.drift.grid.interleaved` puts them in order.
    """
    down, across = counts.shape[0] - 1, counts.shape[1] - 1
    size = histogram.shape[2]
    reach = size // 2
    for k in range(x_nm.size):
        v = (y_nm[k] - shift_nm[1]) / cell_nm
        u = (x_nm[k] - shift_nm[0]) / cell_nm
        i, j = math.floor(v), math.floor(u)
        part = histogram[1 if v - i >= 0.5 else 0, 1 if u - j >= 0.5 else 0]
        i, j = (i - reach) & down, (j - reach) & across
        whole = j + size <= across
        for a in range(size):
            row = counts[(i + a) & down]
            line = part[a]
            if whole:
                near = row[j : j + size]
                for b in range(size):
                    if near[b]:
                        line[b] += weights[near[b]]
            else:
                _weigh(row, j, across, weights, line)


@njit(cache=True, nogil=True)
def count_solid(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    z_nm: NDArray[np.float32],
    shift_nm: float,
    cell_nm: float,
    z_cell_nm: float,
    step: int,
    counts: NDArray[np.uint16],
) -> None:
    """As `count_flat`, in three dimensions: ``counts`` is ``(rows, columns, layers)``.

    ``shift_nm`` is taken off the heights alone.
    """
    down, across, up = counts.shape[0] - 1, counts.shape[1] - 1, counts.shape[2] - 1
    for k in range(x_nm.size):
        i = math.floor(y_nm[k] / cell_nm) & down
        j = math.floor(x_nm[k] / cell_nm) & across
        l = math.floor((z_nm[k] - shift_nm) / z_cell_nm) & up  # noqa: E741
        held = counts[i, j, l]
        if held < _MOST and held + step >= 0:
            counts[i, j, l] = held + step


@njit(cache=True, nogil=True)
def overlap_solid(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    z_nm: NDArray[np.float32],
    shift_nm: float,
    cell_nm: float,
    z_cell_nm: float,
    weights: NDArray[np.float32],
    counts: NDArray[np.uint16],
    histogram: NDArray[np.float64],
) -> None:
    """As `overlap_flat` for displacements along z, of molecules in one or touching columns.

    ``histogram`` is ``(2, 2 reach + 1)``: half of the layer, whole layers.
    """
    down, across, up = counts.shape[0] - 1, counts.shape[1] - 1, counts.shape[2] - 1
    reach = histogram.shape[1] // 2
    for k in range(x_nm.size):
        i = math.floor(y_nm[k] / cell_nm)
        j = math.floor(x_nm[k] / cell_nm)
        w = (z_nm[k] - shift_nm) / z_cell_nm
        l = math.floor(w)  # noqa: E741
        line = histogram[1 if w - l >= 0.5 else 0]
        for a in range(-1, 2):
            for b in range(-1, 2):
                column = counts[(i + a) & down, (j + b) & across]
                _weigh(column, l - reach, up, weights, line)


@njit(cache=True, nogil=True)
def pairs_between_blocks(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    block: NDArray[np.int32],
    cell_nm: float,
    tile_cells: int,
    counts: NDArray[np.uint16],
    last: NDArray[np.int32],
    pairs: NDArray[np.float64],
) -> None:
    """Count pairs of blocks that have molecules in the same cell, cell by cell.

    A cell is entered by a block once, however many of its molecules lie there, so that
    one long blink or one bright bead is not taken for sharpness.

    Parameters
    ----------
    x_nm, y_nm
        Positions in the order of their blocks, ``(n,)``, nm.
    block
        Number of the block of each, ``(n,)``, in rising order.
    cell_nm
        Edge of a cell, nm.
    tile_cells
        Edge of a tile, in cells.
    counts, last
        Work space of the grid, ``(rows, columns)``; zero, and -1.
    pairs
        ``(tiles,)``, added to; tiles wrap round, too.
    """
    down, across = counts.shape[0] - 1, counts.shape[1] - 1
    for k in range(x_nm.size):
        v = math.floor(y_nm[k] / cell_nm)
        u = math.floor(x_nm[k] / cell_nm)
        i, j = v & down, u & across
        if last[i, j] != block[k]:
            last[i, j] = block[k]
            tile = (v // tile_cells) * 7919 + u // tile_cells
            pairs[tile % pairs.size] += counts[i, j]
            if counts[i, j] < _MOST:
                counts[i, j] += 1


@njit(cache=True, nogil=True)
def gain_by_shift(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    before_nm: NDArray[np.float64],
    after_nm: NDArray[np.float64],
    cell_nm: float,
    weights: NDArray[np.float32],
    counts: NDArray[np.uint16],
    gains: NDArray[np.float64],
) -> None:
    """How much better each molecule fits the others with one shift than with another.

    Parameters
    ----------
    x_nm, y_nm, cell_nm, weights, counts
        As in `overlap_flat`; the cells around a molecule count, too.
    before_nm, after_nm
        The two shifts, ``(2,)``, nm.
    gains
        Written: worth with the first shift less that with the second, ``(n,)``.
    """
    down, across = counts.shape[0] - 1, counts.shape[1] - 1
    for k in range(x_nm.size):
        gain = 0.0
        for side in range(2):
            shift_nm = before_nm if side == 0 else after_nm
            i = math.floor((y_nm[k] - shift_nm[1]) / cell_nm)
            j = math.floor((x_nm[k] - shift_nm[0]) / cell_nm)
            held = 0
            for a in range(-1, 2):
                for b in range(-1, 2):
                    held += counts[(i + a) & down, (j + b) & across]
            worth = weights[min(held, _MOST)]
            gain += worth if side == 0 else -worth
        gains[k] = gain
