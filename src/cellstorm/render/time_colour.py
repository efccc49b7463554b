"""Time as hue: when each molecule was seen, and how many there were as brightness."""

from dataclasses import replace

import numpy as np
import polars as pl

from cellstorm.localizations import Localizations
from cellstorm.render.colour_maps import time_hues
from cellstorm.render.drawing import Drawing
from cellstorm.render.grid import RegionNm, grid_for, molecules_inside
from cellstorm.render.modes import RenderMode, mode_named
from cellstorm.render.picture import Picture, TimeLegend
from cellstorm.render.rendering import refuse_too_large

__all__ = ["time_coloured"]


def time_coloured(
    localizations: Localizations,
    *,
    mode: RenderMode | str = "gaussian",
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
    frames: tuple[int, int] | None = None,
    threads: int | None = None,
) -> Picture:
    """Draw a table with early molecules violet and late ones red.

    Where molecules of different times lie together their hues mix, towards white. Drift
    shows as a rainbow across every structure.

    Parameters
    ----------
    localizations, mode, pixel_nm, magnification, region_nm, threads
        As in `render`.
    frames
        First and last (exclusive) frame of the hues; molecules outside are not drawn.
        Default: the frames analysed, or those with molecules.

    Raises
    ------
    ConfigurationError
        As in `render`.
    """
    metadata = localizations.metadata
    first, stop = frames or metadata.frames or _frames_with_molecules(localizations)
    grid = grid_for(
        localizations, pixel_nm=pixel_nm, magnification=magnification, region_nm=region_nm
    )
    refuse_too_large(replace(grid, width_px=3 * grid.width_px))
    inside = replace(
        localizations,
        data=localizations.data.filter(pl.col("frame").is_between(first, stop, closed="left")),
    )
    mode = mode_named(mode) if isinstance(mode, str) else mode
    drawing = Drawing.of(inside, grid, mode)
    table = time_hues()
    frame = inside.column("frame").astype(np.float64)[drawing.numbers]
    share = (frame - first) / max(1, stop - 1 - first)
    hues = table[np.rint(share * (len(table) - 1)).astype(np.intp)]
    values = np.empty((grid.height_px, grid.width_px, 3), dtype=np.float32)
    for channel in range(3):
        weighted = drawing.with_weights(np.ascontiguousarray(hues[:, channel]))
        values[..., channel] = weighted.whole(threads=threads)
    rate_hz = metadata.movie.frame_rate_hz if metadata.movie is not None else None
    return Picture(
        values=values,
        pixel_nm=grid.pixel_nm,
        origin_nm=grid.origin_nm,
        label=f"{molecules_inside(inside, grid)} localizations, {mode.kind}, coloured by time",
        legend=TimeLegend(first, stop - 1, rate_hz),
    )


def _frames_with_molecules(localizations: Localizations) -> tuple[int, int]:
    frame = localizations.column("frame")
    if frame.size == 0:
        return 0, 1
    return int(frame.min()), int(frame.max()) + 1
