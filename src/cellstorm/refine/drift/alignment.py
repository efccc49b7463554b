"""Blocks of molecules laid over all others, shift by shift."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift._merging_kernel import merge_in_cells
from cellstorm.refine.drift._overlap_kernel import (
    count_flat,
    count_solid,
    overlap_flat,
    overlap_solid,
)
from cellstorm.refine.drift._peak_kernel import flat_peak, line_peak
from cellstorm.refine.drift.blocks import Blocks
from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.drift.grid import empty_grid, interleaved
from cellstorm.refine.drift.molecules import Molecules

__all__ = ["FlatAlignment", "Peak", "SolidAlignment"]

_WIDTH_CELLS = 1.5
_LAYERS = 64
# of the square in which the localizations of a block are one molecule
_MERGED_CELLS = 2.0
# heights are known two to three times worse than places
_LAYER_CELLS = 2.0


@dataclass(frozen=True, eq=False)
class Peak:
    """Where a block fits best.

    Attributes
    ----------
    shift_nm, variance_nm2
        Displacement from where it was looked for and its variance, ``(axes,)``.
    strength
        Height of the peak over chance, in standard deviations.
    """

    shift_nm: NDArray[np.float64]
    variance_nm2: NDArray[np.float64]
    strength: float


class FlatAlignment:
    """Blocks against a grid of counted molecules, in x and y.

    Parameters
    ----------
    molecules, blocks
        What is aligned.
    cell_nm
        Edge of a cell of the grid, nm.
    """

    axes: ClassVar[int] = 2

    def __init__(self, molecules: Molecules, blocks: Blocks, cell_nm: float) -> None:
        self.molecules, self.blocks, self.cell_nm = molecules, blocks, cell_nm
        self.counts = empty_grid(molecules, cell_nm)
        (self._x_nm, self._y_nm), self._rows = _merged(
            np.stack([molecules.x_nm, molecules.y_nm]), blocks, cell_nm
        )

    def clear(self) -> None:
        """Count nothing."""
        self.counts[:] = 0

    def count_all(self, shift_nm: NDArray[np.float64]) -> None:
        """Count all molecules, each block less its shift, ``(blocks, axes)`` nm."""
        self.clear()
        for block in range(len(self.blocks)):
            self.count(block, shift_nm[block], 1)

    def count(self, block: int, shift_nm: NDArray[np.float64], step: int) -> None:
        """Count a block's molecules less their shift (1), or take them away again (-1)."""
        i = slice(self._rows[block], self._rows[block + 1])
        count_flat(self._x_nm[i], self._y_nm[i], shift_nm, self.cell_nm, step, self.counts)

    def peak(
        self, block: int, around_nm: NDArray[np.float64], reach: int, weights: NDArray[np.float32]
    ) -> Peak:
        """Where a block fits best on what is counted.

        Parameters
        ----------
        block
            Its number; it must not be counted itself.
        around_nm
            Shift to look around, ``(axes,)``, nm.
        reach
            How far, cells.
        weights
            Worth of the counted molecules, of `grid`.
        """
        i = slice(self._rows[block], self._rows[block + 1])
        histogram = np.zeros((2, 2, 2 * reach + 1, 2 * reach + 1))
        overlap_flat(
            self._x_nm[i], self._y_nm[i], around_nm, self.cell_nm, weights, self.counts, histogram
        )
        x, y, vx, vy, strength = flat_peak(
            interleaved(histogram), 0.5 * self.cell_nm, _WIDTH_CELLS * self.cell_nm
        )
        return Peak(np.array([x, y]), np.array([vx, vy]), strength)


class SolidAlignment:
    """The same along z, of molecules whose drift in x and y is known.

    Parameters
    ----------
    molecules, blocks
        What is aligned.
    flat_cell_nm
        Edge of a cell in x and y, nm.
    flat
        The drift in x and y.
    """

    axes: ClassVar[int] = 1

    def __init__(
        self, molecules: Molecules, blocks: Blocks, flat_cell_nm: float, flat: DriftCurve
    ) -> None:
        if molecules.z_nm is None:
            raise ValueError("there are no heights to align.")
        self.blocks, self.flat_cell_nm = blocks, flat_cell_nm
        self.cell_nm = _LAYER_CELLS * flat_cell_nm
        shifts = flat.at(molecules.frame)
        (self._x_nm, self._y_nm, self._z_nm), self._rows = _merged(
            np.stack(
                [molecules.x_nm - shifts["x"], molecules.y_nm - shifts["y"], molecules.z_nm],
                dtype=np.float32,
                casting="same_kind",
            ),
            blocks,
            flat_cell_nm,
        )
        self.counts = empty_grid(molecules, flat_cell_nm, layers=_LAYERS)

    def clear(self) -> None:
        """Count nothing."""
        self.counts[:] = 0

    def count_all(self, shift_nm: NDArray[np.float64]) -> None:
        """Count all molecules, each block less its shift, ``(blocks, 1)`` nm."""
        self.clear()
        for block in range(len(self.blocks)):
            self.count(block, shift_nm[block], 1)

    def count(self, block: int, shift_nm: NDArray[np.float64], step: int) -> None:
        """Count a block's molecules less their shift (1), or take them away again (-1)."""
        i = slice(self._rows[block], self._rows[block + 1])
        count_solid(
            self._x_nm[i],
            self._y_nm[i],
            self._z_nm[i],
            float(shift_nm[0]),
            self.flat_cell_nm,
            self.cell_nm,
            step,
            self.counts,
        )

    def peak(
        self, block: int, around_nm: NDArray[np.float64], reach: int, weights: NDArray[np.float32]
    ) -> Peak:
        """Where a block fits best along z; as `FlatAlignment.peak`."""
        i = slice(self._rows[block], self._rows[block + 1])
        histogram = np.zeros((2, 2 * min(reach + 2, _LAYERS // 2 - 1) + 1))
        overlap_solid(
            self._x_nm[i],
            self._y_nm[i],
            self._z_nm[i],
            float(around_nm[0]),
            self.flat_cell_nm,
            self.cell_nm,
            weights,
            self.counts,
            histogram,
        )
        z, variance, strength = line_peak(
            interleaved(histogram), 0.5 * self.cell_nm, _WIDTH_CELLS * self.cell_nm
        )
        return Peak(np.array([z]), np.array([variance]), strength)


def _merged(
    positions_nm: NDArray[np.float32], blocks: Blocks, cell_nm: float
) -> tuple[NDArray[np.float32], list[int]]:
    """One position for each molecule of a block; where those of each block begin and end.

    A bead, or a molecule that stays on, has as much to say as one that was seen once.
    """
    merged = np.empty_like(positions_nm)
    rows = np.empty_like(blocks.rows)
    merge_in_cells(positions_nm, blocks.rows, _MERGED_CELLS * cell_nm, merged, rows)
    return merged[:, : rows[-1]], rows.tolist()
