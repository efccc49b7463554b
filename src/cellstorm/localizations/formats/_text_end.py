"""Whether a text table was cut short: its last line ends before its last column does."""

import csv
import os
from pathlib import Path

from cellstorm.errors import TableError

__all__ = ["refuse_cut_end"]

_LONGEST_LINE = 65_536


def refuse_cut_end(path: Path, columns: int, separator: str = ",") -> None:
    """Raise `TableError` when the file has no last line end, and its last line no last column.

    Such a line can end within a number: 123 of what was 12345.6. Read is the end of the
    file alone.

    Raises
    ------
    TableError
        The file was cut short.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LONGEST_LINE))
            end = file.read()
    except OSError as error:
        raise TableError(f"cannot be read ({error.strerror}).", where=path) from error
    if not end or end.endswith((b"\n", b"\r")):
        return
    line = end.replace(b"\r", b"\n").rsplit(b"\n", 1)[-1].decode(errors="replace")
    found = len(next(csv.reader([line.rstrip()], delimiter=separator), []))
    if found < columns:
        raise TableError(
            f"the file was cut short: its last line has {found} of {columns} columns.",
            where=path,
            todo="Copy the whole file again, or delete its last line to read the others.",
        )
