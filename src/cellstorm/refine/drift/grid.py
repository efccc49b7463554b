"""The grid that molecules are counted in."""

import math

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift.molecules import Molecules

__all__ = ["FEWER", "MOLECULES", "MORE", "UNITS", "empty_grid", "interleaved"]

# cells in all: 128 MB at two bytes each
_MOST_CELLS = 2**26
_VALUES = 65_536

UNITS = 5_900
"""What a cell of n molecules is worth: log(1 + n), in these parts of one, a whole number.

That is what a molecule there adds to the log-likelihood when the counts, and one more, are
the density that it was drawn from.
"""
# from there on log(1 + n) is no longer another whole number for each n
_MOST_MOLECULES = UNITS - 2
_RUNGS = np.rint(UNITS * np.log1p(np.arange(_MOST_MOLECULES + 1))).astype(np.uint16)


def _table(at: NDArray[np.uint16], value: NDArray[np.integer]) -> NDArray[np.uint16]:
    table = np.zeros(_VALUES, dtype=np.uint16)
    table[at] = value
    return table


MORE: NDArray[np.uint16] = _table(_RUNGS, np.append(_RUNGS[1:], _RUNGS[-1]))
"""``(65536,)``: a cell's worth with one molecule more; it stays once there are 5,898."""
FEWER: NDArray[np.uint16] = _table(_RUNGS, np.append(_RUNGS[0], [*_RUNGS[:-2], _RUNGS[-1]]))
"""``(65536,)``: a cell's worth with one molecule less."""
MOLECULES: NDArray[np.uint16] = _table(_RUNGS, np.arange(_RUNGS.size))
"""``(65536,)``: molecules that make up a worth."""


def empty_grid(
    molecules: Molecules, cell_nm: float, *, layers: int | None = None
) -> NDArray[np.uint16]:
    """A grid of zeros as large as the field, or as memory allows; it then wraps round.

    Parameters
    ----------
    molecules
        What is to be counted.
    cell_nm
        Edge of a cell, nm.
    layers
        Layers along z, a power of two; None for a flat grid.
    """
    most = _MOST_CELLS // (layers or 1)
    rows, columns = (
        2 ** max(3, math.ceil(math.log2(float(positions.max()) / cell_nm + 32)))
        for positions in (molecules.y_nm, molecules.x_nm)
    )
    while rows * columns > most:
        if rows >= columns:
            rows //= 2
        else:
            columns //= 2
    shape = (rows, columns) if layers is None else (rows, columns, layers)
    return np.zeros(shape, dtype=np.uint16)


def interleaved(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bins in the order of their displacement, from those of the overlap kernels.

    A displacement is the block's molecule minus the counted one's cell; bins are half a
    cell wide, from -(reach + 1/2) to reach + 1/2 cells.
    """
    if histogram.ndim == 2:
        return np.ascontiguousarray(histogram[:, ::-1].T).reshape(-1)
    half, size = histogram.shape[0], histogram.shape[2]
    ordered = histogram[:, :, ::-1, ::-1].transpose(2, 0, 3, 1)
    return np.ascontiguousarray(ordered).reshape(half * size, half * size)
