"""Which part of a field a person wants to see from near."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

from cellstorm.render import HistogramMode, Picture, RegionNm, render_rows
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["part_to_show"]

Plane = NDArray[np.float32]

_FINE_NM, _FINE_ERRORS = 50.0, 1.5
_MOST_PX = 3000
_BLOCKS = 20
# a few spots (beads, dirt) hold no more than the rest of the structure
_BRIGHTEST = 99.0


def part_to_show(
    table: TableAtHand,
    field: RegionNm,
    width_nm: float,
    height_nm: float,
    *,
    usual_error_nm: float = 0.0,
) -> RegionNm | None:
    """The rectangle of this size with the clearest lines, as two halves of the movie see them.

    The table is dealt out to two halves, every other one of twenty stretches of frames. Each
    is counted in squares, smoothed, and its root taken (which makes noise the same
    everywhere, Anscombe 1948). Where a line runs, both are bent across it and not along it,
    in the same direction: the product of these differences of curvature is summed over the
    rectangle. Noise, however dense, a haze, and round spots add nothing to it. The sum is
    divided by what there is in the rectangle and around a typical molecule: a few clear lines
    are worth more than a thicket, and than one line on empty ground.

    Parameters
    ----------
    table
        The table.
    field
        ``(x0, x1, y0, y1)`` to choose from, nm.
    width_nm, height_nm
        Of the rectangle; cut to the field's.
    usual_error_nm
        Of a position along an axis: finer structure is not looked for.

    Returns
    -------
    RegionNm or None
        Inside the field; None where the halves agree on nothing.
    """
    x0, x1, y0, y1 = field
    pixel_nm = max(0.5 * _FINE_NM, max(x1 - x0, y1 - y0) / _MOST_PX)
    first, last = (
        table.rows.select(pl.col("frame").min().alias("first"), pl.col("frame").max().alias("last"))
        .collect(engine="streaming")
        .row(0)
    )
    block = (pl.col("frame").cast(pl.Int64) - first) * _BLOCKS // (last - first + 1)
    fine_nm = max(_FINE_NM, _FINE_ERRORS * usual_error_nm)
    halves = []
    for parity in (0, 1):
        rows = table.rows.filter(block % 2 == parity)
        picture = render_rows(
            rows, table.metadata, mode=HistogramMode(), pixel_nm=pixel_nm, region_nm=field
        ).picture
        halves.append(_lines(picture, fine_nm / pixel_nm))
    (straight, slanted, much), (other_straight, other_slanted, other_much) = halves
    # positive where both halves see a line, and it runs the same way
    agreeing = straight * other_straight + slanted * other_slanted
    spots = agreeing[agreeing > 0]
    if spots.size:
        brightest = float(np.percentile(spots, _BRIGHTEST))
        agreeing = np.clip(agreeing, -brightest, brightest)
    height, width = agreeing.shape
    rows_px = min(height, max(1, round(height_nm / pixel_nm)))
    columns_px = min(width, max(1, round(width_nm / pixel_nm)))
    size = (rows_px, columns_px)
    there = np.maximum(uniform_filter(much * other_much, size=size, mode="constant"), 0.0)
    # around a typical molecule, not in the typical (empty) place
    usual = float(np.square(there, dtype=np.float64).sum() / max(float(there.sum()), 1e-12))
    agreement = uniform_filter(agreeing, size=size, mode="constant") / (there + max(usual, 1e-12))
    # only centres whose rectangle lies inside
    inside = agreement[
        rows_px // 2 : height - (rows_px - 1) // 2, columns_px // 2 : width - (columns_px - 1) // 2
    ]
    if not inside.max() > 0:
        return None
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    left, top = x0 + int(column) * pixel_nm, y0 + int(row) * pixel_nm
    return left, left + columns_px * pixel_nm, top, top + rows_px * pixel_nm


def _lines(picture: Picture, sigma_px: float) -> tuple[Plane, Plane, Plane]:
    """How much more the picture is bent along x than along y, along one diagonal than along the
    other, and what there is."""
    # the root of what was smoothed: of single counts it would be the counts again
    root: Plane = np.sqrt(
        np.maximum(gaussian_filter(picture.values.astype(np.float32), sigma_px), 0.0)
    )
    yy, xy, xx = (
        gaussian_filter(root, sigma_px, order=order) for order in ((2, 0), (1, 1), (0, 2))
    )
    return 0.5 * (xx - yy), xy, root
