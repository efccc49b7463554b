"""Molecules of a block over a grid of counted ones, for many shifts at once (numba).

The grid wraps round: cell (i, j) is stored at (i mod rows, j mod columns), both powers of
two. A field larger than the grid folds onto itself, which adds chance encounters but moves
no peak, so memory is bounded whatever the positions are. A cell holds the worth of its
molecules, see `cellstorm.refine.drift.grid`, so that a row of cells is added up with no look
into a table, several cells at once.
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
# cells across the usual search: a loop of known length is unrolled
_USUAL = 9
_UNROLLED = np.uintp(_USUAL)
# molecules whose worths fit into 32 bits together
_AT_ONCE = 65_536


@njit(cache=True, nogil=True)
def count_flat(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
    cell_nm: float,
    following: NDArray[np.uint16],
    worths: NDArray[np.uint16],
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
    following
        ``(65536,)``: what a worth becomes with one molecule more, or one less.
    worths
        The grid, ``(rows, columns)``, both powers of two; changed.
    """
    down, across = worths.shape[0] - 1, worths.shape[1] - 1
    for k in range(x_nm.size):
        i = math.floor((y_nm[k] - shift_nm[1]) / cell_nm) & down
        j = math.floor((x_nm[k] - shift_nm[0]) / cell_nm) & across
        worths[i, j] = following[worths[i, j]]


@njit(cache=True, nogil=True)
def overlap_flat(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
    cell_nm: float,
    presence: bool,
    worths: NDArray[np.uint16],
    histogram: NDArray[np.float64],
) -> None:
    """Add up, for every displacement, the worth of what a block's molecules meet.

    Parameters
    ----------
    x_nm, y_nm, shift_nm, cell_nm, worths
        As in `count_flat`; the block's molecules are not among those counted.
    presence
        A cell that is not empty is worth 1.
    histogram
        ``(2, 2, 2 reach + 1, 2 reach + 1)``, added to: half of the cell in y and x, then
        whole cells in y and x, from the one ``reach`` before to the one ``reach`` after
        the molecule. `cellstorm.refine.drift.grid.interleaved` puts them in order.
    """
    down, across = worths.shape[0] - 1, worths.shape[1] - 1
    size = histogram.shape[2]
    reach = size // 2
    # (worth + 65535) >> 16 is 1 unless the cell is empty, and no branch to guess wrongly
    lift, fall = (np.uint32(_MOST), np.uint32(16)) if presence else (np.uint32(0), np.uint32(0))
    sums = np.zeros(histogram.shape, np.uint32)
    # unsigned: no index is looked at for being counted from the end
    cells, bins = worths.reshape(-1), sums.reshape(-1)
    width, wide = np.uintp(worths.shape[1]), np.uintp(size)
    for k in range(x_nm.size):
        v = (y_nm[k] - shift_nm[1]) / cell_nm
        u = (x_nm[k] - shift_nm[0]) / cell_nm
        i, j = math.floor(v), math.floor(u)
        half = (2 if v - i >= 0.5 else 0) + (1 if u - j >= 0.5 else 0)
        i, j = (i - reach) & down, (j - reach) & across
        to = np.uintp(half) * wide * wide
        for a in range(size):
            row = np.uintp((i + a) & down) * width
            at = row + np.uintp(j)
            if j + size > across:
                for b in range(size):
                    held = cells[row + np.uintp((j + b) & across)]
                    bins[to + np.uintp(b)] += (held + lift) >> fall
            elif size == _USUAL:
                for b in range(_UNROLLED):
                    bins[to + b] += (cells[at + b] + lift) >> fall
            else:
                for b in range(wide):
                    bins[to + b] += (cells[at + b] + lift) >> fall
            to += wide
        if (k + 1) % _AT_ONCE == 0:
            histogram += sums
            sums[:] = 0
    histogram += sums


@njit(cache=True, nogil=True)
def count_solid(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    z_nm: NDArray[np.float32],
    shift_nm: float,
    cell_nm: float,
    z_cell_nm: float,
    following: NDArray[np.uint16],
    worths: NDArray[np.uint16],
) -> None:
    """As `count_flat`, in three dimensions: ``worths`` is ``(rows, columns, layers)``.

    ``shift_nm`` is taken off the heights alone.
    """
    down, across, up = worths.shape[0] - 1, worths.shape[1] - 1, worths.shape[2] - 1
    for k in range(x_nm.size):
        i = math.floor(y_nm[k] / cell_nm) & down
        j = math.floor(x_nm[k] / cell_nm) & across
        l = math.floor((z_nm[k] - shift_nm) / z_cell_nm) & up  # noqa: E741
        worths[i, j, l] = following[worths[i, j, l]]


@njit(cache=True, nogil=True)
def overlap_solid(
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    z_nm: NDArray[np.float32],
    shift_nm: float,
    cell_nm: float,
    z_cell_nm: float,
    presence: bool,
    worths: NDArray[np.uint16],
    histogram: NDArray[np.float64],
) -> None:
    """As `overlap_flat` for displacements along z, of molecules in one or touching columns.

    ``histogram`` is ``(2, 2 reach + 1)``: half of the layer, whole layers.
    """
    down, across, up = worths.shape[0] - 1, worths.shape[1] - 1, worths.shape[2] - 1
    size = histogram.shape[1]
    reach = size // 2
    for k in range(x_nm.size):
        i = math.floor(y_nm[k] / cell_nm)
        j = math.floor(x_nm[k] / cell_nm)
        w = (z_nm[k] - shift_nm) / z_cell_nm
        l = math.floor(w)  # noqa: E741
        line = histogram[1 if w - l >= 0.5 else 0]
        for a in range(-1, 2):
            for b in range(-1, 2):
                column = worths[(i + a) & down, (j + b) & across]
                for c in range(size):
                    held = column[(l - reach + c) & up]
                    line[c] += min(held, 1) if presence else held


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
    molecules: NDArray[np.uint16],
    worths: NDArray[np.uint16],
    gains: NDArray[np.float64],
) -> None:
    """How much better each molecule fits the others with one shift than with another.

    Parameters
    ----------
    x_nm, y_nm, cell_nm, worths
        As in `overlap_flat`; the cells around a molecule count, too.
    before_nm, after_nm
        The two shifts, ``(2,)``, nm.
    molecules
        ``(65536,)``: how many make up a worth.
    gains
        Written: log(1 + molecules met) with the first shift less that with the second,
        ``(n,)``.
    """
    down, across = worths.shape[0] - 1, worths.shape[1] - 1
    for k in range(x_nm.size):
        gain = 0.0
        for side in range(2):
            shift_nm = before_nm if side == 0 else after_nm
            i = math.floor((y_nm[k] - shift_nm[1]) / cell_nm)
            j = math.floor((x_nm[k] - shift_nm[0]) / cell_nm)
            held = 0
            for a in range(-1, 2):
                for b in range(-1, 2):
                    held += molecules[worths[(i + a) & down, (j + b) & across]]
            worth = math.log1p(held)
            gain += worth if side == 0 else -worth
        gains[k] = gain
