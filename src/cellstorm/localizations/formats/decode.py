"""DECODE's HDF5: pixels from the centre of the first one, frames from 0, rows before columns.

What `EmitterSet.save` writes and `EmitterSet.load` reads (Speiser et al. 2021, version
0.10): a group ``/data`` of arrays, ``/meta`` with the unit and the size of a pixel,
``/decode`` with the version. DECODE's first axis runs along the first one of the frames,
which in the movie's file are the rows: its ``x`` is our ``y_nm``. Errors (``_sig``) are in
the unit of the positions; ``z`` is in nm always. Arrays without values are HDF5's empty
ones.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from cellstorm import __version__
from cellstorm.atomic_file import atomic_file
from cellstorm.errors import TableError
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats._blocks import BLOCK_ROWS, scan_blocks
from cellstorm.localizations.formats._hdf5_file import open_hdf5, pixel_size_to_write
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat

__all__ = ["FORMAT"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_OURS = "cellstorm"
_CENTRE_PX = 0.5
# theirs -> our columns; of three, in the order of their axes
_TRIPLES = {
    "xyz": ("y_nm", "x_nm", "z_nm"),
    "xyz_sig": ("uncertainty_y_nm", "uncertainty_x_nm", "uncertainty_z_nm"),
}
_SINGLES = {
    "phot": ("photons", "f4"),
    "frame_ix": ("frame", "i8"),
    "id": ("id", "i8"),
    "prob": ("probability", "f4"),
    "bg": ("background_photons", "f4"),
    "phot_sig": ("uncertainty_photons", "f4"),
}
# estimates of Cramer and Rao are variances; DECODE's own files have none of a fit
_UNUSED = ("xyz_cr", "phot_cr", "bg_cr", "bg_sig")
_MEAN = ("uncertainty_nm", ("uncertainty_x_nm", "uncertainty_y_nm"))


def _sniff(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
        with h5py.File(path, "r") as file:
            return "decode" in file or "data/xyz" in file
    except OSError:
        return False


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    with open_hdf5(path) as file:
        present = _checked(file, path)
        sizes = _pixel_sizes(file, pixel_size_nm, path)
        in_px = _is_in_px(file, path)
        flat = not _any(file["data/xyz"], lambda block: np.any(block[:, 2]))
        # DECODE numbers emitters only where it simulates them; -1 is no number
        if "id" in present and not _any(file["data/id"], lambda block: np.any(block >= 0)):
            present.remove("id")
        ours = file.get(_OURS)
        stored = ours[()] if isinstance(ours, h5py.Dataset) and ours.shape == () else None
        unused = [name for name in _UNUSED if _length(file["data"].get(name))]
    schema: dict[str, pl.DataType] = {}
    for name in present:
        for column in _TRIPLES.get(name) or (_SINGLES[name][0],):
            schema[column] = pl.Int64() if column in ("frame", "id") else pl.Float32()
    if flat:  # DECODE gives molecules of a flat fit the height 0
        schema.pop("z_nm")
        schema.pop("uncertainty_z_nm", None)
    rows = scan_blocks(schema, lambda wanted: _blocks(path, present, wanted))
    metadata = _metadata(stored).model_copy(
        update={
            "pixel_size_nm": sizes[0] if sizes[0] == sizes[1] else None,
            "origin_in_file": "pixel centre, frames from 0, rows first (DECODE's convention)",
        }
    )
    if unused:
        metadata = metadata.with_notices(f"arrays left out: {', '.join(unused)}")
    if sizes[0] != sizes[1]:
        metadata = metadata.with_notices(
            f"pixels are {sizes[1]:g} nm wide and {sizes[0]:g} nm high: the table has no one"
            " pixel size"
        )
    return rows.select(_to_ours(schema, sizes, in_px)), metadata.with_pixel_size(
        pixel_size_nm, where=path
    )


def _checked(file: h5py.File, path: Path) -> list[str]:
    """The arrays that hold something; raises unless the needed ones fit together."""
    data = file.get("data")
    if not isinstance(data, h5py.Group):
        listed = ", ".join(sorted(file)) or "nothing"
        raise TableError(
            f"not a DECODE table: the HDF5 file has no group /data (it has {listed}).", where=path
        )
    missing = [name for name in ("xyz", "frame_ix") if not isinstance(data.get(name), h5py.Dataset)]
    if missing:
        raise TableError(f"its group /data has no {', '.join(missing)}.", where=path)
    rows = _length(data["xyz"])
    present = []
    for name in (*_TRIPLES, *_SINGLES):
        item = data.get(name)
        if not isinstance(item, h5py.Dataset) or item.shape is None:
            continue
        shape = (rows, 3) if name in _TRIPLES else (rows,)
        if item.shape != shape:
            raise TableError(
                f"its array {name} is {_times(item.shape)}, not {_times(shape)}.", where=path
            )
        present.append(name)
    if "xyz" not in present or "frame_ix" not in present:
        raise TableError("its positions or frames are empty arrays.", where=path)
    return present


def _length(item: Any) -> int:
    return len(item) if isinstance(item, h5py.Dataset) and item.shape else 0


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _is_in_px(file: h5py.File, path: Path) -> bool:
    unit = file["meta"].attrs.get("xy_unit") if "meta" in file else None
    text = unit.decode() if isinstance(unit, bytes) else unit
    if text not in ("px", "nm"):
        said = "nothing of their unit" if unit is None else f"{text!r} for their unit"
        raise TableError(
            f"the file says {said}; known are 'px' and 'nm' (xy_unit in /meta).", where=path
        )
    return text == "px"


def _pixel_sizes(file: h5py.File, pixel_size_nm: float | None, path: Path) -> tuple[float, float]:
    """Of a pixel along DECODE's two axes, our y and x, in nm."""
    stored = file["meta"].attrs.get("px_size") if "meta" in file else None
    try:
        sizes = [float(value) for value in np.ravel(stored)] if stored is not None else []
    except (TypeError, ValueError):
        sizes = []
    if len(sizes) >= 2 and all(math.isfinite(size) and size > 0 for size in sizes[:2]):
        return sizes[0], sizes[1]
    if pixel_size_nm is None:
        raise TableError(
            "positions count from the centre of the first pixel, and the file does not say how"
            " large a pixel is (px_size).",
            where=path,
            todo="Give it in nm: read_table(path, pixel_size_nm=...) or --pixel-size-nm.",
        )
    return pixel_size_nm, pixel_size_nm


