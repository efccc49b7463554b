"""The picture that grows during a run, and the one beside the finished table."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.localizations import Localizations, scan_table
from cellstorm.localize.localizer import Region
from cellstorm.render import (
    DEFAULT_PIXEL_NM,
    GaussianMode,
    HistogramMode,
    Picture,
    RenderMode,
    render,
    save_picture,
    side_by_side,
)

__all__ = ["LivePicture", "write_final_picture"]

_SECONDS_BETWEEN = 3.0
_SHARE_OF_TIME = 0.05
_LONGEST_SIDE_PX = 1024
_MAGNIFICATION = 5

# The sheet shows 720 pixels a panel and a close-up; more pixels than these would only cost
# memory (drawing and looking for the close-up take about ten times the picture's own).
_MOST_PIXELS = 6_000_000
_ROWS_AT_ONCE = 2_000_000
_SHEET_PANEL_PX = 720
_WIDEST_NM = 100.0
_SPARSE_PER_PANEL_PX = 0.02
_DRAWN_COLUMNS = ("frame", "x_nm", "y_nm", "uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm")


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
        """Write the picture if the last one is old enough.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        now = time.monotonic()
        if now - self._last < self._wait:
            return
        save_picture(
            Picture(self._counts, self._pixel_nm, self._corner_nm, label="so far"), self._path
        )
        self._last = time.monotonic()
        # a large field must not spend its time on pictures
        self._wait = max(_SECONDS_BETWEEN, (self._last - now) / _SHARE_OF_TIME)

    def _index(
        self, position_nm: NDArray[np.float64], corner_nm: float, size: int
    ) -> NDArray[np.int64]:
        place = ((position_nm - corner_nm) / self._pixel_nm).astype(np.int64)
        return np.clip(place, 0, size - 1)


def write_final_picture(table: Path, widefield: Picture, path: Path) -> None:
    """Widefield-equivalent and super-resolved picture side by side.

    The table is drawn a part at a time: memory does not grow with its rows.

    Parameters
    ----------
    table
        Finished, Parquet.
    widefield
        Mean of the frames of the same field, with its pixel size.
    path
        Ends in ``.png``.

    Raises
    ------
    OutputError
        The picture cannot be written.
    """
    height, width = widefield.shape
    pixel_size_nm = widefield.pixel_nm or 1.0
    x_nm, y_nm = widefield.origin_nm
    field_nm = (x_nm, x_nm + width * pixel_size_nm, y_nm, y_nm + height * pixel_size_nm)
    area_nm2 = width * height * pixel_size_nm**2
    pixel_nm = min(max(DEFAULT_PIXEL_NM, (area_nm2 / _MOST_PIXELS) ** 0.5), pixel_size_nm)
    rows, metadata = scan_table(table)
    names = [name for name in _DRAWN_COLUMNS if name in rows.collect_schema()]
    mode: RenderMode = HistogramMode()
    if any(name.startswith("uncertainty") for name in names):
        count = int(rows.select(pl.len()).collect(engine="streaming").item())
        least_nm = _least_width_nm(count, width * pixel_size_nm, height * pixel_size_nm)
        mode = GaussianMode(min_width_nm=least_nm, max_width_nm=max(_WIDEST_NM, least_nm))
    drawn: Picture | None = None
    first = 0
    while True:
        some = rows.select(names).slice(first, _ROWS_AT_ONCE).collect(engine="streaming")
        if drawn is not None and some.is_empty():
            break
        part = render(
            Localizations(some, metadata), mode=mode, pixel_nm=pixel_nm, region_nm=field_nm
        )
        drawn = part if drawn is None else replace(drawn, values=drawn.values + part.values)
        first += some.height
        if some.height < _ROWS_AT_ONCE:
            break
    side_by_side(widefield, drawn, path)


def _least_width_nm(molecules: int, width_nm: float, height_nm: float) -> float:
    """Narrowest molecule that can be seen on the sheet where they stand far apart."""
    panel_px_nm = width_nm / _SHEET_PANEL_PX
    panel_area_px = width_nm * height_nm / panel_px_nm**2
    sparse = molecules < _SPARSE_PER_PANEL_PX * panel_area_px
    return max(1.0, 0.8 * panel_px_nm) if sparse else 1.0
