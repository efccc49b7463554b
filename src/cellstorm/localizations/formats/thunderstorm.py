"""ThunderSTORM's CSV: nanometres from the pixel's corner, frames counted from 1.

Read are the headers of version 1.3 (``uncertainty [nm]``) and of later ones
(``uncertainty_xy [nm]``), in two and three dimensions, quoted or not; written is that of
1.3. Its ``chi2`` is a plain sum of squares, not ours per degree of freedom, and is kept
apart as ``thunderstorm_chi2``.
"""

import csv
import re
from dataclasses import dataclass
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
_CHI2 = "thunderstorm_chi2"

# theirs (without unit) -> ours
_NAMES = {
    "id": "id",
    "frame": "frame",
    "x": "x_nm",
    "y": "y_nm",
    "z": "z_nm",
    "sigma": "sigma_nm",
    "sigma1": "sigma_x_nm",
    "sigma2": "sigma_y_nm",
    "intensity": "photons",
    "offset": "background_photons",
    "bkgstd": "background_std_photons",
    "chi2": _CHI2,
    "uncertainty": "uncertainty_nm",
    "uncertainty_xy": "uncertainty_nm",
    "uncertainty_z": "uncertainty_z_nm",
    "detections": "detections",
}
_REQUIRED = ("frame", "x [nm]", "y [nm]")
_NM_PER_UNIT = {"nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3}
_LABEL = re.compile(r"^\s*(?P<name>[^\[\]]+?)\s*(?:\[(?P<unit>[^\[\]]*)\])?\s*$")


@dataclass(frozen=True)
class _Label:
    """A column's heading: ``x [nm]`` is the name ``x`` in the unit ``nm``."""

    text: str
    name: str
    unit: str

    @classmethod
    def parse(cls, text: str) -> "_Label":
        match = _LABEL.match(text)
        if match is None:
            return cls(text, text, "")
        return cls(text, match["name"].lower(), match["unit"] or "")


def _header(path: Path) -> list[_Label]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        line = file.readline(65_536)
    fields = next(csv.reader([line]), [])
    if len(fields) == 1 and "," in fields[0]:
        # Re-saved by other programs the whole heading can come as one quoted field.
        fields = next(csv.reader([fields[0]]), [])
    return [_Label.parse(field) for field in fields]


def _sniff(path: Path) -> bool:
    try:
        return not _missing(_header(path))
    except (OSError, csv.Error):
        return False


def _missing(header: list[_Label]) -> list[str]:
    names = {label.name for label in header}
    return [needed for needed in _REQUIRED if _Label.parse(needed).name not in names]


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    try:
        header = _header(path)
    except (OSError, csv.Error) as error:
        raise TableError(f"cannot be read ({error}).", where=path) from error
    missing = _missing(header)
    if missing:
        found = ", ".join(label.text.strip()[:30] for label in header[:12]) or "nothing"
        raise TableError(
            "not a ThunderSTORM table: its first line has no column"
            f" {' and no '.join(repr(name) for name in missing)} (it reads: {found}).",
            where=path,
        )
    refuse_cut_end(path, len(header))
    # Numbered names inside: foreign headings may repeat themselves.
    raw = [f"column_{index}" for index in range(len(header))]
    rows = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=1,
        schema=dict.fromkeys(raw, pl.Float64),
        null_values=["NaN", "nan", "NA", "null", ""],
        infer_schema=False,
        encoding="utf8-lossy",
        glob=False,
    )
    first_frame, notices = _first_frame(rows, raw, header, path)
    taken: dict[str, pl.Expr] = {}
    for name, label in zip(raw, header, strict=True):
        ours = _NAMES.get(label.name, label.text.strip())
        if ours in taken or (ours not in _NAMES.values() and ours.lower() in COLUMNS):
            continue
        value = _in_our_unit(name, label, ours, pixel_size_nm, path)
        taken[ours] = (value - first_frame if ours == "frame" else value).alias(ours)
    if "sigma_nm" not in taken and {"sigma_x_nm", "sigma_y_nm"} <= taken.keys():
        mean = (taken["sigma_x_nm"] + taken["sigma_y_nm"]) / 2
        taken["sigma_nm"] = mean.alias("sigma_nm")
    metadata = Metadata(
        software="ThunderSTORM (or a program that writes its CSV)",
        origin_in_file=f"corner, frames from {first_frame} (as ThunderSTORM's files are taken)",
        notices=notices,
    ).with_pixel_size(pixel_size_nm, where=path)
    return rows.select(*taken.values()), metadata


