"""Zeiss Elyra (ZEN) text: nanometres, frames from 1, columns apart by tabs. Read only.

Behind the rows comes an empty line and what ZEN says of the field. ZEN's manual gives no
origin: it is taken as the corner of the first pixel, and a notice says so.
"""

import re
from pathlib import Path

import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

_FIRST_FRAME = 1
# theirs -> ours; the others, whose definitions ZEN does not give, keep their own names
_NAMES = {
    "Index": "id",
    "First Frame": "frame",
    "Number Frames": "detections",
    "Position X [nm]": "x_nm",
    "Position Y [nm]": "y_nm",
    "Position Z [nm]": "z_nm",
    "Precision [nm]": "uncertainty_nm",
    "Number Photons": "photons",
}
_NEEDED = ("First Frame", "Position X [nm]", "Position Y [nm]")


def _heading(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return [field.strip() for field in file.readline(65_536).split("\t")]


def _sniff(path: Path) -> bool:
    try:
        return set(_NEEDED) <= set(_heading(path))
    except OSError:
        return False


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    try:
        heading = _heading(path)
    except OSError as error:
        raise TableError(f"cannot be read ({error.strerror}).", where=path) from error
    missing = [name for name in _NEEDED if name not in heading]
    if missing:
        raise TableError(
            f"not an Elyra table: its first line has no {', '.join(map(repr, missing))}.",
            where=path,
        )
    raw = [f"column_{index}" for index in range(len(heading))]
    with engine_errors(path, reading=True):
        rows = pl.scan_csv(
            path,
            has_header=False,
            separator="\t",
            skip_lines=1,
            schema=dict.fromkeys(raw, pl.String),
            infer_schema=False,
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
            quote_char=None,
            glob=False,
        )
        rows.collect_schema()
    taken: dict[str, pl.Expr] = {}
    for name, theirs in zip(raw, heading, strict=True):
        ours = _NAMES.get(theirs) or re.sub(r"\W+", "_", theirs.lower()).strip("_")
        if ours in taken or not ours or (theirs not in _NAMES and ours in COLUMNS):
            continue
        value = pl.col(name).str.strip_chars().cast(pl.Float64)
        taken[ours] = (value - _FIRST_FRAME if ours == "frame" else value).alias(ours)
    # what ZEN says of the field has no number in front
    numbered = rows.filter(pl.col(raw[0]).str.contains(r"^\s*\d+\s*$"))
    metadata = Metadata(
        software="Zeiss ZEN (Elyra)",
        origin_in_file="corner (taken, ZEN does not say), frames from 1",
        notices=("ZEN does not say where its positions begin: taken as the pixel's corner",),
    ).with_pixel_size(pixel_size_nm, where=path)
    return numbered.select(*taken.values()), metadata


FORMAT = TableFormat(
    name="Zeiss Elyra text",
    extensions=(".txt",),
    sniff=_sniff,
    read=_read,
    write=None,
)
