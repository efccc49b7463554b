"""Separable convolutions and running means of one frame (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._fast_math import FAST

__all__ = ["box_mean", "convolve_separable", "convolve_stack"]

Image = NDArray[np.float32]


@njit(cache=True, nogil=True, fastmath=FAST)
def convolve_separable(image: Image, kernel: Image, out: Image) -> None:
    """Convolve with a symmetric kernel along both axes; edges are repeated.

    Parameters
    ----------
    image
        ``(height, width)`` float32.
    kernel
        ``(2 r + 1,)`` float32, symmetric.
    out
        Output, same shape; must not be ``image``.
    """
    height, width = image.shape
    radius = kernel.size // 2
    padded = np.empty(width + 2 * radius, dtype=np.float32)
    rows = np.empty((height, width), dtype=np.float32)
    for j in range(height):
        for i in range(radius):
            padded[i] = image[j, 0]
            padded[width + radius + i] = image[j, width - 1]
        for i in range(width):
            padded[radius + i] = image[j, i]
        weight = kernel[radius]
        for i in range(width):
            rows[j, i] = weight * padded[radius + i]
        for k in range(1, radius + 1):
            weight = kernel[radius + k]
            if weight == 0.0:
                continue
            for i in range(width):
                rows[j, i] += weight * (padded[radius + i - k] + padded[radius + i + k])
    for j in range(height):
        weight = kernel[radius]
        for i in range(width):
            out[j, i] = weight * rows[j, i]
        for k in range(1, radius + 1):
            weight = kernel[radius + k]
            if weight == 0.0:
                continue
            above = rows[max(j - k, 0)]
            below = rows[min(j + k, height - 1)]
            for i in range(width):
                out[j, i] += weight * (above[i] + below[i])


@njit(cache=True, nogil=True, fastmath=FAST)
def convolve_stack(frames: NDArray[np.float32], kernel: Image, out: NDArray[np.float32]) -> None:
    """`convolve_separable` for each frame of a ``(n, height, width)`` stack."""
    for n in range(frames.shape[0]):
        convolve_separable(frames[n], kernel, out[n])


@njit(cache=True, nogil=True, fastmath=FAST)
def box_mean(image: Image, radius: int, out: Image) -> None:
    """Mean over a ``2 radius + 1`` square, cut at the edges, by running sums.

    ``out`` must not be ``image``.
    """
    height, width = image.shape
    rows = np.empty((height, width), dtype=np.float32)
    for j in range(height):
        total = 0.0
        for i in range(min(radius, width)):
            total += image[j, i]
        for i in range(width):
            if i + radius < width:
                total += image[j, i + radius]
            if i - radius - 1 >= 0:
                total -= image[j, i - radius - 1]
            rows[j, i] = total / (min(i + radius, width - 1) - max(i - radius, 0) + 1)
    sums = np.zeros(width)
    for j in range(min(radius, height)):
        for i in range(width):
            sums[i] += rows[j, i]
    for j in range(height):
        if j + radius < height:
            for i in range(width):
                sums[i] += rows[j + radius, i]
        if j - radius - 1 >= 0:
            for i in range(width):
                sums[i] -= rows[j - radius - 1, i]
        scale = 1.0 / (min(j + radius, height - 1) - max(j - radius, 0) + 1)
        for i in range(width):
            out[j, i] = sums[i] * scale