def _first_frame(
    rows: pl.LazyFrame, raw: list[str], header: list[_Label], path: Path
) -> tuple[int, tuple[str, ...]]:
    """1, or 0 with a notice where another program (Picasso's export) counts from 0."""
    name = next(name for name, label in zip(raw, header, strict=True) if label.name == "frame")
    with engine_errors(path, reading=True):
        lowest = rows.select(pl.col(name).min()).collect(engine="streaming").item()
    if lowest is None or lowest != 0:
        return _FIRST_FRAME, ()
    return 0, (
        "the frames count from 0, ThunderSTORM's from 1: another program wrote this file"
        " (Picasso's export does), and its positions may lie half a pixel up and to the left",
    )


def _in_our_unit(
    name: str, label: _Label, ours: str, pixel_size_nm: float | None, path: Path
) -> pl.Expr:
    expression = pl.col(name)
    if not ours.endswith("_nm"):
        return expression
    unit = label.unit or "nm"
    if unit == "px":
        if pixel_size_nm is None:
            raise TableError(
                f"the column {label.text.strip()!r} is in pixels and the file does not say"
                " how large they are.",
                where=path,
                todo="Give the pixel size: read_table(path, pixel_size_nm=...) or --pixel-size-nm.",
            )
        return expression * pixel_size_nm
    if unit not in _NM_PER_UNIT:
        raise TableError(
            f"the column {label.text.strip()!r} is in {unit!r}; known are nm, um and px.",
            where=path,
        )
    return expression if unit == "nm" else expression * _NM_PER_UNIT[unit]


def _columns_to_write(names: set[str]) -> list[tuple[str, pl.Expr]]:
    """Headings of version 1.3 with the expression for each, as far as ``names`` allow."""
    spatial = "z_nm" in names
    number = pl.col("id") if "id" in names else pl.int_range(1, pl.len() + 1, dtype=pl.UInt64)
    columns = [
        ("id", number),
        ("frame", pl.col("frame") + _FIRST_FRAME),
        ("x [nm]", pl.col("x_nm")),
        ("y [nm]", pl.col("y_nm")),
    ]
    if spatial:
        columns.append(("z [nm]", pl.col("z_nm")))
    axes = {"sigma_x_nm", "sigma_y_nm"}
    if spatial and axes <= names:
        columns += [("sigma1 [nm]", pl.col("sigma_x_nm")), ("sigma2 [nm]", pl.col("sigma_y_nm"))]
    elif spatial and "sigma_nm" in names:
        columns += [("sigma1 [nm]", pl.col("sigma_nm")), ("sigma2 [nm]", pl.col("sigma_nm"))]
    elif "sigma_nm" in names:
        columns.append(("sigma [nm]", pl.col("sigma_nm")))
    elif axes <= names:
        columns.append(("sigma [nm]", (pl.col("sigma_x_nm") + pl.col("sigma_y_nm")) / 2))
    for heading, ours in (
        ("intensity [photon]", "photons"),
        ("offset [photon]", "background_photons"),
        ("bkgstd [photon]", "background_std_photons"),
        ("chi2", _CHI2),
        (
            "uncertainty_xy [nm]" if "uncertainty_z_nm" in names else "uncertainty [nm]",
            "uncertainty_nm",
        ),
        ("uncertainty_z [nm]", "uncertainty_z_nm"),
        ("detections", "detections"),
    ):
        if ours in names:
            columns.append((heading, pl.col(ours)))
    return columns


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    names = set(rows.collect_schema())
    columns = _columns_to_write(names)
    heading = ",".join(f'"{name}"' for name, _ in columns) + "\n"
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(heading.encode())
        with engine_errors(path):
            rows.select(
                expression.alias(f"column_{index}") for index, (_, expression) in enumerate(columns)
            ).sink_csv(
                file,
                include_header=False,
                # Java, which ThunderSTORM is written in, reads "NaN" but no empty number
                null_value="NaN",
                maintain_order=True,
            )
    written = {name for _, expression in columns for name in expression.meta.root_names()}
    left_out = sorted(names - written)
    lost = ["the metadata (camera, movie, settings)", *left_out]
    return (f"ThunderSTORM's CSV has no place for: {', '.join(lost)}",)


FORMAT = TableFormat(
    name="ThunderSTORM CSV",
    extensions=(".csv",),
    sniff=_sniff,
    read=_read,
    write=_write,
)
