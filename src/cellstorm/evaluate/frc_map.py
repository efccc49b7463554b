"""Where in the field the resolution is better and where worse: Fourier ring correlation by tile."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.evaluate.frc import curves_of, downward, frc, groups_of, is_beyond_chance
from cellstorm.evaluate.frc_curve import smoothed, threshold_curve
from cellstorm.evaluate.frc_options import FrcOptions, smoothing_span
from cellstorm.evaluate.frc_sums import TileListener, Tiling, localizations_of_tiles, sums_of_tiles
from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import FieldNm, field_of_table
from cellstorm.localizations import Localizations

__all__ = ["FrcMap", "frc_map"]

_LEAST_IN_TILE = 200
_LEAST_TILE_RESOLUTIONS = 10.0
_TILE_RESOLUTIONS = 25.0


@dataclass(frozen=True, eq=False)
class FrcMap:
    """Local resolution.

    Attributes
    ----------
    resolution_nm
        ``(rows, columns)``; NaN where there are too few molecules to tell.
    localizations
        ``(rows, columns)``.
    origin_nm, tile_nm
        ``(x, y)`` of the first tile's outer corner, and of a tile's edges.
    whole_nm
        Resolution of the whole field.
    median_nm, best_nm, worst_nm
        Of the tiles that tell: the middle, and the 10 % and 90 % quantiles.
    """

    resolution_nm: NDArray[np.float64]
    localizations: NDArray[np.int64]
    origin_nm: tuple[float, float]
    tile_nm: tuple[float, float]
    whole_nm: float
    median_nm: float
    best_nm: float
    worst_nm: float

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        told = int(np.isfinite(self.resolution_nm).sum())
        return (
            f"{self.median_nm:.0f} nm in the middle one of {told} tiles, from"
            f" {self.best_nm:.0f} to {self.worst_nm:.0f} nm;"
            f" {self.resolution_nm.size - told} tiles have too few molecules to tell"
        )

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "reading": self.reading})
        return result


def frc_map(
    table: Localizations,
    options: FrcOptions | None = None,
    *,
    tile_nm: float | None = None,
    field_nm: FieldNm | None = None,
    on_tile: TileListener | None = None,
) -> FrcMap:
    """`frc` in tiles of the field.

    A tile has few values in a ring, so that one tile's figure scatters by tenths of itself:
    look at the map, not at a tile.

    Parameters
    ----------
    table, options, field_nm, on_tile
        As for `frc`; ``tile_px`` counts for the whole field only.
    tile_nm
        Edge of a tile; 25 times the resolution of the whole when None.

    Raises
    ------
    TableError
        As `frc`; or no tile tells.
    ValueError
        ``tile_nm`` is under ten times the resolution of the whole.
    """
    options = FrcOptions() if options is None else options
    field_nm = field_of_table(table) if field_nm is None else field_nm
    whole = frc(table, options, field_nm=field_nm, on_tile=on_tile)
    tile_nm = _TILE_RESOLUTIONS * whole.resolution_nm if tile_nm is None else tile_nm
    if not tile_nm >= _LEAST_TILE_RESOLUTIONS * whole.resolution_nm:
        raise ValueError(
            f"tile_nm is {tile_nm:g}, it must be ten times the resolution"
            f" ({whole.resolution_nm:.0f} nm) or more"
        )
    tiling = Tiling.of(field_nm, whole.pixel_nm, tile_nm)
    resolution = np.full((tiling.rows, tiling.columns), math.nan)
    x_nm, y_nm = table.column("x_nm"), table.column("y_nm")
    localizations = localizations_of_tiles(x_nm, y_nm, tiling)
    groups, _, _ = groups_of(table, options)
    tiles = sums_of_tiles(x_nm, y_nm, groups, tiling, fewest=_LEAST_IN_TILE, on_tile=on_tile)
    for row, column, sums in tiles:
        curve, left_out = curves_of(sums, options.split)
        smooth = smoothed(curve, smoothing_span(options, curve.size))
        threshold = threshold_curve(options.threshold, sums.pixels)
        found = downward(sums.frequency_per_nm, smooth, threshold)
        if found.size and is_beyond_chance(sums.frequency_per_nm, curve, left_out, found[0]):
            resolution[row, column] = 1.0 / found[0]
    told = resolution[np.isfinite(resolution)]
    if not told.size:
        raise TableError(
            f"no tile of {tile_nm:.0f} nm has molecules enough to tell its resolution.",
            todo="Take larger tiles.",
        )
    best, median, worst = np.quantile(told, (0.1, 0.5, 0.9)).tolist()
    return FrcMap(
        resolution_nm=resolution,
        localizations=localizations,
        origin_nm=tiling.corner_nm,
        tile_nm=tiling.edge_nm,
        whole_nm=whole.resolution_nm,
        median_nm=median,
        best_nm=best,
        worst_nm=worst,
    )
