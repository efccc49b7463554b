"""Molecules as single pixels of a grid finer than the frame."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["rasterised"]


def rasterised(
    x_px: NDArray[np.floating],
    y_px: NDArray[np.floating],
    photons: NDArray[np.floating],
    *,
    shape_px: tuple[int, int],
    factor: int,
) -> NDArray[np.float64]:
    """The light of molecules in the fine pixels that they lie in.

    Position (0, 0) is the outer corner of the frame and of its fine grid, so that fine pixel
    j covers ``j / factor`` to ``(j + 1) / factor`` and its centre stands for what lies in it
    without a shift, on average over where in it that is. (Rounding to the nearest corner,
    as in the authors' code, puts everything half a fine pixel off.)

    Parameters
    ----------
    x_px, y_px
        ``(molecules,)`` from the frame's outer corner, px; those outside are left out.
    photons
        ``(molecules,)`` their light; molecules in one fine pixel add up.
    shape_px
        Height and width of the frame.
    factor
        Fine pixels along one of the frame.

    Returns
    -------
    NDArray[np.float64]
        ``(factor height, factor width)`` photons.
    """
    height, width = factor * shape_px[0], factor * shape_px[1]
    column = np.floor(np.asarray(x_px, np.float64) * factor).astype(np.int64)
    row = np.floor(np.asarray(y_px, np.float64) * factor).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    light = np.zeros((height, width))
    np.add.at(light, (row[inside], column[inside]), np.asarray(photons, np.float64)[inside])
    return light
