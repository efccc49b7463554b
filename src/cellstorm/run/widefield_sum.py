"""The sum of all frames so far, kept beside the parts it goes with."""

import contextlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellstorm.atomic_file import atomic_file
from cellstorm.movie import Movie
from cellstorm.render import Picture, widefield_equivalent
from cellstorm.run.plan import Plan

__all__ = ["WidefieldSum"]


class WidefieldSum:
    """What an ordinary microscope would have shown, summed while localizing.

    Reading the movie once more at the end would cost as much as decoding it. The sum is
    saved under the number of chunks in it before their part is written, so that it never
    disagrees with the parts; if it is lost, those frames are read again.
    """

    def __init__(self, movie: Movie, plan: Plan, folder: Path) -> None:
        self._movie = movie
        self._plan = plan
        self._folder = folder
        x0, x1, y0, y1 = plan.request.region
        self._sum: NDArray[np.float64] = np.zeros((y1 - y0, x1 - x0))

    def add(self, light: NDArray[np.float64]) -> None:
        """Add the sum of a chunk, ``(height, width)`` ADU."""
        self._sum += light

    def save(self, chunks: int) -> None:
        """Keep the sum of the first ``chunks`` chunks.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        with atomic_file(self._path(chunks)) as temporary:
            np.save(temporary, self._sum, allow_pickle=False)

    def forget_all_but(self, chunks: int) -> None:
        """Remove earlier sums, once the part that goes with this one is there."""
        for path in self._folder.glob("widefield-*.npy"):
            if path != self._path(chunks):
                path.unlink(missing_ok=True)

    def take_up(self, chunks: int) -> None:
        """Go on from the sum of the first ``chunks`` chunks."""
        with contextlib.suppress(OSError, ValueError, EOFError):
            stored = np.load(self._path(chunks), allow_pickle=False)
            if stored.shape == self._sum.shape:
                self._sum = stored.astype(np.float64)
                return
        first = self._plan.request.frames[0]
        last = (*self._plan.chunk_starts, self._plan.request.frames[1])[chunks]
        again = widefield_equivalent(
            self._movie, (first, last), "sum", region=self._plan.request.region
        )
        self._sum = again.values.astype(np.float64)

    def picture(self) -> Picture:
        """The mean of all frames."""
        x0, _, y0, _ = self._plan.request.region
        size_nm = self._plan.pixel_size_nm
        return Picture(
            values=(self._sum / self._plan.frames_total).astype(np.float32),
            pixel_nm=size_nm,
            origin_nm=(x0 * size_nm, y0 * size_nm),
            label=f"mean of {self._plan.frames_total} frames of {self._plan.movie_name}",
        )

    def _path(self, chunks: int) -> Path:
        return self._folder / f"widefield-{chunks:08d}.npy"
