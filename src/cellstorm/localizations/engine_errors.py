"""Turns what the data frame engine raises into errors for the person."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from cellstorm.errors import OutputError, TableError

__all__ = ["engine_errors"]

# The engine gives the number as text only: "... No space left on device (os error 28)".
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


@contextlib.contextmanager
def engine_errors(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Raise what the engine could not read, cast or write as ours.

    Errors of the operating system become `OSError` when writing, which `atomic_file`
    explains, and `TableError` when ``reading``.

    Raises
    ------
    OSError
        The disk is full, the folder read-only and the like.
    TableError
        The rows themselves cannot be read or do not fit together.
    OutputError
        Anything else.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".:")
        code = _OS_ERROR.search(str(error))
        if code is not None:
            number = int(code.group(1))
            reason = os.strerror(number)
            if not reading:
                raise OSError(number, reason) from error
        elif isinstance(error, OSError) and not reading:
            raise
        if reading:
            raise TableError(f"cannot be read ({reason}).", where=path) from error
        if isinstance(
            error,
            pl.exceptions.SchemaError
            | pl.exceptions.ColumnNotFoundError
            | pl.exceptions.InvalidOperationError
            | pl.exceptions.ComputeError,
        ):
            raise TableError(f"its rows cannot be read ({reason}).", where=path) from error
        raise OutputError(f"cannot be written ({reason}).", where=path) from error
