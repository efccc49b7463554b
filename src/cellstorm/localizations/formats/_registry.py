"""Finds the formats and chooses one by extension and content."""

import functools
import importlib
import pkgutil
from pathlib import Path

import cellstorm.localizations.formats
from cellstorm.errors import OutputError, TableError
from cellstorm.localizations.table_format import TableFormat

__all__ = ["format_for_reading", "format_for_writing", "formats"]


@functools.cache
def formats() -> tuple[TableFormat, ...]:
    """All formats, in the order of their modules' names."""
    package = cellstorm.localizations.formats
    found = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if not module.name.startswith("_"):
            loaded = importlib.import_module(f"{package.__name__}.{module.name}")
            found.append(loaded.FORMAT)
    return tuple(found)


def format_for_reading(path: Path) -> TableFormat:
    """The format of a file that is there.

    Raises
    ------
    TableError
        There is no such file, or no format has its extension.
    """
    if not path.exists():
        raise TableError("there is no such file.", where=path)
    if path.is_dir():
        raise TableError("this is a folder, not a table.", where=path)
    candidates = [item for item in formats() if path.suffix.lower() in item.extensions]
    if not candidates:
        raise TableError(_unknown_extension(path, formats()), where=path)
    # where none recognises the content, the one that is written too says best what is missing
    candidates.sort(key=lambda item: item.write is None)
    return next((item for item in candidates if item.sniff(path)), candidates[0])


def format_for_writing(path: Path) -> TableFormat:
    """The format that an output of this name is written in.

    Raises
    ------
    OutputError
        No format that can be written has this extension.
    """
    writable = tuple(item for item in formats() if item.write is not None)
    for item in writable:
        if path.suffix.lower() in item.extensions:
            return item
    raise OutputError(_unknown_extension(path, writable), where=path)


def _unknown_extension(path: Path, known: tuple[TableFormat, ...]) -> str:
    listed = ", ".join(f"{'/'.join(item.extensions)} ({item.name})" for item in known)
    given = f"tables do not end in {path.suffix!r}" if path.suffix else "the name has no extension"
    return f"{given}; known are {listed}."
