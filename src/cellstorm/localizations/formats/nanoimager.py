"""CSV of ONI's Nanoimager: nanometres, frames from 0. Read only.

NimOS does not say where its positions begin; it is taken as the corner of the first
pixel, and a notice says so.
"""

from pathlib import Path

import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._csv_heading import has_columns, read_heading
from cellstorm.localizations.formats._text_end import refuse_cut_end
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

# theirs -> ours
_NAMES = {
    "Channel": "channel",
    "Frame": "frame",
    "X (nm)": "x_nm",
    "Y (nm)": "y_nm",
    "Z (nm)": "z_nm",
    "Photons": "photons",
    "Background": "background_photons",
}
_NEEDED = ("Frame", "X (nm)", "Y (nm)")


def _sniff(path: Path) -> bool:
    return has_columns(path, _NEEDED)


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    heading = read_heading(path)
    missing = [name for name in _NEEDED if name not in heading]
    if missing:
        raise TableError(
            f"not a Nanoimager table: its first line has no {', '.join(map(repr, missing))}.",
            where=path,
        )
    refuse_cut_end(path, len(heading))
    raw = [f"column_{index}" for index in range(len(heading))]
    with engine_errors(path, reading=True):
        rows = pl.scan_csv(
            path,
            has_header=False,
            skip_lines=1,
            schema=dict.fromkeys(raw, pl.Float64),
            null_values=["NaN", "nan", ""],
            infer_schema=False,
            encoding="utf8-lossy",
            glob=False,
        )
        rows.collect_schema()
    taken = {
        _NAMES[theirs]: pl.col(name).alias(_NAMES[theirs])
        for name, theirs in zip(raw, heading, strict=True)
        if theirs in _NAMES
    }
    metadata = Metadata(
        software="ONI Nanoimager",
        origin_in_file="corner (taken, NimOS does not say), frames from 0",
        notices=("NimOS does not say where its positions begin: taken as the pixel's corner",),
    ).with_pixel_size(pixel_size_nm, where=path)
    return rows.select(*taken.values()), metadata


FORMAT = TableFormat(
    name="Nanoimager CSV",
    extensions=(".csv",),
    sniff=_sniff,
    read=_read,
    write=None,
)
