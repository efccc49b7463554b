"""Finds the formats and chooses one by extension and content."""

import functools
import importlib
import pkgutil
from pathlib import Path

import cellstorm.localizations.formats
from cellstorm.errors import OutputError, TableError
from cellstorm.localizations.table_format import TableFormat

__all__ = ["format_for_reading", "format_for_writing", "formats", "is_named_after", "is_table"]


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
    """The format of a file that is there, by its name and, where that misleads, its content.

    Raises
    ------
    TableError
        There is no such file, or no format has its extension or content.
    """
    if not path.exists():
        raise TableError("there is no such file.", where=path)
    if path.is_dir():
        raise TableError("this is a folder, not a table.", where=path)
    candidates = [item for item in formats() if is_named_after(path, item)]
    # where none recognises the content, the one whose ending it is says best what is missing
    candidates.sort(key=lambda item: item.write is None or bool(item.written_as))
    others = [item for item in formats() if item not in candidates]
    found = next((item for item in (*candidates, *others) if item.sniff(path)), None)
    if found is not None:
        return found
    if not candidates:
        raise TableError(_unknown_extension(path, _endings_to_read()), where=path)
    return candidates[0]


def is_table(path: Path) -> bool:
    """Whether a file is a table, by its name or by its content; never raises."""
    return path.is_file() and any(
        is_named_after(path, item) or item.sniff(path) for item in formats()
    )


def format_for_writing(path: Path) -> TableFormat:
    """The format that an output of this name is written in.

    Raises
    ------
    OutputError
        No format that can be written has this extension.
    """
    writable = tuple(item for item in formats() if item.write is not None)
    fitting = [
        (len(ending), item)
        for item in writable
        for ending in item.written_as or item.extensions
        if _ends_in(path, ending)
    ]
    if not fitting:
        raise OutputError(_unknown_extension(path, _endings_to_write()), where=path)
    return max(fitting, key=lambda pair: pair[0])[1]


def is_named_after(path: Path, format_: TableFormat) -> bool:
    """Whether the name ends as files of this format do."""
    return any(_ends_in(path, ending) for ending in (*format_.extensions, *format_.written_as))


def _ends_in(path: Path, ending: str) -> bool:
    name = path.name.lower()
    return name.endswith(ending) and len(name) > len(ending)


def _unknown_extension(path: Path, listed: str) -> str:
    given = f"tables do not end in {path.suffix!r}" if path.suffix else "the name has no extension"
    return f"{given}; known are {listed}."


def _endings_to_read() -> str:
    return ", ".join(f"{'/'.join(item.extensions)} ({item.name})" for item in formats())


def _endings_to_write() -> str:
    writable = (item for item in formats() if item.write is not None)
    return ", ".join(
        f"{'/'.join(item.written_as or item.extensions)} ({item.name})" for item in writable
    )
