"""The archive of an SMLM file: a zip with tables of plain numbers, told of in JSON."""

import json
import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations.formats._blocks import BLOCK_ROWS

__all__ = ["CHANNEL", "MANIFEST", "ArchivedTable", "is_archive", "open_archive", "read_blocks"]

MANIFEST = "manifest.json"
CHANNEL = "channel"
_MAGIC = b"PK\x03\x04"
_DTYPES = {
    **{name: f"<i{size}" for name, size in (("int8", 1), ("int16", 2), ("int32", 4), ("int64", 8))},
    **{
        name: f"<u{size}"
        for name, size in (("uint8", 1), ("uint16", 2), ("uint32", 4), ("uint64", 8))
    },
    "float32": "<f4",
    "float64": "<f8",
}


@dataclass(frozen=True)
class ArchivedTable:
    """A table of the archive.

    Attributes
    ----------
    member, channel
        Its file, and what it was recorded in.
    rows
        How many there are.
    record
        One row as it lies in the file.
    columns
        Headers that hold one number a row: field of the record, unit, and what is added.
    left_out
        Headers that hold several.
    """

    member: str
    channel: str
    rows: int
    record: np.dtype[Any]
    columns: dict[str, tuple[str, str, float]]
    left_out: tuple[str, ...]


def is_archive(path: Path) -> bool:
    """Whether it is a zip with a manifest."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def open_archive(path: Path) -> tuple[dict[str, Any], list[ArchivedTable]]:
    """The manifest, and its tables with their sizes checked; no row is read.

    Raises
    ------
    TableError
        The archive is cut short, or the manifest does not fit what is in it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            sizes = {item.filename: item.file_size for item in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise TableError(
            "this is not a whole SMLM file (a zip that is cut short, or something else by that"
            " name).",
            where=path,
        ) from error
    except KeyError as error:
        raise TableError(f"the archive holds no {MANIFEST}.", where=path) from error
    except OSError as error:
        raise TableError(f"cannot be read ({error.strerror or error}).", where=path) from error
    except ValueError as error:
        raise TableError(f"its {MANIFEST} is not JSON ({error}).", where=path) from error
    try:
        tables = [
            _table(info, manifest["formats"][info["format"]], path)
            for info in manifest["files"]
            if info["type"] == "table"
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TableError(
            f"its {MANIFEST} does not describe a table ({type(error).__name__}: {error}).",
            where=path,
        ) from error
    if not tables:
        raise TableError("the archive holds no table, only other files.", where=path)
    for table in tables:
        _check_size(table, sizes.get(table.member), path)
    return manifest, tables


def _table(info: dict[str, Any], layout: dict[str, Any], path: Path) -> ArchivedTable:
    if layout.get("mode") != "binary":
        raise TableError(
            f"its table {info['name']!r} is text.",
            where=path,
            todo="Unpack the archive and read that file itself.",
        )
    headers, dtypes = list(layout["headers"]), list(layout["dtype"])
    shapes = list(layout.get("shape") or [1] * len(headers))
    units = list(layout.get("units") or [""] * len(headers))
    if not len(headers) == len(dtypes) == len(shapes) == len(units):
        raise ValueError("headers, dtype, shape and units are not of one length")
    unknown = sorted(set(dtypes) - set(_DTYPES))
    if unknown:
        raise TableError(f"its table has numbers of the type {unknown[0]!r}.", where=path)
    shaped = [tuple(int(size) for size in np.ravel(shape)) for shape in shapes]
    offsets = info.get("offset") or {}
    single = [math.prod(shape) == 1 for shape in shaped]
    return ArchivedTable(
        member=str(info["name"]),
        channel=str(info.get(CHANNEL) or "default"),
        rows=int(info["rows"]),
        record=np.dtype(
            [
                (f"f{index}", _DTYPES[dtype], () if alone else shape)
                for index, (dtype, shape, alone) in enumerate(
                    zip(dtypes, shaped, single, strict=True)
                )
            ]
        ),
        columns={
            header: (f"f{index}", str(unit), float(offsets.get(header, 0.0)))
            for index, (header, unit, alone) in enumerate(zip(headers, units, single, strict=True))
            if alone
        },
        left_out=tuple(h for h, alone in zip(headers, single, strict=True) if not alone),
    )


def _check_size(table: ArchivedTable, size: int | None, path: Path) -> None:
    if size is None:
        raise TableError(f"the archive has no file {table.member!r}, which it names.", where=path)
    expected = table.rows * table.record.itemsize
    if size != expected:
        raise TableError(
            f"its table {table.member!r} has {size} bytes, not the {expected} of {table.rows}"
            " rows.",
            where=path,
        )


def read_blocks(
    path: Path, tables: list[ArchivedTable], wanted: list[str]
) -> Iterator[pl.DataFrame]:
    """The rows of all tables in order; headers that a table lacks are null.

    Raises
    ------
    TableError
        The archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for table in tables:
                with archive.open(table.member) as member:
                    while block := member.read(table.record.itemsize * BLOCK_ROWS):
                        yield _frame(np.frombuffer(block, dtype=table.record), table, wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise TableError(f"a table in the archive is damaged ({error}).", where=path) from error


def _frame(records: Any, table: ArchivedTable, wanted: list[str]) -> pl.DataFrame:
    columns = {}
    for name in wanted:
        if name in table.columns:
            field, _, offset = table.columns[name]
            columns[name] = pl.Series(records[field].astype(np.float64) + offset)
        elif name == CHANNEL:
            columns[name] = pl.repeat(table.channel, len(records), dtype=pl.String, eager=True)
        else:
            columns[name] = pl.repeat(None, len(records), dtype=pl.Float64, eager=True)
    return pl.DataFrame(columns)
