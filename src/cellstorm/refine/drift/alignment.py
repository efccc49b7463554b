"""Blocks of molecules laid over all others, shift by shift."""

from abc import ABC, abstractmethod
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
from cellstorm.refine.drift.grid import FEWER, MORE, UNITS, empty_grid, interleaved
from cellstorm.refine.drift.molecules import Molecules

__all__ = ["Alignment", "FlatAlignment", "Peak", "SolidAlignment"]

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


class Alignment(ABC):
    """Blocks against a grid of counted molecules.

    Attributes
    ----------
    axes
        Axes that shifts have.
    blocks
        What is aligned.
    cell_nm
        Edge of a cell of the grid along these axes, nm.
    worths
        The grid.
    """

    axes: ClassVar[int]

    def __init__(
        self,
        positions_nm: NDArray[np.float32],
        blocks: Blocks,
        worths: NDArray[np.uint16],
        cell_nm: float,
        flat_cell_nm: float,
    ) -> None:
        self.blocks, self.worths, self.cell_nm = blocks, worths, cell_nm
        self._positions_nm, self._rows = _merged(positions_nm, blocks, flat_cell_nm)

    def clear(self) -> None:
        """Count nothing."""
        self.worths[:] = 0

    def count_all(self, shift_nm: NDArray[np.float64]) -> None:
        """Count all molecules, each block less its shift, ``(blocks, axes)`` nm."""
        self.clear()
        for block in range(len(self.blocks)):
            self.count(block, shift_nm[block], 1)

    @abstractmethod
    def count(self, block: int, shift_nm: NDArray[np.float64], step: int) -> None:
        """Count a block's molecules less their shift (1), or take them away again (-1)."""

    @abstractmethod
    def peak(
        self, block: int, around_nm: NDArray[np.float64], reach: int, *, presence: bool
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
        presence
            A cell with molecules counts once, however many it holds (the intersection of
            two sets of cells); otherwise by its log-likelihood, see `grid.UNITS`.
        """

    def _of(self, block: int) -> NDArray[np.float32]:
        """Positions of a block's molecules, ``(2 or 3, n)`` nm."""
        return self._positions_nm[:, self._rows[block] : self._rows[block + 1]]


class FlatAlignment(Alignment):
    """Blocks in x and y.

    Parameters
    ----------
    molecules, blocks
        What is aligned.
    cell_nm
        Edge of a cell of the grid, nm.
    """

    axes: ClassVar[int] = 2

    def __init__(self, molecules: Molecules, blocks: Blocks, cell_nm: float) -> None:
        super().__init__(
            np.stack([molecules.x_nm, molecules.y_nm]),
            blocks,
            empty_grid(molecules, cell_nm),
            cell_nm,
            cell_nm,
        )
        self.molecules = molecules

    def count(self, block: int, shift_nm: NDArray[np.float64], step: int) -> None:
        """As `Alignment.count`."""
        x_nm, y_nm = self._of(block)
        following = MORE if step > 0 else FEWER
        count_flat(x_nm, y_nm, shift_nm, self.cell_nm, following, self.worths)

    def peak(
        self, block: int, around_nm: NDArray[np.float64], reach: int, *, presence: bool
    ) -> Peak:
        """As `Alignment.peak`."""
        histogram = np.zeros((2, 2, 2 * reach + 1, 2 * reach + 1))
        x_nm, y_nm = self._of(block)
        overlap_flat(x_nm, y_nm, around_nm, self.cell_nm, presence, self.worths, histogram)
        x, y, vx, vy, strength = flat_peak(
            interleaved(histogram / (1 if presence else UNITS)),
            0.5 * self.cell_nm,
            _WIDTH_CELLS * self.cell_nm,
        )
        return Peak(np.array([x, y]), np.array([vx, vy]), strength)


class SolidAlignment(Alignment):
    """Blocks along z, of molecules whose drift in x and y is known.

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
        shifts = flat.at(molecules.frame)
        super().__init__(
            np.stack(
                [molecules.x_nm - shifts["x"], molecules.y_nm - shifts["y"], molecules.z_nm],
                dtype=np.float32,
                casting="same_kind",
            ),
            blocks,
            empty_grid(molecules, flat_cell_nm, layers=_LAYERS),
            _LAYER_CELLS * flat_cell_nm,
            flat_cell_nm,
        )
        self.flat_cell_nm = flat_cell_nm

    def count(self, block: int, shift_nm: NDArray[np.float64], step: int) -> None:
        """As `Alignment.count`."""
        x_nm, y_nm, z_nm = self._of(block)
        count_solid(
            x_nm,
            y_nm,
            z_nm,
            float(shift_nm[0]),
            self.flat_cell_nm,
            self.cell_nm,
            MORE if step > 0 else FEWER,
            self.worths,
        )

    def peak(
        self, block: int, around_nm: NDArray[np.float64], reach: int, *, presence: bool
    ) -> Peak:
        """As `Alignment.peak`."""
        histogram = np.zeros((2, 2 * min(reach + 2, _LAYERS // 2 - 1) + 1))
        x_nm, y_nm, z_nm = self._of(block)
        overlap_solid(
            x_nm,
            y_nm,
            z_nm,
            float(around_nm[0]),
            self.flat_cell_nm,
            self.cell_nm,
            presence,
            self.worths,
            histogram,
        )
        z, variance, strength = line_peak(
            interleaved(histogram / (1 if presence else UNITS)),
            0.5 * self.cell_nm,
            _WIDTH_CELLS * self.cell_nm,
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
