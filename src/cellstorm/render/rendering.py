"""From a table to a picture, in one piece or in tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import Localizations
from cellstorm.render.drawing import Drawing, Weighting
from cellstorm.render.grid import Grid, RegionNm, grid_for, molecules_inside
from cellstorm.render.modes import RenderMode, mode_named
from cellstorm.render.picture import Picture

__all__ = ["MOST_PIXELS_IN_MEMORY", "Tile", "render", "render_tiles"]

MOST_PIXELS_IN_MEMORY = 2**28
"""Largest picture drawn in one piece: 1 GiB of float32."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A rectangle of a picture.

    Attributes
    ----------
    row, column
        Of its first pixel in the picture.
    values
        ``(height, width)`` float32.
    """

    row: int
    column: int
    values: NDArray[np.float32]


def render(
    localizations: Localizations,
    *,
    mode: RenderMode | str = "gaussian",
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
    weighting: Weighting = "molecules",
    threads: int | None = None,
) -> Picture:
    """Draw a table.

    The values of the picture add up to the number of molecules in it (or to their
    photons); what a molecule at the border spreads over it is not drawn.

    Parameters
    ----------
    localizations
        The table.
    mode
        A mode with its options or the name of one: ``"gaussian"``, ``"histogram"``,
        ``"shifted-histogram"``, ``"jittered"``.
    pixel_nm
        Edge of a pixel of the picture, 10 nm when not given.
    magnification
        Instead of it: pixels of the picture along one of the movie.
    region_nm
        ``(x0, x1, y0, y1)``; all of the field when not given.
    weighting
        Each molecule counts as one, or as its photons.
    threads
        Threads to draw with; all cores when not given.

    Raises
    ------
    ConfigurationError
        The options do not fit the table, or the picture is too large for the memory;
        the message says what to do.
    """
    grid = grid_for(
        localizations, pixel_nm=pixel_nm, magnification=magnification, region_nm=region_nm
    )
    refuse_too_large(grid)
    mode = mode_named(mode) if isinstance(mode, str) else mode
    drawing = Drawing.of(localizations, grid, mode, weighting=weighting)
    return Picture(
        values=drawing.whole(threads=threads),
        pixel_nm=grid.pixel_nm,
        origin_nm=grid.origin_nm,
        label=f"{molecules_inside(localizations, grid)} localizations, {mode.kind}",
    )


def render_tiles(
    localizations: Localizations,
    *,
    tile_px: int = 512,
    mode: RenderMode | str = "gaussian",
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
    weighting: Weighting = "molecules",
) -> Iterator[Tile]:
    """Draw a table of any size of field, a tile at a time, row of tiles after row of tiles.

    Put together, the tiles equal `render`'s picture. Memory is that of the table and of
    one row of tiles.

    Parameters
    ----------
    localizations, mode, pixel_nm, magnification, region_nm, weighting
        As in `render`.
    tile_px
        Edge of a tile; those on the right and at the bottom may be smaller.
    """
    grid = grid_for(
        localizations, pixel_nm=pixel_nm, magnification=magnification, region_nm=region_nm
    )
    mode = mode_named(mode) if isinstance(mode, str) else mode
    drawing = Drawing.of(localizations, grid, mode, weighting=weighting)
    for row, band in drawing.bands(tile_px):
        for column in range(0, grid.width_px, tile_px):
            yield Tile(row, column, band[:, column : column + tile_px])


def refuse_too_large(grid: Grid) -> None:
    """Raise `ConfigurationError` when the grid's picture would not fit in memory."""
    if grid.pixels > MOST_PIXELS_IN_MEMORY:
        raise ConfigurationError(
            f"the picture would have {grid.width_px} x {grid.height_px} pixels"
            f" ({grid.pixels * 4 / 2**30:.1f} GiB), too many for one piece.",
            todo="Save it as .tif (written tile by tile), or take larger pixels or a region.",
        )
