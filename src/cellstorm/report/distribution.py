"""How the values of a column are spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["SHOWN_COLUMNS", "Distribution", "ShownColumn", "distribution"]

_BINS = 48
# what lies beyond is counted in the outermost bars
_SHOWN = (0.001, 0.995)
_LEAST = 10


@dataclass(frozen=True)
class ShownColumn:
    """A column that is drawn: its name, what people call it, its unit, what it tells.

    One that is not expected is not missed where a table does not have it.
    """

    column: str
    name: str
    unit: str
    meaning: str
    is_expected: bool = True


SHOWN_COLUMNS = (
    ShownColumn("photons", "light of a molecule", "photons", "of one row of the table"),
    ShownColumn(
        "background_photons", "background", "photons per pixel", "light under the molecules"
    ),
    ShownColumn("uncertainty_nm", "reported uncertainty", "nm", "standard error along an axis"),
    ShownColumn("sigma_nm", "spot width", "nm", "standard deviation of the spot"),
    ShownColumn("on_frames", "time on", "frames", "from first to last frame of a molecule", False),
    ShownColumn("detections", "times seen", "localizations", "merged into a row", False),
)
"""Those that tell whether the molecules look like molecules."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values of a column.

    Attributes
    ----------
    shown
        The column.
    low, median, high
        10 %, 50 % and 90 % quantiles.
    edges, counts
        ``(bins + 1,)`` and ``(bins,)``; the outermost bars hold what lies beyond.
    """

    shown: ShownColumn
    low: float
    median: float
    high: float
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


def distribution(table: TableAtHand, shown: ShownColumn) -> Distribution:
    """Count the values of a column; only this column is read.

    Raises
    ------
    TableError
        The table has no such column, or hardly a value in it.
    """
    if shown.column not in table.columns:
        raise TableError(f"the table has no column {shown.column}.")
    values = table.values(shown.column).to_numpy()
    values = values[np.isfinite(values)]
    if values.size < _LEAST:
        raise TableError(f"{values.size} values of {shown.column} are too few to be drawn.")
    low, high = np.quantile(values, _SHOWN).tolist()
    if not high > low:
        low, high = low - 0.5, low + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    counts, _ = np.histogram(np.clip(values, low, high), edges)
    ten, half, ninety = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
    return Distribution(shown, ten, half, ninety, edges, counts)
