"""The pixels of a picture: where they lie in the field and how many there are."""

import math
from dataclasses import dataclass

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import Localizations

__all__ = ["DEFAULT_PIXEL_NM", "Grid", "RegionNm", "field_of", "grid_for", "molecules_inside"]

RegionNm = tuple[float, float, float, float]
"""``(x0, x1, y0, y1)`` in nanometres from the movie's outer corner."""

DEFAULT_PIXEL_NM = 10.0
# A last pixel that the field covers by less than this is rounding, not field.
_SLACK_PX = 1e-6
_MARGIN_NM = 1.0
# 17 cm at 10 nm, and 256 GiB of float32: beyond is a slip in a unit, not a picture.
_MOST_PIXELS_ALONG = 2**24
_MOST_PIXELS = 2**36
_SMALLER = "Take larger pixels or a smaller region; both are given in nm."


@dataclass(frozen=True)
class Grid:
    """``height_px`` x ``width_px`` square pixels of ``pixel_nm`` from ``origin_nm``.

    ``origin_nm`` is ``(x, y)`` of the outer corner of the first pixel.
    """

    origin_nm: tuple[float, float]
    pixel_nm: float
    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width_px * self.height_px


def field_of(localizations: Localizations) -> RegionNm:
    """The field that the molecules were looked for in.

    The region analysed or the whole movie where the metadata tells; otherwise what the
    molecules span and a nanometre more, for the outermost to lie inside.
    """
    metadata = localizations.metadata
    pixel_nm = metadata.pixel_size_nm
    if pixel_nm is not None:
        if metadata.region is not None:
            x0, x1, y0, y1 = metadata.region
            return x0 * pixel_nm, x1 * pixel_nm, y0 * pixel_nm, y1 * pixel_nm
        if metadata.movie is not None and metadata.movie.shape is not None:
            _, height, width = metadata.movie.shape
            return 0.0, width * pixel_nm, 0.0, height * pixel_nm
    if len(localizations) == 0:
        raise ConfigurationError(
            "the table is empty and does not say how large its movie was:"
            " there is nothing to draw.",
            todo="Give the region to draw.",
        )
    x_nm, y_nm = localizations.column("x_nm"), localizations.column("y_nm")
    return (
        float(x_nm.min()) - _MARGIN_NM,
        float(x_nm.max()) + _MARGIN_NM,
        float(y_nm.min()) - _MARGIN_NM,
        float(y_nm.max()) + _MARGIN_NM,
    )


def grid_for(
    localizations: Localizations,
    *,
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
) -> Grid:
    """Pixels for a picture of the table.

    Parameters
    ----------
    localizations
        Gives the field when no region is asked for, and the movie's pixel size.
    pixel_nm
        Edge of a pixel; default 10 nm.
    magnification
        Instead: pixels of the picture along one pixel of the movie.
    region_nm
        ``(x0, x1, y0, y1)``; default all of the field.

    Raises
    ------
    ConfigurationError
        Both or senseless sizes are given, or the movie's pixel size is needed and not
        known.
    """
    pixel_nm = _pixel_nm(localizations, pixel_nm, magnification)
    if region_nm is not None:
        x0, x1, y0, y1 = region_nm
        if not (all(map(math.isfinite, region_nm)) and x1 > x0 and y1 > y0):
            raise ConfigurationError(
                f"the region {region_nm} is empty: x0 < x1 and y0 < y1 are needed, in nm."
            )
        _refuse_outside(localizations, region_nm)
        origin, width_nm, height_nm = (x0, y0), x1 - x0, y1 - y0
    else:
        x0, x1, y0, y1 = field_of(localizations)
        # On whole pixels from the movie's corner: pictures of one movie lie on one grid.
        origin = (math.floor(x0 / pixel_nm) * pixel_nm, math.floor(y0 / pixel_nm) * pixel_nm)
        width_nm, height_nm = x1 - origin[0], y1 - origin[1]
    grid = Grid(
        origin_nm=origin,
        pixel_nm=pixel_nm,
        width_px=_count(width_nm, pixel_nm),
        height_px=_count(height_nm, pixel_nm),
    )
    if grid.pixels > _MOST_PIXELS:
        raise ConfigurationError(
            f"the picture would have {grid.width_px} x {grid.height_px} pixels"
            f" of {pixel_nm:g} nm, more than any disk holds.",
            todo=_SMALLER,
        )
    return grid


def molecules_inside(localizations: Localizations, grid: Grid) -> int:
    """How many molecules lie on the picture (others may still shine into it)."""
    inside = [
        (place >= corner) & (place < corner + size * grid.pixel_nm)
        for place, corner, size in (
            (localizations.column("x_nm"), grid.origin_nm[0], grid.width_px),
            (localizations.column("y_nm"), grid.origin_nm[1], grid.height_px),
        )
    ]
    return int((inside[0] & inside[1]).sum())


def _refuse_outside(localizations: Localizations, region_nm: RegionNm) -> None:
    try:
        field = field_of(localizations)
    except ConfigurationError:
        # an empty table that does not know its field: every region is as good
        return
    if (
        region_nm[0] >= field[1]
        or region_nm[1] <= field[0]
        or region_nm[2] >= field[3]
        or region_nm[3] <= field[2]
    ):
        asked, there = (f"{x0:g}:{x1:g},{y0:g}:{y1:g}" for x0, x1, y0, y1 in (region_nm, field))
        raise ConfigurationError(
            f"the region {asked} nm lies outside the field, which is {there} nm.",
            todo="Give a part of the field, in nm from the movie's corner.",
        )


def _pixel_nm(
    localizations: Localizations, pixel_nm: float | None, magnification: float | None
) -> float:
    if pixel_nm is not None and magnification is not None:
        raise ConfigurationError("give the pixel size of the picture or a magnification, not both.")
    for name, value in (("pixel size", pixel_nm), ("magnification", magnification)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ConfigurationError(f"the {name} of the picture must be above 0 (given: {value}).")
    if magnification is not None:
        if localizations.metadata.pixel_size_nm is None:
            raise ConfigurationError(
                "a magnification needs the movie's pixel size, which the table does not say.",
                todo="Give the pixel size of the picture in nm instead.",
            )
        return localizations.metadata.pixel_size_nm / magnification
    return DEFAULT_PIXEL_NM if pixel_nm is None else pixel_nm


def _count(length_nm: float, pixel_nm: float) -> int:
    count = max(1, math.ceil(length_nm / pixel_nm - _SLACK_PX))
    if count > _MOST_PIXELS_ALONG:
        raise ConfigurationError(
            f"the picture would be {count} pixels of {pixel_nm:g} nm long.", todo=_SMALLER
        )
    return count
