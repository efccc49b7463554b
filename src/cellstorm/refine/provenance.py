"""What a refined table says of its making, so that each step can be undone.

A table is never changed in place. The one made from it says, as the last entry of its
history, in words and in JSON behind them: what was done, with all parameters, to which
file, known by a fingerprint. To undo a step is to go back to that file, or, where it is
gone, to make it again from the file before by the steps that the history holds.
"""

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from cellstorm.errors import TableError
from cellstorm.movie.fingerprint import fingerprint_of_files
from cellstorm.parameters import Parameters

__all__ = ["Origin", "Verb", "find_unchanged", "origin_of", "read_origin"]

_MARK = ' {"verb":'

Verb = Literal["filter", "link", "drift"]


class Origin(Parameters):
    """One step: what was done to which table."""

    verb: Verb = Field(description="what was done")
    source: str = Field(description="the table before, seen from the folder of this one")
    fingerprint: str = Field(description="tells that table from another")
    rows_before: int = Field(ge=0, description="rows of that table")
    rows_after: int = Field(ge=0, description="rows of this one")
    parameters: dict[str, Any] = Field(description="all that was chosen or decided")

    def as_history(self, text: str) -> str:
        """An entry for the history: words for the person, JSON for the way back."""
        return f"{self.verb}: {text} {self.model_dump_json()}"

    def find(self, folder: Path) -> Path | None:
        """The table before, if it is still there as it was."""
        return find_unchanged(folder, self.source, self.fingerprint)


def find_unchanged(folder: Path, name: str, fingerprint: str) -> Path | None:
    """A file where it was, seen from the folder, or in it; None where none has the content."""
    for path in (folder / name, folder / Path(name).name):
        if path.is_file() and fingerprint_of_files([path]) == fingerprint:
            return path
    return None


def origin_of(
    verb: Verb,
    source: Path,
    output: Path,
    *,
    rows: tuple[int, int],
    parameters: dict[str, Any],
) -> Origin:
    """Describe a step from file to file; ``rows`` are those before and after.

    Raises
    ------
    TableError
        The source cannot be read any more.
    """
    try:
        fingerprint = fingerprint_of_files([source])
    except OSError as error:
        raise TableError(f"cannot be read ({error.strerror}).", where=source) from error
    try:
        way = os.path.relpath(source.resolve(), output.resolve().parent)
    except ValueError:  # on another drive
        way = str(source.resolve())
    return Origin(
        verb=verb,
        source=Path(way).as_posix(),
        fingerprint=fingerprint,
        rows_before=rows[0],
        rows_after=rows[1],
        parameters=parameters,
    )


def read_origin(entry: str) -> Origin | None:
    """What an entry of a history says; None where it is of another kind."""
    _, mark, rest = entry.partition(_MARK)
    if not mark:
        return None
    try:
        return Origin.model_validate(json.loads(mark.lstrip() + rest))
    except (ValueError, ValidationError):
        return None
