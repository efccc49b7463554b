"""Matched molecules and their errors: what grid bias, coverage and bounds look at."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.evaluate.matching import match

__all__ = ["MatchedPairs", "matched_pairs"]


@dataclass(frozen=True)
class MatchedPairs:
    """Which found molecule is which true one, and how far off.

    Attributes
    ----------
    found_row, truth_row
        ``(pairs,)`` int64 rows of the two tables.
    error_x_nm, error_y_nm
        ``(pairs,)`` found minus true.
    """

    found_row: NDArray[np.int64]
    truth_row: NDArray[np.int64]
    error_x_nm: NDArray[np.float64]
    error_y_nm: NDArray[np.float64]


def matched_pairs(
    found: pl.DataFrame, truth: pl.DataFrame, *, radius_nm: float = 250.0
) -> MatchedPairs:
    """Pair found with true molecules of the same frame; see `match`.

    Raises
    ------
    TableError
        A table lacks ``frame``, ``x_nm`` or ``y_nm``.
    """
    places = []
    for table, name in ((found, "the found molecules"), (truth, "the truth")):
        for column in ("frame", "x_nm", "y_nm"):
            if column not in table.columns:
                raise TableError(f"{name} lack the column {column}.")
        places.append(table.select("frame", "x_nm", "y_nm").cast(pl.Float64).to_numpy())
    found_row, truth_row = match(places[0], places[1], radius_nm)
    step = places[0][found_row, 1:] - places[1][truth_row, 1:]
    return MatchedPairs(found_row, truth_row, step[:, 0], step[:, 1])
