"""Errors meant for the person who runs cellstorm: what, where, what to do."""

from pathlib import Path

__all__ = [
    "CameraError",
    "CellstormError",
    "ConfigurationError",
    "MovieError",
    "OutputError",
    "TableError",
]


class CellstormError(Exception):
    """Something the user can act on; the command line prints it and exits with 2.

    Parameters
    ----------
    what
        One sentence: what was wrong.
    where
        The file (or option) it was found in; printed in front.
    todo
        One sentence: what to do about it; printed on a line of its own.
    """

    def __init__(
        self, what: str, *, where: str | Path | None = None, todo: str | None = None
    ) -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(what, where, todo)

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where is not None else self.what
        return f"{sentence}\n{self.todo}" if self.todo else sentence


class MovieError(CellstormError):
    """A movie that cannot be opened or read."""


class CameraError(CellstormError):
    """A camera description that is missing, malformed or does not fit the movie."""


class TableError(CellstormError):
    """A localization table that cannot be read or lacks what is needed."""


class ConfigurationError(CellstormError):
    """An option or parameter outside what is allowed."""


class OutputError(CellstormError):
    """A result that cannot be written."""
