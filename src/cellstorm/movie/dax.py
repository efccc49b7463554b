"""The Zhuang lab's .dax movies: bare 16-bit numbers with a .inf text beside them."""

import re
from pathlib import Path

import numpy as np

from cellstorm.errors import MovieError
from cellstorm.movie.plane_movie import PlaneMovie

__all__ = ["open_dax"]


def open_dax(path: Path) -> PlaneMovie:
    """Open ``movie.dax`` by the ``movie.inf`` beside it.

    Raises
    ------
    MovieError
        The ``.inf`` is missing or lacks the frame dimensions; an empty movie.
    """
    source = path.with_suffix(".inf")
    if not source.is_file():
        raise MovieError(
            f"bare numbers need their description, {source.name}, beside them.",
            where=path,
            todo="Write it with your movie's own numbers in lines like these:"
            ' "frame dimensions = 256 x 256" (width x height),'
            ' "data type = 16 bit integers (binary, big endian)".'
            " The number of frames follows from the size of the file.",
        )
    text = source.read_text(encoding="utf-8", errors="replace")
    size = re.search(r"frame dimensions\s*=\s*(\d+)\s*x\s*(\d+)", text, re.IGNORECASE)
    if size is None:
        raise MovieError(
            "the frame dimensions are missing.",
            where=source,
            todo='Add it in a line like "frame dimensions = 256 x 256" (width x height).',
        )
    width, height = int(size[1]), int(size[2])
    order = "<" if re.search(r"little endian", text, re.IGNORECASE) else ">"
    dtype = np.dtype(f"{order}u2")
    count = re.search(r"number of frames\s*=\s*(\d+)", text, re.IGNORECASE)
    plane_bytes = max(1, width * height * dtype.itemsize)
    frames = int(count[1]) if count else path.stat().st_size // plane_bytes
    return PlaneMovie(
        path,
        (frames, height, width),
        dtype,
        kind=".dax file",
        format_name="Zhuang lab .dax",
        source=source,
    )
