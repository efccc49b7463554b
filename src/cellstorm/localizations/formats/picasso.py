"""Picasso's HDF5: pixels of the movie from the centre of the first, frames from 0.

One compound dataset ``/locs`` with a YAML file of the same name beside it, which says
how large the movie and its pixels are; since version 0.11 the same stands in
``/metadata`` as JSON too, so that a lost YAML is no loss. All three are written, and our
own metadata in ``/cellstorm``.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import yaml
from pydantic import ValidationError

from cellstorm import __version__
from cellstorm.atomic_file import atomic_file
from cellstorm.errors import TableError
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._hdf5_file import open_hdf5, pixel_size_to_write
from cellstorm.localizations.metadata import Metadata, MovieFacts
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_LOCS, _METADATA, _OURS = "locs", "metadata", "cellstorm"
_CENTRE_PX = 0.5
_BLOCK_ROWS = 1_000_000


@dataclass(frozen=True)
class _Field:
    """A field of ``/locs``: its type there, our column, and whether it counts in pixels."""

    ours: str
    dtype: str = "f4"
    in_px: bool = False


_FIELDS = {
    "frame": _Field("frame", "u4"),
    "x": _Field("x_nm", in_px=True),
    "y": _Field("y_nm", in_px=True),
    "z": _Field("z_nm"),
    "photons": _Field("photons"),
    "sx": _Field("sigma_x_nm", in_px=True),
    "sy": _Field("sigma_y_nm", in_px=True),
    "bg": _Field("background_photons"),
    "lpx": _Field("uncertainty_x_nm", in_px=True),
    "lpy": _Field("uncertainty_y_nm", in_px=True),
    "lpz": _Field("uncertainty_z_nm"),
    "photons_unc": _Field("uncertainty_photons"),
    "group": _Field("group", "i4"),
    "n": _Field("detections", "i4"),
}
# Fields of Picasso without a column of ours, carried along under its own names.
_CARRIED = {
    "net_gradient": "f4",
    "ellipticity": "f4",
    "log_likelihood": "f4",
    "iterations": "i4",
    "chi_square": "f4",
    "len": "i4",
    "n_id": "i4",
    "d_zcalib": "f4",
    "bg_unc": "f4",
    "sx_unc": "f4",
    "sy_unc": "f4",
}
# Where we have a mean of x and y, and Picasso each of them.
_MEANS = {
    "sigma_nm": ("sigma_x_nm", "sigma_y_nm"),
    "uncertainty_nm": ("uncertainty_x_nm", "uncertainty_y_nm"),
}
# Rows without a positive number here are thrown away by Picasso when it opens a file.
_POSITIVE = ("x", "y", "photons", "sx", "sy", "lpx", "lpy")


def _sniff(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
        with h5py.File(path, "r") as file:
            return _LOCS in file
    except OSError:
        return False


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    with open_hdf5(path) as file:
        fields = _read_locs(file, path)
        embedded = _text(file, _METADATA)
        ours = _text(file, _OURS)
    documents = _documents(path, embedded)
    pixel_nm = pixel_size_nm if pixel_size_nm is not None else _number(documents, "Pixelsize")
    if pixel_nm is None or not pixel_nm > 0:
        raise TableError(
            "positions are in pixels, and neither the YAML file beside it nor the file itself"
            " says how large a pixel is (Pixelsize).",
            where=path,
            todo="Give it in nm: read_table(path, pixel_size_nm=...) or --pixel-size-nm.",
        )
    left_out = [
        name
        for name, values in fields.items()
        if values.ndim != 1 or (name not in _FIELDS and name not in _CARRIED)
    ]
    data = pl.DataFrame(
        {
            name: np.ascontiguousarray(values)
            for name, values in fields.items()
            if name not in left_out
        }
    )
    metadata = _metadata(ours, documents).model_copy(
        update={
            "pixel_size_nm": pixel_nm,
            "origin_in_file": "pixel centre, frames from 0 (Picasso's convention)",
        }
    )
    if left_out:
        metadata = metadata.with_notices(f"fields left out: {', '.join(sorted(left_out))}")
    return data.lazy().select(_to_ours(set(data.columns), pixel_nm)), metadata


def _read_locs(file: h5py.File, path: Path) -> dict[str, np.ndarray[Any, Any]]:
    locs = file.get(_LOCS)
    if not isinstance(locs, h5py.Dataset) or locs.dtype.names is None:
        listed = ", ".join(sorted(file)) or "nothing"
        raise TableError(
            f"not a Picasso table: the HDF5 file has no table /locs (it has {listed}).", where=path
        )
    missing = [name for name in ("frame", "x", "y") if name not in locs.dtype.names]
    if missing:
        raise TableError(f"its table /locs has no field {', '.join(missing)}.", where=path)
    columns = {
        name: np.empty((len(locs), *locs.dtype[name].shape), dtype=locs.dtype[name].base)
        for name in locs.dtype.names
    }
    for start in range(0, len(locs), _BLOCK_ROWS):
        block = locs[start : start + _BLOCK_ROWS]
        for name, values in columns.items():
            values[start : start + len(block)] = block[name]
    return columns


def _text(file: h5py.File, name: str) -> str | None:
    item = file.get(name)
    if not isinstance(item, h5py.Dataset) or item.shape != ():
        return None
    value = item[()]
    return value.decode(errors="replace") if isinstance(value, bytes) else None


class _TolerantLoader(yaml.SafeLoader):
    """YAML with the marks of Python objects that Picasso writes read as plain values."""


def _plain(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_TolerantLoader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)


def _documents(path: Path, embedded: str | None) -> list[dict[str, Any]]:
    """What is said of the movie: the YAML beside the file, otherwise what is inside."""
    beside = path.with_suffix(".yaml")
    documents: Any = []
    if beside.exists():
        try:
            text = beside.read_text(encoding="utf-8", errors="replace")
            documents = list(yaml.load_all(text, Loader=_TolerantLoader))
        except (OSError, yaml.YAMLError) as error:
            if embedded is None:
                reason = str(error).splitlines()[0]
                raise TableError(f"cannot be read ({reason}).", where=beside) from error
    if not documents and embedded is not None:
        try:
            documents = json.loads(embedded)
        except ValueError:
            documents = []
    return [item for item in documents if isinstance(item, dict)]


def _number(documents: list[dict[str, Any]], name: str) -> float | None:
    """The last document that has it counts: each step of the analysis adds one."""
    for document in reversed(documents):
        value = document.get(name)
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    return None


def _metadata(ours: str | None, documents: list[dict[str, Any]]) -> Metadata:
    if ours is not None:
        try:
            return Metadata.model_validate_json(ours)
        except ValidationError:
            pass  # of a newer version: Picasso's own facts have to do
    made_by = [str(item["Generated by"]) for item in documents if "Generated by" in item]
    sizes = [_number(documents, name) for name in ("Frames", "Height", "Width")]
    named = [str(item["File"]) for item in documents if "File" in item]
    movie = None
    if named or all(size is not None for size in sizes):
        frames, height, width = (int(size or 0) for size in sizes)
        movie = MovieFacts(
            # Picasso keeps the whole path, of whatever system it ran on
            name=named[0].replace("\\", "/").rsplit("/", 1)[-1] if named else "unknown",
            shape=(frames, height, width) if all(sizes) else None,
        )
    return Metadata(software="Picasso", movie=movie, history=tuple(made_by))


def _to_ours(names: set[str], pixel_nm: float) -> list[pl.Expr]:
    expressions: dict[str, pl.Expr] = {}
    for name, field in _FIELDS.items():
        if name not in names:
            continue
        value = pl.col(name)
        if name in ("x", "y"):
            value = (value.cast(pl.Float64) + _CENTRE_PX) * pixel_nm
        elif field.in_px:
            value = value * pixel_nm
        expressions[field.ours] = value.alias(field.ours)
    for mean, (x, y) in _MEANS.items():
        if x in expressions and y in expressions:
            expressions[mean] = ((expressions[x] + expressions[y]) / 2).alias(mean)
    return [*expressions.values(), *(pl.col(name) for name in _CARRIED if name in names)]


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    pixel_nm = pixel_size_to_write(metadata, "Picasso", path)
    names = set(rows.collect_schema())
    expressions = _to_picasso(names, pixel_nm)
    with engine_errors(path):
        data = rows.select(
            expression.alias(name) for name, expression in expressions.items()
        ).collect(engine="streaming")
    data, notices = _without_gaps(data)
    dtype = np.dtype(
        [
            (name, _FIELDS[name].dtype if name in _FIELDS else _CARRIED[name])
            for name in data.columns
        ]
    )
    info = _info(data, metadata, pixel_nm)
    with (
        atomic_file(path) as temporary,
        atomic_file(path.with_suffix(".yaml")) as beside,
    ):
        beside.write_text(yaml.safe_dump_all(info, sort_keys=False), encoding="utf-8")
        with h5py.File(temporary, "w") as file:
            locs = file.create_dataset(_LOCS, shape=(len(data),), dtype=dtype)
            for start in range(0, len(data), _BLOCK_ROWS):
                block = data.slice(start, _BLOCK_ROWS)
                records = np.empty(len(block), dtype=dtype)
                for name in data.columns:
                    records[name] = block[name].to_numpy()
                locs[start : start + len(block)] = records
            file.create_dataset(_METADATA, data=json.dumps(info))
            file.create_dataset(_OURS, data=metadata.model_dump_json())
    written = {name for item in expressions.values() for name in item.meta.root_names()}
    left_out = sorted(names - written - set(_MEANS))
    if left_out:
        notices.append(f"Picasso's file has no place for: {', '.join(left_out)}")
    return tuple(notices)


def _to_picasso(names: set[str], pixel_nm: float) -> dict[str, pl.Expr]:
    """Picasso's fields that the columns ``names`` can fill, in its usual order."""
    mean_of = {each: mean for mean, pair in _MEANS.items() for each in pair}
    fields: dict[str, pl.Expr] = {}
    for name, field in _FIELDS.items():
        source = field.ours if field.ours in names else mean_of.get(field.ours, "")
        if source not in names:
            continue
        value = pl.col(source)
        if field.in_px:
            value = value.cast(pl.Float64) / pixel_nm
        fields[name] = value - _CENTRE_PX if name in ("x", "y") else value
    return {**fields, **{name: pl.col(name) for name in _CARRIED if name in names}}


