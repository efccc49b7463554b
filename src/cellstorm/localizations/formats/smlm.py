"""The SMLM file format (ShareLoc): nanometres, frames from 1, a zip of binary tables.

Version 0.2 (Ouyang et al., "The SMLM file format", specification of 2018): in the archive
``manifest.json`` describes tables of rows of plain little-endian numbers. Written are
single-precision numbers alone, as the web viewer reads no others, with the names of the
specification where it has one and ours for the rest; our metadata goes into the manifest.
The specification says nothing of the origin, which is taken as the pixel's corner, and
refers to Tagged Spot Files, whose frames count from 1 and whose ``width`` is the full
width at half maximum. Read are also tables of ThunderSTORM's plugin and of locan.
"""

import json
import math
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._blocks import BLOCK_ROWS, scan_blocks
from cellstorm.localizations.formats._smlm_archive import (
    CHANNEL,
    MANIFEST,
    is_archive,
    open_archive,
    read_blocks,
)
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

_OURS = "cellstorm"
_VERSION = "0.2"
_FIRST_FRAME = 1
_FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_LARGEST_WHOLE_FLOAT = 1 << 24
# coarser steps than this, nm, are told of
_FINE_ENOUGH_NM = 0.1
_NM_PER_UNIT = {
    "": 1.0,
    "nm": 1.0,
    "angstrom": 0.1,
    "pm": 1e-3,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "mm": 1e6,
    "m": 1e9,
}
_PHOTONS = ("", "e", "photon", "photons", "photoelectrons", "photon/px")
# theirs in lower case -> ours; the specification's, then ThunderSTORM's, then locan's
_NAMES = {
    "id": "id",
    "frame": "frame",
    "x": "x_nm",
    "y": "y_nm",
    "z": "z_nm",
    "intensity": "photons",
    "background": "background_photons",
    "width": "sigma_nm",
    "x_precision": "uncertainty_x_nm",
    "y_precision": "uncertainty_y_nm",
    "z_precision": "uncertainty_z_nm",
    "cluster": "group",
    "sigma": "sigma_nm",
    "sigma1": "sigma_x_nm",
    "sigma2": "sigma_y_nm",
    "offset": "background_photons",
    "bkgstd": "background_std_photons",
    "chi2": "thunderstorm_chi2",
    "uncertainty": "uncertainty_nm",
    "uncertainty_xy": "uncertainty_nm",
    "uncertainty_z": "uncertainty_z_nm",
    "detections": "detections",
    "original_index": "id",
    "position_x": "x_nm",
    "position_y": "y_nm",
    "position_z": "z_nm",
    "local_background": "background_photons",
    "local_background_sigma": "background_std_photons",
    "uncertainty_x": "uncertainty_x_nm",
    "uncertainty_y": "uncertainty_y_nm",
    "psf_sigma": "sigma_nm",
    "psf_sigma_x": "sigma_x_nm",
    "psf_sigma_y": "sigma_y_nm",
    "cluster_label": "group",
}
_WRITTEN = {
    "frame": "frame",
    "x_nm": "x",
    "y_nm": "y",
    "z_nm": "z",
    "photons": "intensity",
    "background_photons": "background",
    "sigma_nm": "width",
    "uncertainty_x_nm": "x_precision",
    "uncertainty_y_nm": "y_precision",
    "uncertainty_z_nm": "z_precision",
    "uncertainty_nm": "uncertainty",
    "id": "id",
}
_NEEDED = ("frame", "x_nm", "y_nm")
_MEANS = {
    "sigma_nm": ("sigma_x_nm", "sigma_y_nm"),
    "uncertainty_nm": ("uncertainty_x_nm", "uncertainty_y_nm"),
}
_UNIT_IN_NAME = re.compile(r"^_?(?P<name>[^\[\]]+?)\s*(?:\[(?P<unit>[^\[\]]*)\])?\s*$")


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    manifest, tables = open_archive(path)
    ours = manifest.get(_OURS)
    metadata = _metadata(ours, manifest).with_pixel_size(pixel_size_nm, where=path)
    headers = list(dict.fromkeys(name for table in tables for name in table.columns))
    schema: dict[str, pl.DataType] = {name: pl.Float64() for name in headers}
    several = len(tables) > 1
    if several:
        schema[CHANNEL] = pl.String()
    rows = scan_blocks(schema, lambda wanted: read_blocks(path, tables, wanted))
    units = {name: unit for table in tables for name, (_, unit, _) in table.columns.items()}
    taken, notices = _to_ours(headers, units, metadata.pixel_size_nm, path)
    missing = [name for name in _NEEDED if name not in taken]
    if missing:
        raise TableError(
            f"its table has no {', '.join(missing)} (it has {', '.join(headers) or 'nothing'}).",
            where=path,
        )
    first, told = _first_frame(rows, taken["frame"], manifest, path)
    taken["frame"] = (taken["frame"] - first).alias("frame")
    if several:
        taken[CHANNEL] = pl.col(CHANNEL)
        notices.append(f"{len(tables)} tables of the archive read as one, with their channel")
    if "photons" in taken and _OURS not in manifest and not _unit_of_light(headers, units):
        notices.append("the file gives no unit for the light: taken as photons")
    left_out = sorted({name for table in tables for name in table.left_out})
    if left_out:
        notices.append(f"left out, as they hold several numbers a row: {', '.join(left_out)}")
    metadata = metadata.model_copy(
        update={"origin_in_file": f"corner (taken, the format says nothing), frames from {first}"}
    )
    return rows.select(*taken.values()), metadata.with_notices(*notices, *told)


