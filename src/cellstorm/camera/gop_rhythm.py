"""Offset and light of every frame, as a movie's background shows them, and their removal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from cellstorm.movie import FrameChunk, Movie

__all__ = ["FrameRhythm", "RhythmCorrectedMovie", "measure_rhythm"]

_FRAMES_PER_WINDOW = 64
_MOST_PIXELS = 65_536
_CUT = 2.5
# darker part of the field: molecules sit on the rest
_BACKGROUND_SHARE = 0.6


@dataclass(frozen=True, eq=False)
class FrameRhythm:
    """How far every frame lies over the others around it, where there are no molecules.

    Attributes
    ----------
    offset_adu
        ``(frames,)`` float64, ADU as recorded, without what is slower than ``smooth_frames``.
    error_adu
        Typical standard error of these.
    first_frame
        Number of the first one.
    key_frame_dip_adu, key_frame_dip_error_adu
        Mean of the key frames less that of the other frames, and its standard error; None
        where key frames are not known or every frame is one.
    """

    offset_adu: NDArray[np.float64]
    error_adu: float
    first_frame: int
    key_frame_dip_adu: float | None
    key_frame_dip_error_adu: float | None

    @property
    def spread_adu(self) -> float:
        """Standard deviation of the offsets beyond their own error."""
        excess = float(self.offset_adu.var()) - self.error_adu**2
        return float(np.sqrt(max(excess, 0.0)))


def measure_rhythm(
    movie: Movie, frames: tuple[int, int] | None = None, *, smooth_frames: int = 31
) -> FrameRhythm:
    """Estimate an offset for every frame from the background of an ordinary movie.

    Windows of 64 frames: each pixel less its median in the window, over the darker part of
    the field; what blinks is cut off at 2.5 standard deviations, again and again until the
    mean stays. A running median over ``smooth_frames`` is then taken away, so that
    bleaching and drift of the light, which localizers follow on their own, stay.

    Parameters
    ----------
    movie
        Any movie; it is read once.
    frames
        ``(start, stop)``; the whole movie by default.
    smooth_frames
        Slower changes stay in the movie.
    """
    start, stop = (0, movie.shape[0]) if frames is None else frames
    pixels = movie.shape[1] * movie.shape[2]
    random = np.random.default_rng(0)
    picked = (
        np.sort(random.choice(pixels, _MOST_PIXELS, replace=False))
        if pixels > _MOST_PIXELS
        else np.arange(pixels)
    )
    offsets, errors = [], []
    for first in range(start, stop, _FRAMES_PER_WINDOW):
        last = min(first + _FRAMES_PER_WINDOW, stop)
        values = movie.read(first, last).reshape(last - first, -1)[:, picked].astype(np.float32)
        middle = np.median(values, axis=0)
        dark = middle <= np.quantile(middle, _BACKGROUND_SHARE)
        # a median of whole numbers is one; the mean of what lies near it is not
        rest = values[:, dark] - middle[dark]
        for row in rest:
            mean, error = _cut_mean(row)
            offsets.append(mean)
            errors.append(error)
    raw = np.asarray(offsets)
    slow = median_filter(raw, size=min(smooth_frames, max(raw.size, 1)), mode="mirror")
    offset = raw - slow
    dip, dip_error = _key_frame_dip(movie, offset, start, stop)
    return FrameRhythm(offset, float(np.median(errors)), start, dip, dip_error)


def _cut_mean(values: NDArray[np.float32]) -> tuple[float, float]:
    """Mean without what lies far off, and its standard error."""
    mean = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - mean))) + 0.5
    inside = values
    for _ in range(8):
        inside = values[np.abs(values - mean) < _CUT * deviation]
        if inside.size < 8:
            return mean, deviation
        updated = float(inside.mean())
        deviation = float(inside.std()) / np.sqrt(0.91125) + 1e-6
        if abs(updated - mean) < 1e-4 * deviation:
            mean = updated
            break
        mean = updated
    return mean, float(deviation / np.sqrt(inside.size))


def _key_frame_dip(
    movie: Movie, offset: NDArray[np.float64], start: int, stop: int
) -> tuple[float | None, float | None]:
    if movie.codec is None:
        return None, None
    keys = movie.codec.key_frames[start:stop]
    if keys.sum() < 2 or keys.all():
        return None, None
    on, off = offset[keys], offset[~keys]
    error = np.hypot(on.std(ddof=1) / np.sqrt(on.size), off.std(ddof=1) / np.sqrt(off.size))
    return float(on.mean() - off.mean()), float(error)


class RhythmCorrectedMovie(Movie):
    """A movie from which the rhythm of its frames is taken away while it is read.

    Frames become float32; codec facts, sizes and times are those of the movie inside.

    Parameters
    ----------
    movie
        As recorded; stays open as long as this is used.
    rhythm
        Its own, from `measure_rhythm`. Frames outside of it are left as they are.
    """

    def __init__(self, movie: Movie, rhythm: FrameRhythm) -> None:
        self._movie = movie
        self._rhythm = rhythm
        self.path = movie.path
        self.shape = movie.shape
        self.dtype = np.dtype(np.float32)
        self.bit_depth = movie.bit_depth
        self.format_name = movie.format_name
        self.pixel_size_nm = movie.pixel_size_nm
        self.timestamps_s = movie.timestamps_s
        self.codec = movie.codec
        self.notices = movie.notices

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive), corrected; see `Movie.read_chunk`."""
        chunk = self._movie.read_chunk(start, stop)
        places = np.arange(start, stop) - self._rhythm.first_frame
        known = (places >= 0) & (places < self._rhythm.offset_adu.size)
        offset = np.zeros(stop - start)
        offset[known] = self._rhythm.offset_adu[places[known]]
        frames = chunk.frames.astype(np.float32) - offset[:, None, None].astype(np.float32)
        return FrameChunk(chunk.start, frames, chunk.coding)

    def fingerprint(self) -> str:
        """That of the movie inside: the correction follows from it."""
        return self._movie.fingerprint()

    def close(self) -> None:
        """Close the movie inside."""
        self._movie.close()
