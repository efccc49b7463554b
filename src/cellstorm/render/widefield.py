"""What an ordinary microscope would have shown: all frames on top of each other."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError
from cellstorm.movie import Movie
from cellstorm.render.picture import Picture

__all__ = ["widefield_equivalent"]

# What is read at once: 64 frames of 512 x 512, fewer of larger ones.
_PIXELS_AT_ONCE = 64 * 512 * 512


def widefield_equivalent(
    movie: Movie,
    frames: tuple[int, int] | None = None,
    how: Literal["sum", "mean"] = "mean",
    *,
    region: tuple[int, int, int, int] | None = None,
    pixel_size_nm: float | None = None,
) -> Picture:
    """Sum or mean of the frames, read a few at a time.

    Parameters
    ----------
    movie
        Read from ``frames[0]`` to ``frames[1]`` (exclusive); all of it when not given.
    frames, how
        Which frames, and whether they are added or averaged. ADU.
    region
        ``(x0, x1, y0, y1)`` in pixels, upper ends exclusive; all when not given.
    pixel_size_nm
        Where the movie does not say; the picture has none if neither does.

    Raises
    ------
    ConfigurationError
        No frames, or a region outside the movie.
    MovieError
        A frame cannot be read.
    """
    count, height, width = movie.shape
    start, stop = frames if frames is not None else (0, count)
    if not 0 <= start < stop <= count:
        raise ConfigurationError(
            f"the frames {start}:{stop} are not within the movie's {count}.", where=movie.name
        )
    x0, x1, y0, y1 = region if region is not None else (0, width, 0, height)
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ConfigurationError(
            f"the region {x0}:{x1},{y0}:{y1} is not within the movie's {width} x {height} pixels.",
            where=movie.name,
        )
    total: NDArray[np.float64] = np.zeros((y1 - y0, x1 - x0))
    step = max(1, _PIXELS_AT_ONCE // (height * width))
    for first in range(start, stop, step):
        chunk = movie.read(first, min(first + step, stop))
        total += chunk[:, y0:y1, x0:x1].sum(axis=0, dtype=np.float64)
    if how == "mean":
        total /= stop - start
    pixel_nm = pixel_size_nm if pixel_size_nm is not None else movie.pixel_size_nm
    unit_nm = pixel_nm or 1.0
    return Picture(
        values=total.astype(np.float32),
        pixel_nm=pixel_nm,
        origin_nm=(x0 * unit_nm, y0 * unit_nm),
        label=f"{how} of frames {start} to {stop - 1} of {movie.name}",
    )