def _without_gaps(data: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Leave out fields with gaps that Picasso can do without: it drops rows with any."""
    notices = []
    unsound = {
        name: int((~pl.Series(data[name]).cast(pl.Float64).is_finite().fill_null(False)).sum())
        for name in data.columns
    }
    gappy = [name for name, count in unsound.items() if count and name not in _POSITIVE]
    if gappy:
        notices.append(
            f"left out, as Picasso drops rows in which they are missing: {', '.join(gappy)}"
        )
        data = data.drop(gappy)
    bad = pl.any_horizontal(
        ~(pl.col(name).is_finite() & (pl.col(name) >= 0)).fill_null(value=False)
        for name in _POSITIVE
        if name in data.columns
    )
    dropped = int(data.select(bad.sum()).item()) if len(data) else 0
    if dropped:
        notices.append(
            f"{dropped} of {len(data)} localizations will be left out by Picasso when it opens"
            " the file: no positive position (centre of the first pixel), photons, width or"
            " precision"
        )
    return data, notices


def _info(data: pl.DataFrame, metadata: Metadata, pixel_nm: float) -> list[dict[str, Any]]:
    """The documents of the YAML: first the movie, then how the table was made."""
    movie = metadata.movie
    if movie is not None and movie.shape is not None:
        frames, height, width = movie.shape
    else:
        frames, height, width = (
            1 + int(data.select(pl.col(name).max().floor().fill_null(0)).item())
            for name in ("frame", "y", "x")
        )
    writer = f"cellstorm v{__version__}"
    first: dict[str, Any] = {
        "Generated by": writer,
        **({"File": movie.name} if movie is not None else {}),
        "Frames": frames,
        "Height": height,
        "Width": width,
        "Pixelsize": pixel_nm,
    }
    camera = metadata.camera or {}
    if "offset_adu" in camera and "gain_e_per_adu" in camera:
        # Picasso: photons = (grey value - Baseline) * Sensitivity / (Gain * Qe)
        first |= {
            "Camera": str(camera.get("name", "unknown")),
            "Baseline": float(camera["offset_adu"]),
            "Sensitivity": float(camera["gain_e_per_adu"]),
            "Gain": 1,
            "Qe": 1.0,
        }
    made_by = " ".join(filter(None, (metadata.software, metadata.software_version)))
    second: dict[str, Any] = {
        "Generated by": writer,
        "Localized by": made_by or "unknown",
        "Pixelsize": pixel_nm,
        "Steps": list(metadata.history),
    }
    if metadata.frames is not None:
        second["Frame Bounds"] = list(metadata.frames)
    if metadata.created is not None:
        second["Created"] = metadata.created
    return [first, second]


FORMAT = TableFormat(
    name="Picasso HDF5",
    extensions=(".hdf5", ".h5"),
    sniff=_sniff,
    read=_read,
    write=_write,
)
