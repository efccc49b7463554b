"""What can be wrong with a request before any work starts."""

import numpy as np

from cellstorm.errors import ConfigurationError, MovieError
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.movie import Movie

__all__ = ["OpenRange", "OpenRegion", "refuse_even_movie", "resolve_frames", "resolve_region"]

OpenRange = tuple[int | None, int | None]
"""Frames ``(start, stop)``; None is the movie's own end."""
OpenRegion = tuple[int | None, int | None, int | None, int | None]
"""``(x0, x1, y0, y1)`` in pixels; None is the movie's own border."""

_BLACK_OF_LIMITED_RANGE = 16
_WHITE_OF_LIMITED_RANGE = 235
_FRAMES_PER_LOOK = 64


def resolve_frames(movie: Movie, frames: OpenRange | None) -> FrameRange:
    """The frames to localize as numbers inside the movie.

    Raises
    ------
    ConfigurationError
        The range is empty or reaches outside the movie.
    """
    total = movie.shape[0]
    given = frames if frames is not None else (None, None)
    start = 0 if given[0] is None else given[0]
    stop = total if given[1] is None else given[1]
    if not 0 <= start < stop <= total:
        if start >= stop:
            what = f"holds no frame of the movie, which has {total}"
        else:
            what = f"reaches outside the {total} frames of the movie"
        raise ConfigurationError(
            f"--frames {_typed(given)} {what}.",
            where=movie.name,
            todo=f"Frames count from 0 and the last is not included: give 0:{total} at most.",
        )
    return start, stop


def resolve_region(movie: Movie, region: OpenRegion | None) -> Region:
    """The region to localize as numbers inside the field.

    Raises
    ------
    ConfigurationError
        The region is empty or reaches outside the field.
    """
    _, height, width = movie.shape
    given = region if region is not None else (None, None, None, None)
    x0, x1, y0, y1 = (
        end if value is None else value
        for value, end in zip(given, (0, width, 0, height), strict=True)
    )
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        if x0 >= x1 or y0 >= y1:
            what = f"holds no pixel of the movie, which has {width} x {height}"
        else:
            what = f"reaches outside the {width} x {height} px of the movie"
        raise ConfigurationError(
            f"--roi {_typed(given[:2])},{_typed(given[2:])} {what}.",
            where=movie.name,
            todo=f"Give X0:X1,Y0:Y1 within 0:{width},0:{height}.",
        )
    return x0, x1, y0, y1


def _typed(bounds: tuple[int | None, int | None]) -> str:
    """A range as the user gave it."""
    low, high = ("" if value is None else value for value in bounds)
    return f"{low}:{high}"


def refuse_even_movie(movie: Movie, frames: FrameRange, region: Region) -> None:
    """Refuse a movie in which every pixel of every frame has the same value.

    One frame with a picture in it is enough, so this reads on only while all is even.

    Raises
    ------
    MovieError
        Every frame is black, white or evenly grey.
    """
    start, stop = frames
    x0, x1, y0, y1 = region
    # a codec may turn even white into a mix of two neighbouring values
    spread = 1 if movie.codec is not None else 0
    low, high = np.inf, -np.inf
    first = start
    length = 1
    while first < stop:
        last = min(first + length, stop)
        seen = movie.read(first, last)[:, y0:y1, x0:x1]
        low, high = min(low, float(seen.min())), max(high, float(seen.max()))
        if high - low > spread:
            return
        first, length = last, _FRAMES_PER_LOOK
    video = movie.codec is not None
    scale = 2 ** (movie.bit_depth - 8) if video else 1
    brightest = 2**movie.bit_depth - 1 if movie.dtype.kind in "iu" else np.inf
    if low <= (_BLACK_OF_LIMITED_RANGE * scale if video else 0):
        colour = "black"
    elif high >= (_WHITE_OF_LIMITED_RANGE * scale if video else brightest):
        colour = "white"
    else:
        colour = "the same even grey"
    count = stop - start
    which = "the only frame" if count == 1 else f"every one of the {count} frames"
    raise MovieError(
        f"{which} is {colour} (all values {low:g}): there is nothing to localize.",
        where=movie.path or movie.name,
        todo="Check the recording: lens cap, exposure, or the wrong file.",
    )
