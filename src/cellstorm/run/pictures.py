"""The picture that grows during a run, and the one beside the finished table."""

import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.localize.localizer import Region
from cellstorm.movie import Movie
from cellstorm.run.plan import Plan

__all__ = ["LivePicture", "write_final_picture"]

_SECONDS_BETWEEN = 3.0
_SHARE_OF_TIME = 0.05
_LONGEST_SIDE_PX = 1024
_MAGNIFICATION = 5


class LivePicture:
    """A histogram of what has been found so far, written every few seconds."""

    def __init__(self, path: Path, region: Region, pixel_size_nm: float) -> None:
        x0, x1, y0, y1 = region
        width, height = x1 - x0, y1 - y0
        fine = min(_MAGNIFICATION, _LONGEST_SIDE_PX / max(width, height))
        self._path = path
        self._pixel_nm = pixel_size_nm / fine
        self._corner_nm = (x0 * pixel_size_nm, y0 * pixel_size_nm)
        self._counts = np.zeros(
            (max(1, round(height * fine)), max(1, round(width * fine))), dtype=np.float32
        )
        self._last = time.monotonic()
        self._wait = _SECONDS_BETWEEN

    def add(self, rows: pl.DataFrame) -> None:
        """Count the molecules of some rows."""
        height, width = self._counts.shape
        columns = self._index(rows["x_nm"].to_numpy(), self._corner_nm[0], width)
        lines = self._index(rows["y_nm"].to_numpy(), self._corner_nm[1], height)
        flat = np.bincount(lines * width + columns, minlength=height * width)
        self._counts += flat.reshape(height, width)

    def refresh(self) -> None:
        """Write the picture if the last one is old enough."""
        now = time.monotonic()
        if now - self._last < self._wait:
            return
        self._write()
        self._last = time.monotonic()
        # a large field must not spend its time on pictures
        self._wait = max(_SECONDS_BETWEEN, (self._last - now) / _SHARE_OF_TIME)

    def _index(
        self, position_nm: NDArray[np.float64], corner_nm: float, size: int
    ) -> NDArray[np.int64]:
        place = ((position_nm - corner_nm) / self._pixel_nm).astype(np.int64)
        return np.clip(place, 0, size - 1)

    def _write(self) -> None:
        return


def write_final_picture(movie: Movie, table: Path, plan: Plan, path: Path) -> None:
    """Widefield-equivalent and super-resolved picture side by side."""
    return