def _metadata(ours: Any, manifest: dict[str, Any]) -> Metadata:
    if isinstance(ours, dict):
        try:
            return Metadata.model_validate(ours)
        except ValidationError:
            pass  # of a newer version: what the format itself says has to do
    made_by = "locan" if "locdata_meta" in manifest else "SMLM file (ShareLoc)"
    return Metadata(software=made_by)


def _to_ours(
    headers: list[str], units: dict[str, str], pixel_nm: float | None, path: Path
) -> tuple[dict[str, pl.Expr], list[str]]:
    """Our columns from theirs, and what to tell of their units."""
    taken: dict[str, pl.Expr] = {}
    notices: list[str] = []
    for header in headers:
        match = _UNIT_IN_NAME.match(header)
        name = match["name"] if match else header
        unit = (units[header] or (match["unit"] if match else None) or "").strip()
        ours = _our_name(name)
        if ours in taken:
            continue
        value = pl.col(header)
        if ours.endswith("_nm"):
            value = value * _nm_per_unit(unit, header, pixel_nm, path)
            if name.lower() == "width":
                value = value / _FWHM_PER_SIGMA
        elif ours.endswith("photons") and unit.lower() not in _PHOTONS:
            ours = f"{name.lower()}_adu"
            notices.append(f"{header} is in {unit!r}, not in photons: kept as {ours}")
        column = COLUMNS.get(ours)
        if column is not None and column.dtype.is_integer():
            value = value.fill_nan(None)
        taken[ours] = value.alias(ours)
    for mean, (x, y) in _MEANS.items():
        if x in taken and y in taken and mean not in taken:
            taken[mean] = ((taken[x] + taken[y]) / 2).alias(mean)
    return taken, notices


def _unit_of_light(headers: list[str], units: dict[str, str]) -> str:
    return next((units[name] for name in headers if _our_name(name) == "photons"), "")


def _our_name(name: str) -> str:
    if name in COLUMNS:
        return name
    if name.lower() in _NAMES:
        return _NAMES[name.lower()]
    return f"smlm_{name}" if name.lower() in COLUMNS else name


def _nm_per_unit(unit: str, header: str, pixel_nm: float | None, path: Path) -> float:
    if unit in ("px", "pixel", "pixels"):
        if pixel_nm is None:
            raise TableError(
                f"the column {header!r} is in pixels and the file does not say how large they are.",
                where=path,
                todo="Give the pixel size: read_table(path, pixel_size_nm=...) or --pixel-size-nm.",
            )
        return pixel_nm
    if unit not in _NM_PER_UNIT:
        raise TableError(
            f"the column {header!r} is in {unit!r}; known are nm, um, mm, m, angstrom and px.",
            where=path,
        )
    return _NM_PER_UNIT[unit]


