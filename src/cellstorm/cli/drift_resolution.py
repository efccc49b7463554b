"""The resolution before and after a drift correction, from the files."""

from collections.abc import Callable
from pathlib import Path

from cellstorm.evaluate import FrcChange, frc_change
from cellstorm.localizations import Localizations, scan_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.refine.source_table import count_rows, sound_rows

__all__ = ["resolution_change"]

# 2 million rows take some seconds and 40 MB
_MOST_ROWS = 2_000_000
_READ = ("frame", "x_nm", "y_nm", "uncertainty_nm")


def resolution_change(
    source: Path,
    corrected: Path,
    *,
    pixel_size_nm: float | None = None,
    on_tile: Callable[[str, int, int], None] | None = None,
) -> FrcChange:
    """Compare two tables of the same rows; of long ones every so many rows.

    ``on_tile`` is that of `frc_change`.

    Raises
    ------
    TableError
        One of them cannot be read.
    """
    before, after = (_read(path, pixel_size_nm=pixel_size_nm) for path in (source, corrected))
    return frc_change(before, after, on_tile=on_tile)


def _read(path: Path, *, pixel_size_nm: float | None) -> Localizations:
    rows, metadata = scan_table(path, pixel_size_nm=pixel_size_nm)
    with engine_errors(path, reading=True):
        rows = sound_rows(rows)
        every = -(-count_rows(rows) // _MOST_ROWS)
        schema = rows.collect_schema()
        chosen = rows.select(name for name in _READ if name in schema).gather_every(max(every, 1))
        return Localizations(chosen.collect(engine="streaming"), metadata)
