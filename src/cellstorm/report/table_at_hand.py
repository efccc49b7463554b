"""The table that is reported on: opened, checked, its rows still in the file."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, Metadata, scan_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.table import count_bad_positions
from cellstorm.refine import refuse_implausible
from cellstorm.refine.source_table import count_rows, sound_rows

__all__ = ["TableAtHand", "open_table"]

_MEASURED = ("uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm")
# 11 days at 50 frames a second; counting frames beyond would take all memory there is
_MOST_FRAMES = 50_000_000
# 10 cm, whatever the units: nothing could be drawn or counted over such a field
_FARTHEST_NM = 1e8


@dataclass(frozen=True, eq=False)
class TableAtHand:
    """A table with rows that are read when they are needed.

    Attributes
    ----------
    path
        Its file.
    rows
        Those with a frame and a position.
    columns
        Their names.
    metadata
        What the file says of itself.
    count, left_out
        Rows, and those without a finite position.
    """

    path: Path
    rows: pl.LazyFrame
    columns: tuple[str, ...]
    metadata: Metadata
    count: int
    left_out: int

    def localizations(self) -> Localizations:
        """Frames, positions and uncertainties of all rows, in memory: some 28 bytes a row.

        Raises
        ------
        TableError
            The rows cannot be read.
        """
        names = ["frame", "x_nm", "y_nm", *(name for name in _MEASURED if name in self.columns)]
        if "z_nm" in self.columns:
            names.append("z_nm")
        with engine_errors(self.path, reading=True):
            data = self.rows.select(names).collect(engine="streaming")
        return Localizations(data, self.metadata)

    def values(self, name: str) -> pl.Series:
        """One column without its missing values.

        Raises
        ------
        TableError
            The rows cannot be read.
        """
        with engine_errors(self.path, reading=True):
            series = self.rows.select(name).collect(engine="streaming")[name]
        return series.drop_nulls().drop_nans() if series.dtype.is_float() else series.drop_nulls()


def open_table(
    path: Path, *, pixel_size_nm: float | None = None, trust_units: bool = False
) -> TableAtHand:
    """Open a table and see that there is something to report on.

    Parameters
    ----------
    path
        A file of a known format.
    pixel_size_nm
        Pixel of the movie, where the file does not say.
    trust_units
        Leave out the question whether the table is in nanometres.

    Raises
    ------
    TableError
        It cannot be read, is empty, or seems to be in other units.
    """
    rows, metadata = scan_table(path, pixel_size_nm=pixel_size_nm)
    with engine_errors(path, reading=True):
        columns = tuple(rows.collect_schema())
        before, bad = count_rows(rows), count_bad_positions(rows)
    if before == 0:
        raise TableError(
            "the table is empty: there is nothing to report on.",
            where=path,
            todo="Localize a movie with molecules in it, or filter less.",
        )
    if bad == before:
        raise TableError(
            f"not one of its {before} rows has a finite frame, x_nm and y_nm.", where=path
        )
    rows = sound_rows(rows) if bad else rows
    if not trust_units:
        refuse_implausible(rows, metadata, where=path)
    with engine_errors(path, reading=True):
        last, farthest = (
            rows.select(
                pl.col("frame").max(),
                pl.max_horizontal(pl.col("x_nm").abs().max(), pl.col("y_nm").abs().max()),
            )
            .collect(engine="streaming")
            .row(0)
        )
    if farthest > _FARTHEST_NM:
        raise TableError(
            f"positions reach {farthest:.3g} nm ({farthest / 1e7:.3g} cm): that is no molecule.",
            where=path,
            todo=f'Filter these rows first: cellstorm filter {path.name} "abs(x_nm) < 1e8 and'
            ' abs(y_nm) < 1e8" --trust-units.',
        )
    if last > _MOST_FRAMES:
        raise TableError(
            f"its frames reach {last:,}: is the column frame what it says?",
            where=path,
            todo=f'Filter these rows first: cellstorm filter {path.name} "frame < {_MOST_FRAMES}".',
        )
    return TableAtHand(path, rows, columns, metadata, before - bad, bad)
