"""A few frames of a movie, where most changes, to decide by how the whole is localized."""

import math
from dataclasses import dataclass

import numpy as np

from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.movie import FrameChunk, Movie

__all__ = ["MovieSample", "sample_movie"]

_TILE_PX = 256
_LEAST_FRAMES = 8
_MOST_BLOCKS = 8
# a blink is followed to the next frame, and compared with frames far away
_FRAMES_PER_BLOCK = 4


@dataclass(frozen=True)
class MovieSample:
    """Runs of frames spread over a movie, and the part of the field to look at."""

    region: Region
    """x0, x1, y0, y1 of the frames in ``chunks``, px."""
    places: list[FrameRange]
    """First and last (exclusive) frame of every run."""
    chunks: list[FrameChunk]
    """Of every run, with neighbours as far as the movie has them."""
    tile: Region
    """x0, x1, y0, y1 of where most changes, px."""

    def cut(self, chunk: FrameChunk) -> FrameChunk:
        """The tile of one of the chunks."""
        left, top = self.tile[0] - self.region[0], self.tile[2] - self.region[2]
        width, height = self.tile[1] - self.tile[0], self.tile[3] - self.tile[2]
        shown = chunk.frames[:, top : top + height, left : left + width]
        return FrameChunk(chunk.start, np.ascontiguousarray(shown), chunk.coding)

    @property
    def pixels(self) -> int:
        """Of all runs without neighbours, in the tile."""
        x0, x1, y0, y1 = self.tile
        return sum(last - first for first, last in self.places) * (x1 - x0) * (y1 - y0)


def sample_movie(
    movie: Movie,
    region: Region,
    frames: FrameRange,
    *,
    most_pixels: int,
    reach_frames: int = 0,
) -> MovieSample:
    """Runs of frames spread over the movie, and the liveliest part of its field.

    Parameters
    ----------
    movie
        Where they are from.
    region
        x0, x1, y0, y1 of what is localized, px.
    frames
        First and last (exclusive) frame to look at.
    most_pixels
        Of all frames in the tile, about.
    reach_frames
        Neighbours before and after each run that are read as well.

    Returns
    -------
    MovieSample
        The same for the same movie, always.

    Raises
    ------
    MovieError
        The movie cannot be read.
    """
    start, stop = frames
    x0, x1, y0, y1 = region
    edge = min(_TILE_PX, math.isqrt(most_pixels // _LEAST_FRAMES))
    width, height = min(edge, x1 - x0), min(edge, y1 - y0)
    count = min(stop - start, max(2, most_pixels // (width * height)))
    number = max(1, min(_MOST_BLOCKS, count // _FRAMES_PER_BLOCK))
    length = count // number
    firsts = np.linspace(start, stop - length, number).astype(int).tolist()
    places = [(first, first + length) for first in firsts]
    chunks = []
    for first, last in places:
        chunk = movie.read_chunk(max(start, first - reach_frames), min(stop, last + reach_frames))
        shown = np.ascontiguousarray(chunk.frames[:, y0:y1, x0:x1])
        chunks.append(FrameChunk(chunk.start, shown, chunk.coding))
    return MovieSample(region, places, chunks, _liveliest(chunks, region, width, height))


def _liveliest(chunks: list[FrameChunk], region: Region, width: int, height: int) -> Region:
    """The tile in which most changes from frame to frame."""
    x0, x1, y0, y1 = region
    best, place = -1.0, (x0, y0)
    change = np.zeros((y1 - y0, x1 - x0), np.float32)
    for chunk in chunks:
        # the first and last of a few frames: molecules have changed, haze has not
        one, other = (chunk.frames[i].astype(np.float32) for i in (0, -1))
        change += np.abs(one - other)
    for top in _starts(y1 - y0, height):
        for left in _starts(x1 - x0, width):
            seen = float(change[top : top + height, left : left + width].mean())
            if seen > best:
                best, place = seen, (x0 + left, y0 + top)
    return place[0], place[0] + width, place[1], place[1] + height


def _starts(size: int, tile: int) -> list[int]:
    return [int(start) for start in np.linspace(0, size - tile, math.ceil(size / tile))]
