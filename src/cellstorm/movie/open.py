"""Opening a movie of any kind."""

from pathlib import Path

from cellstorm.errors import MovieError
from cellstorm.movie.base import Movie

__all__ = ["open_movie"]


def open_movie(path: str | Path, *, with_qp: bool = True) -> Movie:
    """Open a movie."""
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.exists():
        raise MovieError("there is no such file.", where=path)
    if suffix in (".tif", ".tiff"):
        from cellstorm.movie.tiff import open_tiff

        return open_tiff(path)
    if suffix == ".npy":
        from cellstorm.movie.array import open_npy

        return open_npy(path)
    from cellstorm.movie.video import VideoMovie

    return VideoMovie(path, with_qp=with_qp)
