"""What the movie beside a table tells: its sum, its grey values, the rhythm of its frames."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import FrameRhythm, measure_rhythm
from cellstorm.errors import CellstormError, TableError
from cellstorm.localizations import Metadata
from cellstorm.movie import Movie, open_movie
from cellstorm.movie.description import MovieDescription, describe_movie
from cellstorm.render import Picture, widefield_equivalent
from cellstorm.report.options import ReportOptions
from cellstorm.report.parts import Untold, told_or_why

__all__ = ["KeyFrameCounts", "MovieLook", "find_movie", "key_frame_counts", "look_at_movie"]

_STRETCHES = 8
_RHYTHM_FRAMES = 1024
_FRAMES_AT_ONCE = 100
_LEAST_KEY_FRAMES = 3
_NEIGHBOURS = (-2, -1, 1, 2)


@dataclass(frozen=True, eq=False)
class KeyFrameCounts:
    """Localizations in key frames beside those in the frames around them.

    Attributes
    ----------
    change, error
        Relative to the two frames before and after: -0.3 is 30 % fewer; and standard error.
    key_frames
        How many were compared.
    """

    change: float
    error: float
    key_frames: int


@dataclass(frozen=True, eq=False)
class MovieLook:
    """A movie in a few figures.

    Attributes
    ----------
    path, name
        Of the file.
    description
        As ``cellstorm info`` has it.
    widefield
        The mean of its frames.
    rhythm
        Offsets of its frames.
    key_frames
        What key frames do to the number of localizations.
    is_another
        Whether it is not the movie that the table was made from.
    """

    path: Path
    name: str
    description: MovieDescription | Untold
    widefield: Picture | Untold
    rhythm: FrameRhythm | Untold
    key_frames: KeyFrameCounts | Untold
    is_another: bool


def find_movie(table: Path, metadata: Metadata) -> Path | None:
    """The movie that a table was made from, if it still lies beside it as it was."""
    facts = metadata.movie
    if facts is None or facts.fingerprint is None:
        return None
    beside = table.with_name(Path(facts.name).name)
    if not beside.exists() or beside.resolve() == table.resolve():
        return None
    try:
        with open_movie(beside) as movie:
            return beside if movie.fingerprint() == facts.fingerprint else None
    except CellstormError:
        return None


def look_at_movie(
    path: Path,
    metadata: Metadata,
    frame: NDArray[np.uint32],
    options: ReportOptions,
) -> MovieLook:
    """Look at the movie that a table was made from.

    Parameters
    ----------
    path
        The movie.
    metadata
        Of the table.
    frame
        ``(n,)`` frames of its localizations.
    options
        How many frames to look at.

    Raises
    ------
    MovieError
        It is no movie.
    """
    with open_movie(path) as movie:
        facts = metadata.movie
        known = None if facts is None else facts.fingerprint
        return MovieLook(
            path=path,
            name=movie.name,
            description=told_or_why(lambda: describe_movie(movie)),
            widefield=told_or_why(lambda: _widefield(movie, metadata, options)),
            rhythm=told_or_why(lambda: _rhythm(movie, metadata)),
            key_frames=told_or_why(lambda: _key_frames(movie, frame)),
            is_another=known is not None and known != movie.fingerprint(),
        )


def _analysed(movie: Movie, metadata: Metadata) -> tuple[int, int]:
    start, stop = metadata.frames or (0, movie.shape[0])
    if not 0 <= start < stop <= movie.shape[0]:
        return 0, movie.shape[0]
    return start, stop


def _widefield(movie: Movie, metadata: Metadata, options: ReportOptions) -> Picture:
    pixel_nm = metadata.pixel_size_nm or movie.pixel_size_nm
    if pixel_nm is None:
        raise TableError(
            "the movie's picture has no scale: neither table nor movie say how large a pixel is.",
            todo="Give it with --pixel-size-nm.",
        )
    start, stop = _analysed(movie, metadata)
    stretches = [(start, stop)]
    if stop - start > options.widefield_frames:
        length = max(1, options.widefield_frames // _STRETCHES)
        firsts = np.linspace(start, stop - length, _STRETCHES).astype(int).tolist()
        stretches = [(first, first + length) for first in firsts]
    total: NDArray[np.float64] | None = None
    for first, last in stretches:
        for begin in range(first, last, _FRAMES_AT_ONCE):
            part = widefield_equivalent(movie, (begin, min(begin + _FRAMES_AT_ONCE, last)), "sum")
            values = part.values.astype(np.float64)
            total = values if total is None else total + values
    count = sum(last - first for first, last in stretches)
    if total is None:
        raise TableError("the movie has no frames.")
    return Picture(
        values=(total / count).astype(np.float32),
        pixel_nm=pixel_nm,
        label=f"mean of {count:,} frames",
    )


def _rhythm(movie: Movie, metadata: Metadata) -> FrameRhythm:
    start, stop = _analysed(movie, metadata)
    return measure_rhythm(movie, (start, min(stop, start + _RHYTHM_FRAMES)))


def _key_frames(movie: Movie, frame: NDArray[np.uint32]) -> KeyFrameCounts:
    if movie.codec is None:
        raise TableError("the movie is not compressed: there are no key frames.")
    keys = np.flatnonzero(movie.codec.key_frames)
    if keys.size == movie.shape[0]:
        raise TableError("every frame stands alone: there is no rhythm of key frames.")
    inside = frame[frame < movie.shape[0]]
    per_frame = np.bincount(inside, minlength=movie.shape[0])
    return key_frame_counts(per_frame, keys)


def key_frame_counts(per_frame: NDArray[np.int64], keys: NDArray[np.int64]) -> KeyFrameCounts:
    """Compare key frames with the frames around them, so that bleaching does not matter.

    Parameters
    ----------
    per_frame
        ``(frames,)`` localizations.
    keys
        Numbers of the key frames.

    Raises
    ------
    TableError
        Too few key frames, or no localizations around them.
    """
    reach = max(abs(step) for step in _NEIGHBOURS)
    keys = keys[(keys >= reach) & (keys < per_frame.size - reach)]
    if keys.size < _LEAST_KEY_FRAMES:
        raise TableError(f"{keys.size} key frames within the movie are too few to compare.")
    around = np.mean([per_frame[keys + step] for step in _NEIGHBOURS], axis=0)
    if not around.mean() > 0:
        raise TableError("there are no localizations around the key frames.")
    step = per_frame[keys] - around
    scale = float(around.mean())
    error = float(step.std(ddof=1)) / np.sqrt(keys.size) / scale
    return KeyFrameCounts(float(step.mean()) / scale, float(error), int(keys.size))
