"""CSV with our own column names, as the truth of a simulation is written.

The names say units and origin: nanometres from the corner of the first pixel, frames from
0. Read only: a ``.csv`` of ours is ThunderSTORM's, which other programs know.
"""

from pathlib import Path

import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS, REQUIRED_COLUMNS
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._csv_heading import has_columns, read_heading
from cellstorm.localizations.formats._text_end import refuse_cut_end
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]


def _sniff(path: Path) -> bool:
    return has_columns(path, REQUIRED_COLUMNS)


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    heading = read_heading(path)
    twice = {name for name in heading if heading.count(name) > 1}
    if twice:
        raise TableError(f"the column {min(twice)!r} is there twice.", where=path)
    refuse_cut_end(path, len(heading))
    with engine_errors(path, reading=True):
        rows = pl.scan_csv(
            path,
            # whole numbers too are read as such only by the table's types: 2001.0 is a frame
            schema_overrides={name: pl.Float64 for name in heading if name in COLUMNS},
            null_values=["NaN", "nan", "NA", "null", ""],
            encoding="utf8-lossy",
            glob=False,
        )
        rows.collect_schema()
    metadata = Metadata(origin_in_file="corner, frames from 0 (cellstorm's column names)")
    return rows, metadata.with_pixel_size(pixel_size_nm, where=path)


FORMAT = TableFormat(
    name="CSV with cellstorm's column names",
    extensions=(".csv",),
    sniff=_sniff,
    read=_read,
    write=None,
)
