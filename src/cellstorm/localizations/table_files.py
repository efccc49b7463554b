"""Reading, scanning and writing tables; the extension chooses the format."""

from pathlib import Path

import polars as pl

from cellstorm.errors import CellstormError, TableError
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats import (
    format_for_reading,
    format_for_writing,
    is_named_after,
)
from cellstorm.localizations.metadata import Metadata
from cellstorm.localizations.table import (
    Localizations,
    count_bad_positions,
    refuse_bad_positions,
    with_registry_types,
)

__all__ = ["convert_table", "read_table", "scan_table", "sink_table", "write_table"]


def scan_table(
    path: Path | str, *, pixel_size_nm: float | None = None
) -> tuple[pl.LazyFrame, Metadata]:
    """Open a table without reading its rows.

    Parameters
    ----------
    path
        A file of a known format.
    pixel_size_nm
        Pixel of the movie; needed where the file counts in pixels and does not say.

    Returns
    -------
    tuple[pl.LazyFrame, Metadata]
        Rows in our columns and types, not yet checked for missing positions.

    Raises
    ------
    TableError
        Not a table, or something in it is missing; the message says what to do.
    """
    path = Path(path)
    format_ = format_for_reading(path)
    rows, metadata = format_.read(path, pixel_size_nm)
    if not is_named_after(path, format_):
        metadata = metadata.with_notices(
            f"by its content this is a file of {format_.name}, whatever its name says"
        )
    return with_registry_types(rows, where=path), metadata


def read_table(path: Path | str, *, pixel_size_nm: float | None = None) -> Localizations:
    """Read a table of a known format into memory.

    Parameters
    ----------
    path, pixel_size_nm
        As in `scan_table`.

    Raises
    ------
    TableError
        Not a table, or something in it is missing or not finite.
    """
    path = Path(path)
    rows, metadata = scan_table(path, pixel_size_nm=pixel_size_nm)
    with engine_errors(path, reading=True):
        data = rows.collect(engine="streaming")
    refuse_bad_positions(count_bad_positions(data.lazy()), len(data), where=path)
    try:
        return Localizations(data, metadata)
    except TableError as error:
        raise TableError(error.what, where=path, todo=error.todo) from error


def write_table(localizations: Localizations, path: Path | str) -> tuple[str, ...]:
    """Write a table; what was at ``path`` is replaced only when the new one is whole.

    Returns
    -------
    tuple[str, ...]
        A sentence for each thing that the format has no place for.

    Raises
    ------
    OutputError
        The extension is unknown or the file cannot be written.
    TableError
        The format needs something that the table does not know.
    """
    return sink_table(localizations.data.lazy(), localizations.metadata, path)


def convert_table(
    source: Path | str, output: Path | str, *, pixel_size_nm: float | None = None
) -> tuple[int, tuple[str, ...]]:
    """Write a table in another format; rows are streamed where both formats allow it.

    Returns
    -------
    tuple[int, tuple[str, ...]]
        Number of rows, and what the user should know of the way there.

    Raises
    ------
    TableError, OutputError
        As `read_table` and `write_table`.
    """
    source, output = Path(source), Path(output)
    format_for_writing(output)
    rows, metadata = scan_table(source, pixel_size_nm=pixel_size_nm)
    with engine_errors(source, reading=True):
        count = int(rows.select(pl.len()).collect(engine="streaming").item())
        bad = count_bad_positions(rows)
    refuse_bad_positions(bad, count, where=source)
    try:
        notices = sink_table(rows, metadata.with_step(f"converted from {source.name}"), output)
    except TableError as error:  # found while writing, but it is the source that has it
        raise TableError(error.what, where=source, todo=error.todo) from error
    return count, (*metadata.notices, *notices)


def sink_table(rows: pl.LazyFrame, metadata: Metadata, path: Path | str) -> tuple[str, ...]:
    """Write rows as they are computed, without holding them all where the format allows it.

    Parameters
    ----------
    rows
        In our columns and types, as `scan_table` gives them; not checked.
    metadata
        Stored with them where the format has a place for it.
    path
        The extension chooses the format; what was there is replaced only when the new
        table is whole.

    Returns
    -------
    tuple[str, ...]
        A sentence for each thing that the format has no place for.

    Raises
    ------
    OutputError
        The extension is unknown or the file cannot be written.
    TableError
        The rows cannot be computed, or the format needs something that is not known.
    """
    path = Path(path)
    write = format_for_writing(path).write
    if write is None:  # format_for_writing gives only formats that can be written
        raise CellstormError("this format cannot be written.", where=path)
    return write(rows, metadata, path)
