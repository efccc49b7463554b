"""The first line of a CSV."""

import csv
from collections.abc import Collection
from pathlib import Path

from cellstorm.errors import TableError

__all__ = ["has_columns", "read_heading"]

_MOST_BYTES = 65_536


def read_heading(path: Path) -> list[str]:
    """The names in the first line.

    Raises
    ------
    TableError
        The file cannot be read.
    """
    try:
        return _heading(path)
    except (OSError, csv.Error) as error:
        raise TableError(f"cannot be read ({error}).", where=path) from error


def has_columns(path: Path, names: Collection[str]) -> bool:
    """Whether the first line can be read and has all these names."""
    try:
        return set(names) <= set(_heading(path))
    except (OSError, csv.Error):
        return False


def _heading(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return [field.strip() for field in next(csv.reader([file.readline(_MOST_BYTES)]), [])]
