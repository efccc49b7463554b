"""Numba kernels of the image processor: hot pixels, bilateral and recursive filters."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["filter_bilaterally", "follow_recursively", "replace_hot_pixels"]


@njit(nogil=True, cache=True)
def replace_hot_pixels(
    frames: NDArray[np.float32],
    offset_adu: float,
    slope_adu: float,
    dark_adu2: float,
    threshold_sigma: float,
    cleaned: NDArray[np.float32],
) -> None:
    """Median of the neighbours where a pixel lies over all of them by the threshold.

    Parameters
    ----------
    frames, cleaned
        ``(n, height, width)`` ADU; ``cleaned`` is filled.
    offset_adu, slope_adu, dark_adu2
        Variance over value, `SensorNoise`.
    threshold_sigma
        In standard deviations at the brightest neighbour.
    """
    count, height, width = frames.shape
    around = np.empty(8)
    for k in range(count):
        for line in range(height):
            for column in range(width):
                value = frames[k, line, column]
                cleaned[k, line, column] = value
                found = 0
                brightest = -np.inf
                for i in range(max(line - 1, 0), min(line + 2, height)):
                    for j in range(max(column - 1, 0), min(column + 2, width)):
                        if i != line or j != column:
                            around[found] = frames[k, i, j]
                            brightest = max(brightest, around[found])
                            found += 1
                if value <= brightest:
                    continue
                light = max(brightest - offset_adu, 0.0)
                if value - brightest > threshold_sigma * math.sqrt(dark_adu2 + slope_adu * light):
                    cleaned[k, line, column] = np.median(around[:found])


@njit(nogil=True, cache=True)
def filter_bilaterally(
    frames: NDArray[np.float32],
    offset_adu: float,
    slope_adu: float,
    dark_adu2: float,
    radius_px: int,
    sigma_px: float,
    range_sigma: float,
    smoothed: NDArray[np.float32],
) -> None:
    """Weighted mean of neighbours that are near in place and in value.

    Parameters
    ----------
    frames, smoothed
        ``(n, height, width)`` ADU; ``smoothed`` is filled.
    offset_adu, slope_adu, dark_adu2
        Variance over value, `SensorNoise`.
    radius_px, sigma_px
        Reach and width of the spatial Gaussian.
    range_sigma
        Width of the weight over differences of value (Tukey's biweight), in standard
        deviations of the noise of the middle pixel.
    """
    count, height, width = frames.shape
    size = 2 * radius_px + 1
    nearness = np.empty((size, size), np.float32)
    for i in range(size):
        for j in range(size):
            squared = (i - radius_px) ** 2 + (j - radius_px) ** 2
            nearness[i, j] = math.exp(-squared / (2.0 * sigma_px * sigma_px))
    # the biweight meets a Gaussian of width s when it ends at sqrt(5) s
    ending = np.float32(1.0 / (5.0 * range_sigma * range_sigma))
    zero, one = np.float32(0.0), np.float32(1.0)
    scale = np.empty(width, np.float32)
    total = np.empty(width, np.float32)
    weights = np.empty(width, np.float32)
    for k in range(count):
        for line in range(height):
            for column in range(width):
                light = max(frames[k, line, column] - np.float32(offset_adu), zero)
                scale[column] = ending / np.float32(dark_adu2 + slope_adu * light)
                total[column] = zero
                weights[column] = zero
            # columns innermost: the compiler takes several at once
            for i in range(max(line - radius_px, 0), min(line + radius_px + 1, height)):
                for shift in range(-radius_px, radius_px + 1):
                    near = nearness[i - line + radius_px, shift + radius_px]
                    for column in range(max(-shift, 0), min(width - shift, width)):
                        other = frames[k, i, column + shift]
                        unlike = other - frames[k, line, column]
                        like = max(one - unlike * unlike * scale[column], zero)
                        weight = near * like * like
                        total[column] += weight * other
                        weights[column] += weight
            for column in range(width):
                smoothed[k, line, column] = total[column] / weights[column]


@njit(nogil=True, cache=True)
def follow_recursively(
    frames: NDArray[np.float32],
    offset_adu: float,
    slope_adu: float,
    dark_adu2: float,
    least_share: float,
    gate_sigma: float,
    state: NDArray[np.float32],
    followed: NDArray[np.float32],
) -> None:
    """``y += alpha (x - y)`` frame by frame, alpha rising to 1 where something is new.

    New is what the 3 x 3 mean of ``x - y`` shows against the noise of such a mean:
    ``alpha = least_share + (1 - least_share) (1 - exp(-d^2 / (2 gate_sigma^2)))``.

    Parameters
    ----------
    frames, followed
        ``(n, height, width)`` ADU; ``followed`` is filled.
    offset_adu, slope_adu, dark_adu2
        Variance over value, `SensorNoise`.
    least_share
        Share of a new frame where nothing happens.
    gate_sigma
        In standard deviations of the mean of nine pixels.
    state
        ``(height, width)`` the last output, ADU; updated in place.
    """
    count, height, width = frames.shape
    for k in range(count):
        for line in range(height):
            for column in range(width):
                difference = 0.0
                found = 0
                for i in range(max(line - 1, 0), min(line + 2, height)):
                    for j in range(max(column - 1, 0), min(column + 2, width)):
                        difference += frames[k, i, j] - state[i, j]
                        found += 1
                light = max(state[line, column] - offset_adu, 0.0)
                variance = found * (dark_adu2 + slope_adu * light)
                unlike = difference * difference / (2.0 * gate_sigma * gate_sigma * variance)
                share = 1.0 - (1.0 - least_share) * math.exp(-unlike)
                before = state[line, column]
                followed[k, line, column] = before + share * (frames[k, line, column] - before)
        state[:] = followed[k]
