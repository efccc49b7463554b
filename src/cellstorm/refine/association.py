"""Localizations of consecutive frames joined to molecules, block after block."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.errors import TableError
from cellstorm.parameters import Parameters
from cellstorm.refine._linking_kernel import link_rows

__all__ = ["LONGEST_GAP", "Association", "Linking"]

LONGEST_GAP = 20
"""Gaps are counted up to so many dark frames."""


class Linking(Parameters):
    """When two localizations are the same molecule, still on.

    They are joined when they lie within `radius_sigmas` standard errors of their distance,
    ``sqrt(u_a**2 + u_b**2)``. In two dimensions a share ``exp(-radius_sigmas**2 / 2)`` of
    true pairs lies farther apart: 1.1 % at 3.
    """

    radius_sigmas: float = Field(
        3.0, gt=0, le=20, description="radius in standard errors of the distance"
    )
    radius_nm: float | None = Field(
        None, gt=0, le=1e5, description="the same radius for all pairs instead, nm"
    )
    longest_radius_nm: float = Field(
        250.0, gt=0, le=1e5, description="no radius from uncertainties is longer, nm"
    )
    dark_frames: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="frames in between in which a molecule may not be seen; None: estimated"
        " from the table",
    )


class Association:
    """Numbers the molecules of blocks of rows that come in the order of frames.

    Parameters
    ----------
    linking
        When two localizations are joined.
    dark_frames
        Frames in between in which a molecule may not be seen.
    """

    def __init__(self, linking: Linking, dark_frames: int) -> None:
        self._linking = linking
        self._dark_frames = dark_frames
        self._next_number = 0
        self._open_count = 0
        self._x_nm, self._y_nm, self._reach_nm = np.zeros(0), np.zeros(0), np.zeros(0)
        self._numbers = np.zeros(0, np.int64)
        self._frames = np.zeros(0, np.int64)
        self._gaps = np.zeros(LONGEST_GAP + 2, np.int64)

    @property
    def molecules(self) -> int:
        """How many there are so far."""
        return self._next_number

    @property
    def open_numbers(self) -> NDArray[np.int64]:
        """Numbers of the molecules that may go on in the next block."""
        return self._numbers

    @property
    def gaps(self) -> NDArray[np.int64]:
        """``(LONGEST_GAP + 2,)`` joined pairs by the frames between; the last holds the rest."""
        return self._gaps

    def __call__(self, block: pl.DataFrame) -> NDArray[np.int64]:
        """The number of the molecule of each row.

        Parameters
        ----------
        block
            Rows ordered by frame and x, all after those of the block before.
        """
        rows = len(block)
        reach_nm, longest = self._reach(block)
        # room for every row to become a molecule of its own
        more = np.zeros(rows)
        open_x_nm = np.concatenate([self._x_nm, more])
        open_y_nm = np.concatenate([self._y_nm, more])
        open_reach_nm = np.concatenate([self._reach_nm, more])
        numbers = np.concatenate([self._numbers, more.astype(np.int64)])
        frames = np.concatenate([self._frames, more.astype(np.int64)])
        found = np.empty(rows, np.int64)
        self._next_number, self._open_count = link_rows(
            block["frame"].to_numpy().astype(np.int64),
            block["x_nm"].to_numpy().astype(np.float64),
            block["y_nm"].to_numpy().astype(np.float64),
            reach_nm,
            longest,
            self._dark_frames,
            self._next_number,
            numbers,
            open_x_nm,
            open_y_nm,
            open_reach_nm,
            frames,
            self._open_count,
            found,
            self._gaps,
        )
        kept = slice(0, self._open_count)
        self._x_nm, self._y_nm = open_x_nm[kept].copy(), open_y_nm[kept].copy()
        self._reach_nm = open_reach_nm[kept].copy()
        self._numbers, self._frames = numbers[kept].copy(), frames[kept].copy()
        return found

    def _reach(self, block: pl.DataFrame) -> tuple[NDArray[np.float64], float]:
        """Of each row, nm, negative where it has no uncertainty; and the longest of a pair."""
        if self._linking.radius_nm is not None:
            radius = self._linking.radius_nm
            # a little farther: rounding must not decide what lies on the circle
            radius *= 1.0 + 1e-12
            return np.full(len(block), radius / math.sqrt(2.0)), radius
        uncertainty = _uncertainty_nm(block)
        sound = np.isfinite(uncertainty) & (uncertainty > 0)
        reach = np.where(sound, self._linking.radius_sigmas * uncertainty, -1.0)
        return reach, self._linking.longest_radius_nm


def _uncertainty_nm(block: pl.DataFrame) -> NDArray[np.float64]:
    """The same in x and y: the root of the mean square where both are known."""

    def column(name: str) -> NDArray[np.float64]:
        return block[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    if "uncertainty_x_nm" in block.columns and "uncertainty_y_nm" in block.columns:
        return np.sqrt((column("uncertainty_x_nm") ** 2 + column("uncertainty_y_nm") ** 2) / 2)
    if "uncertainty_nm" in block.columns:
        return column("uncertainty_nm")
    raise TableError(
        "the table has no uncertainties (uncertainty_nm) to take the radius from.",
        todo="Give a radius for all molecules, for instance --radius-nm 50.",
    )