def _first_frame(
    rows: pl.LazyFrame, frame: pl.Expr, manifest: dict[str, Any], path: Path
) -> tuple[int, tuple[str, ...]]:
    """The number of the first frame: ours and Tagged Spot Files' is 1, locan's 0."""
    if _OURS in manifest:
        return _FIRST_FRAME, ()
    if "locdata_meta" in manifest:
        return 0, ()
    with engine_errors(path, reading=True):
        lowest = rows.select(frame.min()).collect(engine="streaming").item()
    if lowest == 0:
        return 0, ()
    return _FIRST_FRAME, (
        "the format does not say whether frames count from 0 or 1: taken as from 1",
    )


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    schema = rows.collect_schema()
    columns = _columns_to_write(schema)
    lost = [name for name, dtype in schema.items() if not dtype.is_numeric()]
    with engine_errors(path):
        largest = rows.select(
            pl.col(name).max().cast(pl.Float64) for name in ("frame", "id") if name in schema
        ).collect(engine="streaming")
    if (largest["frame"].item() or 0) >= _LARGEST_WHOLE_FLOAT:
        raise TableError(
            "the format's numbers are exact up to 2^24, and the table has later frames.",
            where=path,
        )
    if "id" in columns and (largest["id"].item() or 0) > _LARGEST_WHOLE_FLOAT:
        del columns["id"]
        lost.append("id (over 2^24)")
    headers = {name: header for name, (header, _) in columns.items()}
    count, lowest, highest = 0, dict[str, float](), dict[str, float]()
    with (
        atomic_file(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        with archive.open("table-0.bin", "w", force_zip64=True) as member, engine_errors(path):
            selected = rows.select(
                expression.cast(pl.Float64).alias(name) for name, (_, expression) in columns.items()
            )
            for batch in selected.collect_batches(chunk_size=BLOCK_ROWS, maintain_order=True):
                values = batch.to_numpy().astype("<f4", order="C")
                member.write(values.tobytes())
                count += len(values)
                _widen(lowest, highest, dict(zip(headers.values(), values.T, strict=True)))
        manifest = _manifest(headers, metadata, count, lowest, highest)
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    notices = []
    step_nm = max(float(np.spacing(np.float32(highest.get(name, 0.0)))) for name in ("x", "y"))
    if step_nm > _FINE_ENOUGH_NM:
        notices.append(f"positions are rounded to {step_nm:.2g} nm: the format's numbers are short")
    if lost:
        notices.append(f"the SMLM file has no place for: {', '.join(lost)}")
    return tuple(notices)


def _columns_to_write(schema: pl.Schema) -> dict[str, tuple[str, pl.Expr]]:
    """Our columns with their header and values there, the specification's first."""
    columns = {}
    for name in (*_WRITTEN, *(name for name in schema if name not in _WRITTEN)):
        if name not in schema or not schema[name].is_numeric():
            continue
        value = pl.col(name)
        if name == "frame":
            value = value.cast(pl.Int64) + _FIRST_FRAME
        elif name == "sigma_nm":
            value = value * _FWHM_PER_SIGMA
        columns[name] = (_WRITTEN.get(name, name), value)
    return columns


def _widen(
    lowest: dict[str, float], highest: dict[str, float], values: dict[str, NDArray[np.float32]]
) -> None:
    for name, column in values.items():
        finite = column[np.isfinite(column)]
        if len(finite):
            lowest[name] = min(float(finite.min()), lowest.get(name, math.inf))
            highest[name] = max(float(finite.max()), highest.get(name, -math.inf))


def _manifest(
    headers: dict[str, str],
    metadata: Metadata,
    rows: int,
    lowest: dict[str, float],
    highest: dict[str, float],
) -> dict[str, Any]:
    layout = "smlm-table(binary)"
    units = {name: COLUMNS[name].unit if name in COLUMNS else "" for name in headers}
    movie = metadata.movie.name if metadata.movie is not None else ""
    return {
        "format_version": _VERSION,
        "formats": {
            layout: {
                "name": layout,
                "type": "table",
                "mode": "binary",
                "extension": ".bin",
                "columns": len(headers),
                "headers": list(headers.values()),
                "dtype": ["float32"] * len(headers),
                "shape": [1] * len(headers),
                "units": list(units.values()),
                "description": "localizations written by cellstorm",
            }
        },
        "files": [
            {
                "name": "table-0.bin",
                "type": "table",
                "format": layout,
                CHANNEL: "default",
                "rows": rows,
                "offset": {},
                "min": lowest,
                "max": highest,
            }
        ],
        "name": movie or "cellstorm table",
        "description": "",
        "tags": ["SMLM"],
        "thumbnail": "",
        "sample": "",
        "labeling": "",
        "date": metadata.created or "",
        _OURS: metadata.model_dump(mode="json"),
    }


FORMAT = TableFormat(
    name="SMLM (ShareLoc)",
    extensions=(".smlm",),
    sniff=is_archive,
    read=_read,
    write=_write,
)
