"""What a file format has to offer to be one of the formats of `read_table`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cellstorm.localizations.metadata import Metadata

__all__ = ["TableFormat"]


@dataclass(frozen=True)
class TableFormat:
    """One file format. A module of ``formats/`` that defines ``FORMAT`` is all it takes.

    Attributes
    ----------
    name
        For a person: ``"ThunderSTORM CSV"``.
    extensions
        With the dot and in lower case; several formats may share one.
    sniff
        ``sniff(path)``: does the content look like this format? Never raises.
    read
        ``read(path, pixel_size_nm)``: rows as a lazy frame in our columns, units and
        origin, and what the file says of itself. Raises `TableError` with what is
        missing. ``pixel_size_nm`` is the user's, None when not given.
    write
        ``write(data, metadata, path)``: write the file(s) atomically and return a
        notice for all that the format has no place for. None for read-only formats.
    written_as
        Endings it is written as, where ``extensions`` are those of another format too:
        ``(".decode.h5",)`` beside Picasso's ``.h5``. The longest ending of a name counts.
    """

    name: str
    extensions: tuple[str, ...]
    sniff: Callable[[Path], bool]
    read: Callable[[Path, float | None], tuple[pl.LazyFrame, Metadata]]
    write: Callable[[pl.LazyFrame, Metadata, Path], tuple[str, ...]] | None
    written_as: tuple[str, ...] = ()
