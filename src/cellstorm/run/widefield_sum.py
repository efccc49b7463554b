"""The sum of all frames so far, kept beside the parts it goes with."""

from pathlib import Path

import numpy as np

from cellstorm.movie import Movie
from cellstorm.render import Picture, widefield_equivalent
from cellstorm.run.kept_sum import KeptSum
from cellstorm.run.plan import Plan

__all__ = ["WidefieldSum"]


class WidefieldSum(KeptSum):
    """What an ordinary microscope would have shown, summed while localizing, in ADU.

    Reading the movie once more at the end would cost as much as decoding it. If the sum is
    lost, those frames are read again.
    """

    def __init__(self, movie: Movie, plan: Plan, folder: Path) -> None:
        x0, x1, y0, y1 = plan.request.region
        super().__init__(folder, "widefield", (y1 - y0, x1 - x0))
        self._movie = movie
        self._plan = plan

    def take_up(self, chunks: int) -> None:
        """Go on from the sum of the first ``chunks`` chunks."""
        if self.restored(chunks):
            return
        first = self._plan.request.frames[0]
        last = (*self._plan.chunk_starts, self._plan.request.frames[1])[chunks]
        again = widefield_equivalent(
            self._movie, (first, last), "sum", region=self._plan.request.region
        )
        self.values = again.values.astype(np.float64)

    def picture(self) -> Picture:
        """The mean of all frames."""
        x0, _, y0, _ = self._plan.request.region
        size_nm = self._plan.pixel_size_nm
        return Picture(
            values=(self.values / self._plan.frames_total).astype(np.float32),
            pixel_nm=size_nm,
            origin_nm=(x0 * size_nm, y0 * size_nm),
            label=f"mean of {self._plan.frames_total} frames of {self._plan.movie_name}",
        )
