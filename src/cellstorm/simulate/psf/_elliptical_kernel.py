"""Numba kernel: add pixel-integrated elliptical Gaussian spots to a stack of expected images."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_elliptical_spots"]


@njit(nogil=True, cache=True)
def add_elliptical_spots(
    frame: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    photons: NDArray[np.float64],
    sigma_x_px: NDArray[np.float64],
    sigma_y_px: NDArray[np.float64],
    images: NDArray[np.float32],
) -> None:
    """Add one spot per row to ``images``, in place.

    Each axis is the integral of a Gaussian over the pixel (Smith et al. 2010, eq. 4), with
    a width of its own per spot. Spots are cut at five standard deviations (6e-7 of the
    light).

    Parameters
    ----------
    frame
        ``(n,)`` index into the first axis of ``images``.
    x_px, y_px
        ``(n,)`` positions, px, from the outer corner of pixel (0, 0).
    photons
        ``(n,)`` light of the whole spot.
    sigma_x_px, sigma_y_px
        ``(n,)`` standard deviations, px.
    images
        ``(frames, height, width)`` expected photons per pixel.
    """
    height = images.shape[1]
    width = images.shape[2]
    weights_x = np.empty(width)
    for row in range(frame.size):
        reach_x = math.ceil(5.0 * sigma_x_px[row])
        reach_y = math.ceil(5.0 * sigma_y_px[row])
        left = max(math.floor(x_px[row]) - reach_x, 0)
        right = min(math.floor(x_px[row]) + reach_x + 1, width)
        top = max(math.floor(y_px[row]) - reach_y, 0)
        bottom = min(math.floor(y_px[row]) + reach_y + 1, height)
        if right <= left or bottom <= top:
            continue
        scale_x = 1.0 / (math.sqrt(2.0) * sigma_x_px[row])
        scale_y = 1.0 / (math.sqrt(2.0) * sigma_y_px[row])
        before = math.erf((left - x_px[row]) * scale_x)
        for column in range(left, right):
            after = math.erf((column + 1 - x_px[row]) * scale_x)
            weights_x[column - left] = 0.5 * (after - before)
            before = after
        before = math.erf((top - y_px[row]) * scale_y)
        for line in range(top, bottom):
            after = math.erf((line + 1 - y_px[row]) * scale_y)
            light = photons[row] * 0.5 * (after - before)
            before = after
            pixels = images[frame[row], line, left:right]
            for column in range(pixels.size):
                pixels[column] += light * weights_x[column]
