"""The table of a movie: the one that lies beside it, or a new one."""

from pathlib import Path

from cellstorm.errors import CellstormError, MovieError
from cellstorm.localizations import scan_table
from cellstorm.localizations.formats import formats
from cellstorm.localize import NetMethod
from cellstorm.movie import Movie, open_movie
from cellstorm.run import ProgressListener, default_output, localize_movie

__all__ = ["is_table", "table_of_movie"]


def is_table(path: Path) -> bool:
    """Whether a file is to be read as a table: by its extension, as tables are."""
    return any(path.suffix.lower() in one.extensions for one in formats())


def table_of_movie(
    path: Path, *, pixel_size_nm: float | None = None, progress: ProgressListener | None = None
) -> tuple[Path, bool]:
    """Localize a movie with the default settings, unless that was done before.

    A whole table of this movie that lies where ``cellstorm localize`` puts it is taken as
    it is, however it was made: nothing is written over it.

    Parameters
    ----------
    path
        The movie.
    pixel_size_nm
        Edge of a pixel in the sample; the file's own, or 100 nm, when None.
    progress
        Told now and then how far localizing has come.

    Returns
    -------
    tuple[Path, bool]
        The table, and whether it was there before.

    Raises
    ------
    CellstormError
        The movie cannot be read or has nothing in it, or the table cannot be written.
    RunInterrupted
        Ctrl-C; what is done is kept for the next call.
    """
    try:
        movie = open_movie(path)
    except MovieError as error:
        known = ", ".join(sorted({end for one in formats() for end in one.extensions}))
        todo = f"{error.todo + ' ' if error.todo else ''}Tables end in {known}."
        raise MovieError(error.what, where=error.where or path, todo=todo) from error
    with movie:
        table = default_output(movie)
        if _is_of(table, movie):
            return table, True
        run = localize_movie(
            movie,
            method=NetMethod(),
            pixel_size_nm=pixel_size_nm,
            output=table,
            resume=True,
            progress=progress,
        )
        return run.table, False


def _is_of(table: Path, movie: Movie) -> bool:
    """Whether a whole table of this movie is there."""
    if not table.is_file():
        return False
    try:
        metadata = scan_table(table)[1]
    except CellstormError:
        return False
    facts = metadata.movie
    return metadata.complete and facts is not None and facts.fingerprint == movie.fingerprint()
