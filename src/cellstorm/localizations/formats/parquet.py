"""Parquet, the native format: our columns as they are, the metadata as JSON in the footer.

A Parquet file that other programs wrote is accepted when it has our column names.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS, REQUIRED_COLUMNS
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table_format import TableFormat
from cellstorm.parameters import describe_validation_error

__all__ = ["FORMAT", "concatenate_parquet"]

_KEY = "cellstorm"
# A simulation's truth has no footer of ours, but these columns, and its origin is ours.
_TRUTH = {"frame", "id", "x_nm", "y_nm", "z_nm", "photons", "background_photons"}
_MAGIC = b"PAR1"
# Rows of a row group: what one reader holds at a time, about 8 MB of a usual table.
_ROWS_PER_GROUP = 131_072


def concatenate_parquet(parts: Sequence[Path], path: Path, metadata: Metadata) -> None:
    """Join part files of the same columns into one table, in their order.

    Rows are streamed: memory does not grow with their number.

    Parameters
    ----------
    parts
        Parquet files of identical schema; none gives an empty table.
    path
        The table to write; what was there is replaced only when the new one is whole.
    metadata
        Stored with it; what the parts say of themselves is not looked at.

    Raises
    ------
    TableError
        A part cannot be read or has other columns than the first.
    OutputError
        The table cannot be written.
    """
    if parts:
        rows = pl.scan_parquet(list(parts), glob=False)
    else:
        rows = pl.DataFrame(schema={name: COLUMNS[name].dtype for name in REQUIRED_COLUMNS}).lazy()
    _write(rows, metadata, path)


def _sniff(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _read(path: Path, pixel_size_nm: float | None) -> tuple[pl.LazyFrame, Metadata]:
    try:
        stored = pl.read_parquet_metadata(path).get(_KEY)
        rows = pl.scan_parquet(path, glob=False)
        columns = rows.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(
            "this is not a whole Parquet file (cut short, or something else by that name).",
            where=path,
        ) from error
    if stored is None and set(columns) == _TRUTH:
        metadata = Metadata()
    elif stored is None:
        notice = "the Parquet file says nothing of its origin: taken as the pixel's corner"
        metadata = Metadata(origin_in_file="corner (assumed)", notices=(notice,))
    else:
        metadata = _parse(stored, path)
    return rows, metadata.with_pixel_size(pixel_size_nm, where=path)


def _parse(stored: str, path: Path) -> Metadata:
    try:
        values: dict[str, Any] = json.loads(stored)
        unknown = sorted(set(values) - set(Metadata.model_fields))
        metadata = Metadata.model_validate(
            {name: value for name, value in values.items() if name not in unknown}
        )
    except ValidationError as error:
        raise TableError(
            f"its metadata cannot be understood ({describe_validation_error(error)}).", where=path
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise TableError(f"its metadata is not JSON ({error}).", where=path) from error
    if unknown:
        return metadata.with_notices(
            f"metadata of a newer version left aside: {', '.join(unknown)}"
        )
    return metadata


def _write(rows: pl.LazyFrame, metadata: Metadata, path: Path) -> tuple[str, ...]:
    with atomic_file(path) as temporary:
        with engine_errors(path):
            rows.sink_parquet(
                temporary,
                metadata={_KEY: metadata.model_dump_json()},
                row_group_size=_ROWS_PER_GROUP,
                maintain_order=True,
            )
    return ()


FORMAT = TableFormat(
    name="Parquet, native",
    extensions=(".parquet",),
    sniff=_sniff,
    read=_read,
    write=_write,
)
