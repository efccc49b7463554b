"""A frame's smooth background (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._convolution_kernel import box_mean
from cellstorm.localize.gaussian._fast_math import FAST

__all__ = ["LEAST_MODEL", "initial_background", "refresh_background"]

Image = NDArray[np.float32]

# a model pixel never falls under this, so that its logarithm and inverse exist
LEAST_MODEL = 0.02


@njit(cache=True, nogil=True, fastmath=FAST)
def initial_background(data: Image, extra: Image, radius: int, background: Image) -> None:
    """Smooth background by four rounds of a local mean without what stands out."""
    height, width = data.shape
    weight = np.ones((height, width), dtype=np.float32)
    masked = np.empty((height, width), dtype=np.float32)
    norm = np.empty((height, width), dtype=np.float32)
    for turn in range(5):
        if turn > 0:
            for j in range(height):
                for i in range(width):
                    b = background[j, i]
                    limit = b + 2.0 * math.sqrt(max(b + extra[j, i], 0.0) + 0.25)
                    # never quite nothing: in a crowd the mean of all is the best there is
                    weight[j, i] = 1.0 if data[j, i] <= limit else 0.01
        for j in range(height):
            for i in range(width):
                masked[j, i] = data[j, i] * weight[j, i]
        box_mean(masked, radius, background)
        box_mean(weight, radius, norm)
        for j in range(height):
            for i in range(width):
                background[j, i] = max(background[j, i] / norm[j, i], LEAST_MODEL - extra[j, i])


@njit(cache=True, nogil=True, fastmath=FAST)
def refresh_background(
    data: Image, extra: Image, model: Image, background: Image, radius: int
) -> None:
    """Move the background to the weighted local mean of what the molecules leave."""
    height, width = data.shape
    rest = np.empty((height, width), dtype=np.float32)
    weight = np.empty((height, width), dtype=np.float32)
    smooth = np.empty((height, width), dtype=np.float32)
    norm = np.empty((height, width), dtype=np.float32)
    for j in range(height):
        for i in range(width):
            mu = model[j, i]
            w = 1.0 / (mu * mu)
            residual = data[j, i] + extra[j, i] - mu
            # what stands out is a molecule not found yet, not background
            residual = min(residual, 3.0 * math.sqrt(mu))
            weight[j, i] = w
            rest[j, i] = w * residual
    box_mean(rest, radius, smooth)
    box_mean(weight, radius, norm)
    for j in range(height):
        for i in range(width):
            change = smooth[j, i] / norm[j, i]
            fresh = max(background[j, i] + change, LEAST_MODEL - extra[j, i])
            model[j, i] = max(model[j, i] + fresh - background[j, i], LEAST_MODEL)
            background[j, i] = fresh
