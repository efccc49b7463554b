"""Where the table goes when nobody says."""

from pathlib import Path

from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.localizations import scan_table
from cellstorm.movie import Movie
from cellstorm.run.partial import PartialRun

__all__ = ["default_output"]


def default_output(movie: Movie) -> Path:
    """``holiday.locs.parquet`` beside ``holiday.mp4``.

    If that table is of another movie (``holiday.mov`` was localized before), the name keeps
    the extension: ``holiday.mp4.locs.parquet``.

    Raises
    ------
    ConfigurationError
        The movie is in memory and has no place of its own.
    """
    if movie.path is None:
        raise ConfigurationError("a movie in memory needs an output to be named.")
    path = movie.path
    stem = path.stem.removesuffix(".ome") or path.name
    short = path.with_name(f"{stem}.locs.parquet")
    if _belongs_to_another(short, movie):
        return path.with_name(f"{path.name}.locs.parquet")
    return short


def _belongs_to_another(table: Path, movie: Movie) -> bool:
    try:
        partial = PartialRun(table)
        if partial.exists():
            return partial.read_plan().request.movie_fingerprint != movie.fingerprint()
        if table.exists():
            source = scan_table(table)[1].movie
            return (
                source is not None
                and source.fingerprint is not None
                and source.name != movie.name
                and source.fingerprint != movie.fingerprint()
            )
    except CellstormError:
        # something else is there, which is not ours to replace
        return True
    return False
