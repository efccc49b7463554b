"""The table's file that another one is about to be made from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import polars as pl

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import Metadata, scan_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats import format_for_writing
from cellstorm.localizations.table import count_bad_positions
from cellstorm.refine.plausibility import refuse_implausible

__all__ = ["SourceTable", "count_rows", "open_source", "refuse_same_file", "sound_rows"]


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table that was opened and counted; its rows are not read yet.

    Attributes
    ----------
    path
        The file.
    rows
        Its rows, lazy.
    metadata
        What it says of itself.
    count, bad
        All its rows, and those without a finite frame, x_nm and y_nm.
    """

    path: Path
    rows: pl.LazyFrame
    metadata: Metadata
    count: int
    bad: int

    def refuse_empty(self, what: str) -> None:
        """Raise `TableError` when there is nothing to ``what``."""
        if self.count == 0:
            raise TableError(f"the table is empty: there is nothing to {what}.", where=self.path)
        if self.bad == self.count:
            raise TableError("no row has a finite frame, x_nm and y_nm.", where=self.path)

    def without_bad_rows(self) -> Self:
        """The same without the rows that have no finite position; the counts stay."""
        return replace(self, rows=sound_rows(self.rows)) if self.bad else self

    def refuse_implausible(self) -> None:
        """Raise `TableError`, put as a question, when the units cannot be nm."""
        refuse_implausible(self.rows, self.metadata, where=self.path)


def open_source(
    source: Path | str, output: Path | str, *, pixel_size_nm: float | None = None
) -> SourceTable:
    """Open the table that ``output`` is about to be made from.

    Parameters
    ----------
    source
        A table of a known format.
    output
        Where the new table is to go; not touched.
    pixel_size_nm
        Pixel of the movie, when the table does not say.

    Raises
    ------
    TableError
        The source cannot be read.
    OutputError
        The extension of the output is unknown, or it is the source.
    """
    source, output = Path(source), Path(output)
    format_for_writing(output)
    rows, metadata = scan_table(source, pixel_size_nm=pixel_size_nm)
    refuse_same_file(source, output)
    with engine_errors(source, reading=True):
        count, bad = count_rows(rows), count_bad_positions(rows)
    return SourceTable(source, rows, metadata, count, bad)


def refuse_same_file(source: Path, output: Path) -> None:
    """Raise `OutputError` when the output would replace what it is made from."""
    if output.exists() and output.samefile(source):
        raise OutputError(
            "the table would be written over the one it is made from.",
            where=output,
            todo="Give another place for the output.",
        )


def count_rows(rows: pl.LazyFrame) -> int:
    """How many rows there are, without holding them."""
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def sound_rows(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Those with a frame and a finite place in x and y."""
    finite = pl.col("x_nm").is_finite() & pl.col("y_nm").is_finite()
    return rows.filter(finite & pl.col("frame").is_not_null())
