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
# "conversion from `i64` to `u32` failed in column 'frame' for 3 out of 9 values: [-1, -2, -3]"
_CAST = re.compile(r"conversion from `.+?` to `(\w+)` failed in column '(.+?)' .*?: \[(.*)\]")
_EXAMPLES = 3


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
        misfit = _CAST.search(reason)
        if misfit is not None:
            raise TableError(_in_words(*misfit.groups()), where=path) from error
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


def _in_words(wanted: str, column: str, values: str) -> str:
    """What is wrong with a column: ``wanted`` is the engine's name of a type."""
    kind = {"u": "whole numbers from 0 on", "i": "whole numbers", "f": "numbers"}
    # decimals arrive here as infinity: the engine itself would have cut them off
    found = re.findall(r'"[^"]*"|[^\s,…]+', values)
    examples = [value for value in found if value not in ("inf", "-inf")]
    told = f": {', '.join(dict.fromkeys(examples[:_EXAMPLES]))}" if examples else ""
    return f"{column} holds values that are no {kind.get(wanted[0], wanted)}{told}."