def _any(array: h5py.Dataset, found: Callable[[NDArray[Any]], Any]) -> bool:
    """Whether a block of the array has something."""
    return any(
        bool(found(array[start : start + BLOCK_ROWS])) for start in range(0, len(array), BLOCK_ROWS)
    )


def _metadata(stored: Any) -> Metadata:
    if isinstance(stored, bytes):
        try:
            return Metadata.model_validate_json(stored)
        except ValidationError:
            pass  # of a newer version: DECODE's own facts have to do
    return Metadata(software="DECODE")


def _blocks(path: Path, present: list[str], wanted: list[str]) -> Iterator[pl.DataFrame]:
    try:
        with h5py.File(path, "r") as file:
            data = file["data"]
            rows = len(data["xyz"])
            for start in range(0, max(rows, 1), BLOCK_ROWS):
                columns: dict[str, NDArray[Any]] = {}
                for name in present:
                    names = _TRIPLES.get(name) or (_SINGLES[name][0],)
                    if not set(names) & set(wanted):
                        continue
                    block = data[name][start : start + BLOCK_ROWS]
                    for axis, column in enumerate(names):
                        columns[column] = block if name in _SINGLES else block[:, axis]
                yield pl.DataFrame(
                    {
                        name: pl.Series(
                            np.ascontiguousarray(columns[name]),
                            dtype=pl.Int64 if name in ("frame", "id") else pl.Float32,
                        )
                        for name in wanted
                    }
                )
    except OSError as error:
        raise TableError("the HDF5 file ends before its arrays do.", where=path) from error


