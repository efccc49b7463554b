"""CSV of the SMLM Challenges: nanometres from the pixel's corner, frames counted from 1.

Read are the lists of activations, ``Ground-truth,frame,xnano,ynano,znano,intensity`` (2016;
``id`` in front in 2013), in any order and with blanks around; and the lists without a
heading that participants hand in: frame, x, y, z, photons, perhaps with a number in
front. Written are lists of 2016, as ``.challenge.csv``: a ``.csv`` of ours is ThunderSTORM's.
"""

import csv
from pathlib import Path

import polars as pl

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._text_end import refuse_cut_end
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

_FIRST_FRAME = 1

# theirs in lower case -> ours
_NAMES = {
    "ground-truth": "id",
    "id": "id",
    "frame": "frame",
    "xnano": "x_nm",
    "ynano": "y_nm",
    "znano": "z_nm",
    "intensity": "photons",
}
_REQUIRED = ("frame", "xnano", "ynano")
# as the lists of 2016 have it: programs that read them ask for the last blank
_HEADING = "Ground-truth,frame,xnano,ynano,znano,intensity "
# by the number of columns of a list without a heading
_BARE = {
    5: ("frame", "xnano", "ynano", "znano", "intensity"),
    6: ("id", "frame", "xnano", "ynano", "znano", "intensity"),
}


def _first_line(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return [field.strip() for field in next(csv.reader([file.readline(65_536)]), [])]


def _heading(path: Path) -> tuple[tuple[str, ...] | None, bool]:
    """Their names of the columns in lower case, and whether a line of the file says so.

    The names are None where the first line is neither a heading of theirs nor numbers.
    """
    first = _first_line(path)
    names = tuple(field.lower() for field in first)
    if all(needed in names for needed in _REQUIRED):
        return names, True
    if len(first) in _BARE and all(map(_is_number, first)):
        return _BARE[len(first)], False
    return None, True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _sniff(path: Path) -> bool:
    try:
        return _heading(path)[0] is not None
    except (OSError, csv.Error):
        return False


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    try:
        names, has_heading = _heading(path)
    except (OSError, csv.Error) as error:
        raise TableError(f"cannot be read ({error}).", where=path) from error
    if names is None:
        raise TableError(
            "not a list of the SMLM Challenge: its first line has no"
            f" {', '.join(map(repr, _REQUIRED))} and is not five or six numbers.",
            where=path,
        )
    refuse_cut_end(path, len(names))
    # Numbered names inside: headings may repeat themselves. Text first: the challenge pads
    # its numbers with blanks.
    raw = [f"column_{index}" for index in range(len(names))]
    rows = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=int(has_heading),
        schema=dict.fromkeys(raw, pl.String),
        infer_schema=False,
        encoding="utf8-lossy",
        glob=False,
    ).select(pl.col(name).str.strip_chars().cast(pl.Float64) for name in raw)
    with engine_errors(path, reading=True):
        frame = pl.col(raw[names.index("frame")])
        lowest = rows.select(frame.min()).collect(engine="streaming").item()
    first_frame = 0 if lowest == 0 else _FIRST_FRAME
    taken: dict[str, pl.Expr] = {}
    for name, theirs in zip(raw, names, strict=True):
        ours = _NAMES.get(theirs, theirs)
        if ours in taken or not ours or (theirs not in _NAMES and ours in COLUMNS):
            continue
        value = pl.col(name)
        taken[ours] = (value - first_frame if ours == "frame" else value).alias(ours)
    notices = [] if has_heading else [_told(names)]
    if first_frame == 0:
        notices.append("the frames count from 0, the challenge's from 1: another program wrote it")
    metadata = Metadata(
        software="SMLM Challenge (or a program that writes its CSV)",
        origin_in_file=f"corner, frames from {first_frame} (as the challenge's files are taken)",
        notices=tuple(notices),
    ).with_pixel_size(pixel_size_nm, where=path)
    return rows.select(*taken.values()), metadata


def _told(names: tuple[str, ...]) -> str:
    return (
        "the file has no heading: its columns are taken as "
        f"{', '.join(_NAMES[name] for name in names)}, as in the SMLM Challenge's lists"
    )


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    names = set(rows.collect_schema())
    number = pl.col("id") if "id" in names else pl.int_range(1, pl.len() + 1, dtype=pl.UInt64)
    columns = [
        number,
        pl.col("frame") + _FIRST_FRAME,
        pl.col("x_nm"),
        pl.col("y_nm"),
        # flat molecules of the challenge have the height 0
        pl.col("z_nm") if "z_nm" in names else pl.lit(0.0),
        pl.col("photons") if "photons" in names else pl.lit(None, pl.Float32),
    ]
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(f"{_HEADING}\n".encode())
        with engine_errors(path):
            rows.select(
                value.alias(f"column_{index}") for index, value in enumerate(columns)
            ).sink_csv(file, include_header=False, null_value="NaN", maintain_order=True)
    lost = ["the metadata (camera, movie, settings)", *sorted(names - set(_NAMES.values()))]
    return (f"the SMLM Challenge's CSV has no place for: {', '.join(lost)}",)


FORMAT = TableFormat(
    name="SMLM Challenge CSV",
    extensions=(".csv",),
    sniff=_sniff,
    read=_read,
    write=_write,
    written_as=(".challenge.csv",),
)
