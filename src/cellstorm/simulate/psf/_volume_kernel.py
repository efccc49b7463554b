"""Numba kernel: add spots whose shape is a volume on a fine grid to expected images."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_volume_spots"]


@njit(nogil=True, cache=True)
def _spline_weights(offset: float, weights: NDArray[np.float64]) -> None:
    """Cubic B-spline weights of the four knots around a place ``offset`` past the second."""
    rest = 1.0 - offset
    weights[0] = rest * rest * rest / 6.0
    weights[1] = (4.0 - 6.0 * offset * offset + 3.0 * offset * offset * offset) / 6.0
    weights[2] = (4.0 - 6.0 * rest * rest + 3.0 * rest * rest * rest) / 6.0
    weights[3] = offset * offset * offset / 6.0


@njit(nogil=True, cache=True)
def add_volume_spots(
    frame: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    plane: NDArray[np.float64],
    photons: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    centre_x: float,
    centre_y: float,
    voxels_per_px: float,
    images: NDArray[np.float32],
) -> None:
    """Add one spot per row to ``images``, in place.

    ``coefficients`` are cubic B-spline coefficients (Unser 1999, sec. "spline fundamentals")
    of each plane's integral image: the light left of and above a voxel edge. The light in a
    pixel is the difference of that at its four corners, so the light of all pixels is that
    of the plane, whatever the phase. Between two planes it changes linearly.

    Parameters
    ----------
    frame
        ``(n,)`` index into the first axis of ``images``.
    x_px, y_px
        ``(n,)`` positions, px, from the outer corner of pixel (0, 0).
    plane
        ``(n,)`` depth as an index into the planes, from 0 to their number - 1.
    photons
        ``(n,)`` light of the whole spot.
    coefficients
        ``(planes, ny, nx)``; the outermost eight in y and x lie outside the light.
    centre_x, centre_y
        The molecule's place in the planes, in voxel edges (index into ``coefficients``).
    voxels_per_px
        Voxels along the edge of a pixel.
    images
        ``(frames, height, width)`` expected photons per pixel.
    """
    margin = 4.0
    planes, ny, nx = coefficients.shape
    height = images.shape[1]
    width = images.shape[2]
    below = (centre_x - margin) / voxels_per_px
    above = (nx - 1 - margin - centre_x) / voxels_per_px
    before = (centre_y - margin) / voxels_per_px
    after = (ny - 1 - margin - centre_y) / voxels_per_px
    knots_x = np.empty(width + 1, np.int64)
    weights_x = np.empty((width + 1, 4))
    weights_y = np.empty(4)
    line_sums = np.empty(nx)
    upper = np.empty(width + 1)
    lower = np.empty(width + 1)
    for row in range(frame.size):
        left = max(math.floor(x_px[row] - below), 0)
        right = min(math.ceil(x_px[row] + above), width)
        top = max(math.floor(y_px[row] - before), 0)
        bottom = min(math.ceil(y_px[row] + after), height)
        if right <= left or bottom <= top:
            continue
        near = min(max(math.floor(plane[row]), 0), max(planes - 2, 0))
        far = min(near + 1, planes - 1)
        share = plane[row] - near
        for column in range(left, right + 1):
            # beyond its margin the integral image stays as it is
            place = min(
                max(centre_x + (column - x_px[row]) * voxels_per_px, margin), nx - 1 - margin
            )
            knots_x[column - left] = int(place) - 1
            _spline_weights(place - math.floor(place), weights_x[column - left])
        first = knots_x[0]
        last = knots_x[right - left] + 4
        for line in range(top, bottom + 1):
            place = min(max(centre_y + (line - y_px[row]) * voxels_per_px, margin), ny - 1 - margin)
            knot = int(place) - 1
            _spline_weights(place - math.floor(place), weights_y)
            sums = line_sums[first:last]
            sums[:] = 0.0
            for step in range(4):
                weight_near = weights_y[step] * (1.0 - share)
                weight_far = weights_y[step] * share
                line_near = coefficients[near, knot + step, first:last]
                line_far = coefficients[far, knot + step, first:last]
                for voxel in range(sums.size):
                    sums[voxel] += weight_near * line_near[voxel] + weight_far * line_far[voxel]
            for column in range(right - left + 1):
                knot = knots_x[column]
                lower[column] = (
                    weights_x[column, 0] * line_sums[knot]
                    + weights_x[column, 1] * line_sums[knot + 1]
                    + weights_x[column, 2] * line_sums[knot + 2]
                    + weights_x[column, 3] * line_sums[knot + 3]
                )
            if line > top:
                for column in range(right - left):
                    light = lower[column + 1] - lower[column] - upper[column + 1] + upper[column]
                    # a spline may swing a little under zero beside a sharp step
                    images[frame[row], line - 1, left + column] += photons[row] * max(light, 0.0)
            upper, lower = lower, upper
