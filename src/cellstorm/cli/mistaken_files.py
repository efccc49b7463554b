"""A table given for a movie, or a movie for a table: what it is, and what to type."""

import os
import shlex
from pathlib import Path

from cellstorm.errors import CellstormError, MovieError, OutputError, TableError
from cellstorm.localizations.formats import formats
from cellstorm.movie.sniff import Kind, kind_of_content, kind_of_name

__all__ = ["explained"]

_NO_MOVIES = frozenset({Kind.TEXT, Kind.HDF5, Kind.NPZ, None})
_WRITE_TABLES = frozenset({"localize", "convert", "filter", "link", "drift"})
_PICTURES = frozenset({".png", ".tif", ".tiff", ".zarr", ".jpg", ".jpeg", ".bmp", ".gif"})
_OF_MOVIES = frozenset({"localize", "calibrate"})


def explained(error: CellstormError, verb: str) -> CellstormError:
    """The error in better words, where the file that it names is of the other kind.

    Parameters
    ----------
    error
        What reading a movie or a table raised.
    verb
        What was asked for.
    """
    if not isinstance(error.where, Path):
        return error
    path = error.where
    if isinstance(error, MovieError):
        if _holds_table(path):
            return MovieError(
                "this is a table of molecules, not a movie.",
                where=path,
                todo=f"Draw it with: {_typed('render', path)}" if verb in _OF_MOVIES else None,
            )
        if path.is_dir() and verb in ("localize", "info") and (videos := _videos(path)):
            what = f"this is a folder ({len(videos)} videos in it), not one movie."
            return MovieError(what, where=path, todo=_one_by_one(verb, path, videos))
    if isinstance(error, TableError) and _is_movie(path):
        table = path.with_name(f"{path.stem}.locs.parquet")
        todo = f"Make its table first: {_typed('localize', path)}"
        if table.is_file():
            todo = f"Its table lies beside it: give {table} instead."
        return TableError("this is a movie, not a table of molecules.", where=path, todo=todo)
    is_picture = path.suffix.lower() in _PICTURES
    if isinstance(error, OutputError) and verb in _WRITE_TABLES and is_picture:
        todo = f"Draw a picture from the table: cellstorm render TABLE --output {path}"
        if verb == "localize":
            todo = f"It is the table that --output names, {path.stem}.parquet for instance; the"
            todo += " picture is written beside it."
        return OutputError(error.what, where=path, todo=error.todo or todo)
    return error


def _holds_table(path: Path) -> bool:
    """By its content alone: what only has a table's name may be anything."""
    return path.is_file() and any(format_.sniff(path) for format_ in formats())


def _is_movie(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    held = kind_of_content(head, path)
    return held not in _NO_MOVIES or (held is None and kind_of_name(path) not in _NO_MOVIES)


def _videos(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if kind_of_name(path) is Kind.VIDEO and path.suffix.lower() not in _PICTURES
    ]


def _one_by_one(verb: str, folder: Path, videos: list[Path]) -> str:
    first = f"Give one of them: {_typed(verb, videos[0])}"
    if len(videos) == 1:
        return first
    every = f"*{videos[0].suffix}"
    if os.name == "nt":
        loop = f'Get-ChildItem "{folder / every}" | % {{ cellstorm {verb} $_ }}'
    else:
        # the pattern must stay outside of the quotes
        place = "" if folder == Path() else f"{shlex.quote(str(folder))}/"
        loop = f'for movie in {place}{every}; do cellstorm {verb} "$movie"; done'
    return f"{first}, or all, one after another: {loop}"


def _typed(verb: str, path: Path) -> str:
    return f"cellstorm {verb} {shlex.quote(str(path)) if os.name != 'nt' else path}"
