"""Where one more molecule would raise the likelihood (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._convolution_kernel import convolve_separable
from cellstorm.localize.gaussian._fast_math import FAST

__all__ = ["score_map", "search_score"]

Image = NDArray[np.float32]
Vector = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=FAST)
def score_map(
    data: Image,
    extra: Image,
    model: Image,
    kernel: Image,
    squared: Image,
    score: Image,
    gain: Image,
) -> None:
    """Rao's score of a molecule at every pixel centre, in standard deviations.

    ``score = sum g (d - m) / m / sqrt(sum g^2 / m)`` with the spot ``g``; ``gain`` is its
    denominator squared, so that ``score / sqrt(gain)`` estimates the photons.
    """
    height, width = data.shape
    relative = np.empty((height, width), dtype=np.float32)
    inverse = np.empty((height, width), dtype=np.float32)
    for j in range(height):
        for i in range(width):
            inv = np.float32(1.0) / model[j, i]
            inverse[j, i] = inv
            relative[j, i] = (data[j, i] + extra[j, i]) * inv - np.float32(1.0)
    convolve_separable(relative, kernel, score)
    convolve_separable(inverse, squared, gain)
    for j in range(height):
        for i in range(width):
            score[j, i] = score[j, i] / math.sqrt(gain[j, i])


@njit(cache=True, nogil=True, fastmath=FAST)
def search_score(
    score: Image,
    gain: Image,
    threshold: float,
    apart: float,
    molecules: Vector,
    count: int,
) -> int:
    """Add peaks of the score over ``threshold`` that lie ``apart`` from every molecule."""
    height, width = score.shape
    known = count
    limit = molecules.shape[0]
    for j in range(height):
        for i in range(width):
            value = score[j, i]
            if value < threshold:
                continue
            peak = True
            for dj in range(-1, 2):
                for di in range(-1, 2):
                    jj = j + dj
                    ii = i + di
                    if (dj == 0 and di == 0) or jj < 0 or ii < 0 or jj >= height or ii >= width:
                        continue
                    other = score[jj, ii]
                    if other > value or (other == value and (dj < 0 or (dj == 0 and di < 0))):
                        peak = False
                        break
                if not peak:
                    break
            if not peak or count >= limit:
                continue
            x = i + 0.5
            y = j + 0.5
            # the top of the parabola through three neighbours
            if 0 < i < width - 1:
                bend = score[j, i - 1] - 2.0 * value + score[j, i + 1]
                if bend < 0:
                    x += min(max(0.5 * (score[j, i - 1] - score[j, i + 1]) / bend, -0.5), 0.5)
            if 0 < j < height - 1:
                bend = score[j - 1, i] - 2.0 * value + score[j + 1, i]
                if bend < 0:
                    y += min(max(0.5 * (score[j - 1, i] - score[j + 1, i]) / bend, -0.5), 0.5)
            free = True
            for k in range(known):
                if (molecules[k, 0] - x) ** 2 + (molecules[k, 1] - y) ** 2 < apart * apart:
                    free = False
                    break
            if not free:
                continue
            molecules[count, 0] = x
            molecules[count, 1] = y
            molecules[count, 2] = max(value / math.sqrt(gain[j, i]), 1.0)
            count += 1
    return count