def _to_ours(
    schema: dict[str, pl.DataType], sizes: tuple[float, float], in_px: bool
) -> list[pl.Expr]:
    expressions: dict[str, pl.Expr] = {}
    for name in schema:
        value = pl.col(name)
        size = sizes[0] if "y_nm" in name else sizes[1]
        scale = size if in_px else 1.0
        if name in ("x_nm", "y_nm"):
            value = value.cast(pl.Float64) * scale + _CENTRE_PX * size
        elif name in _MEAN[1]:
            value = value * scale
        elif name == "id":
            value = pl.when(value >= 0).then(value)
        expressions[name] = value.alias(name)
    mean, axes = _MEAN
    if set(axes) <= expressions.keys():
        expressions[mean] = ((expressions[axes[0]] + expressions[axes[1]]) / 2).alias(mean)
    return list(expressions.values())


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    pixel_nm = pixel_size_to_write(metadata, "DECODE", path)
    names = set(rows.collect_schema())
    sources = _sources(names)
    with atomic_file(path) as temporary:
        with h5py.File(temporary, "w") as file:
            _describe(file, metadata, pixel_nm)
            data = file.create_group("data")
            arrays = _create_arrays(data, sources)
            used = sorted({name for item in sources.values() for name in item if name})
            with engine_errors(path):
                for batch in rows.select(used).collect_batches(
                    chunk_size=BLOCK_ROWS, maintain_order=True
                ):
                    _append(arrays, sources, batch, pixel_nm)
    left_out = sorted(names - set(used) - {_MEAN[0]})
    return (f"DECODE's file has no place for: {', '.join(left_out)}",) if left_out else ()


def _sources(names: set[str]) -> dict[str, tuple[str | None, ...]]:
    """Our columns for each of their arrays; None where an axis is not known."""
    sources: dict[str, tuple[str | None, ...]] = {}
    for theirs, columns in _TRIPLES.items():
        found = tuple(
            column
            if column in names
            else _MEAN[0]
            if column in _MEAN[1] and _MEAN[0] in names
            else None
            for column in columns
        )
        if any(found):
            sources[theirs] = found
    for theirs, (column, _) in _SINGLES.items():
        if column in names:
            sources[theirs] = (column,)
    # an emitter without photons is none to DECODE
    sources.setdefault("phot", (None,))
    return sources


def _describe(file: h5py.File, metadata: Metadata, pixel_nm: float) -> None:
    meta = file.create_group("meta")
    meta.attrs["xy_unit"] = "px"
    meta.attrs["px_size"] = np.array([pixel_nm, pixel_nm], dtype=np.float32)
    file.create_group("decode").attrs["version"] = f"cellstorm {__version__}"
    file.create_dataset(_OURS, data=metadata.model_dump_json())


def _create_arrays(
    data: h5py.Group, sources: dict[str, tuple[str | None, ...]]
) -> dict[str, h5py.Dataset]:
    arrays = {}
    for name in (*_TRIPLES, *_SINGLES, *_UNUSED):
        if name not in sources:
            data.create_dataset(name, data=h5py.Empty("f"))
            continue
        triple = name in _TRIPLES
        arrays[name] = data.create_dataset(
            name,
            shape=(0, 3) if triple else (0,),
            maxshape=(None, 3) if triple else (None,),
            chunks=(65_536, 3) if triple else (65_536,),
            dtype="f4" if triple else _SINGLES[name][1],
        )
    return arrays


def _append(
    arrays: dict[str, h5py.Dataset],
    sources: dict[str, tuple[str | None, ...]],
    batch: pl.DataFrame,
    pixel_nm: float,
) -> None:
    for name, array in arrays.items():
        columns = [_in_px(batch, column, name, pixel_nm) for column in sources[name]]
        start = len(array)
        array.resize(start + len(batch), axis=0)
        array[start:] = np.stack(columns, axis=1) if name in _TRIPLES else columns[0]


def _in_px(batch: pl.DataFrame, column: str | None, theirs: str, pixel_nm: float) -> NDArray[Any]:
    if column is None:
        # no height is 0 to DECODE, no error none
        return np.full(len(batch), 0.0 if theirs == "xyz" else np.nan)
    values = batch[column]
    if column in ("frame", "id"):
        numbers: NDArray[Any] = values.cast(pl.Int64).fill_null(-1).to_numpy()
        return numbers
    real: NDArray[Any] = values.cast(pl.Float64).to_numpy()
    if column in ("x_nm", "y_nm"):
        return real / pixel_nm - _CENTRE_PX
    return real / pixel_nm if column in (*_MEAN[1], _MEAN[0]) else real


FORMAT = TableFormat(
    name="DECODE HDF5",
    extensions=(".hdf5", ".h5"),
    sniff=_sniff,
    read=_read,
    write=_write,
    written_as=(".decode.h5", ".decode.hdf5"),
)
