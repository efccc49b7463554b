"""Kernels that add molecules to a picture; each works on a window of the whole grid.

All take positions in pixels of the whole grid (the outer corner of its first pixel is
0, 0), the window's first row and column, and add to ``out`` (rows, columns) in place.
What falls outside the window is left out, so windows drawn apart and put together
equal the whole. They hold no Python object: threads draw windows at the same time.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["draw_gaussians", "draw_jittered", "draw_points", "draw_shifted_histogram"]

# Tails beyond this many standard deviations are cut; what is left is scaled up to 1.
_REACH_SIGMAS = 4.0
_SQRT_HALF = math.sqrt(0.5)
_TWO_PI = 2.0 * math.pi


@njit(cache=True, nogil=True)
def draw_points(
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    weights: NDArray[np.float32],
    first_row: int,
    first_column: int,
    out: NDArray[np.float32],
) -> None:
    """Each of ``n`` molecules adds its weight to the pixel it lies in."""
    rows, columns = out.shape
    for i in range(x_px.size):
        row = math.floor(y_px[i]) - first_row
        column = math.floor(x_px[i]) - first_column
        if 0 <= row < rows and 0 <= column < columns:
            out[row, column] += weights[i]


@njit(cache=True, nogil=True)
def draw_gaussians(
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    sigma_x_px: NDArray[np.float32],
    sigma_y_px: NDArray[np.float32],
    weights: NDArray[np.float32],
    first_row: int,
    first_column: int,
    out: NDArray[np.float32],
) -> None:
    """Each of ``n`` molecules adds a Gaussian of its weight, integrated over the pixels.

    The share of a pixel is a product of two differences of the error function
    (Smith et al. 2010, eq. 4a), cut at four standard deviations and normalised there.
    """
    rows, columns = out.shape
    if x_px.size == 0:
        return
    longest = max(np.max(sigma_x_px), np.max(sigma_y_px))
    share_x = np.empty(int(2.0 * _REACH_SIGMAS * longest) + 3)
    for i in range(x_px.size):
        reach_y = _REACH_SIGMAS * sigma_y_px[i]
        top = math.floor(y_px[i] - reach_y) - first_row
        bottom = math.floor(y_px[i] + reach_y) - first_row
        if bottom < 0 or top >= rows:
            continue
        reach_x = _REACH_SIGMAS * sigma_x_px[i]
        left = math.floor(x_px[i] - reach_x) - first_column
        right = math.floor(x_px[i] + reach_x) - first_column
        if right < 0 or left >= columns:
            continue
        scale = _SQRT_HALF / sigma_x_px[i]
        centre = x_px[i] - first_column
        lower = math.erf((left - centre) * scale)
        start = lower
        for j in range(right - left + 1):
            upper = math.erf((left + j + 1 - centre) * scale)
            share_x[j] = upper - lower
            lower = upper
        norm = weights[i] / (lower - start)

        scale = _SQRT_HALF / sigma_y_px[i]
        centre = y_px[i] - first_row
        total = math.erf((bottom + 1 - centre) * scale) - math.erf((top - centre) * scale)
        norm /= total
        top_inside = max(top, 0)
        bottom_inside = min(bottom, rows - 1)
        left_inside = max(left, 0)
        right_inside = min(right, columns - 1)
        lower = math.erf((top_inside - centre) * scale)
        for row in range(top_inside, bottom_inside + 1):
            upper = math.erf((row + 1 - centre) * scale)
            share_y = (upper - lower) * norm
            lower = upper
            for column in range(left_inside, right_inside + 1):
                out[row, column] += share_y * share_x[column - left]


@njit(cache=True, nogil=True)
def draw_shifted_histogram(
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    weights: NDArray[np.float32],
    shifts: int,
    first_row: int,
    first_column: int,
    out: NDArray[np.float32],
) -> None:
    """The mean of ``shifts`` x ``shifts`` histograms, each moved on by one pixel.

    The bins of the histograms are ``shifts`` pixels wide, so that their mean gives each
    molecule triangular weights (Scott 1985, eq. 3).
    """
    rows, columns = out.shape
    norm = 1.0 / float(shifts) ** 4
    for i in range(x_px.size):
        row = math.floor(y_px[i]) - first_row
        if row + shifts <= 0 or row - shifts >= rows - 1:
            continue
        column = math.floor(x_px[i]) - first_column
        if column + shifts <= 0 or column - shifts >= columns - 1:
            continue
        for dy in range(1 - shifts, shifts):
            if row + dy < 0 or row + dy >= rows:
                continue
            share = weights[i] * norm * (shifts - abs(dy))
            for dx in range(1 - shifts, shifts):
                if 0 <= column + dx < columns:
                    out[row + dy, column + dx] += share * (shifts - abs(dx))


@njit(cache=True, nogil=True)
def _mixed(state: np.uint64) -> np.uint64:
    """The output function of SplitMix64 (Steele et al. 2014, fig. 16)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@njit(cache=True, nogil=True)
def draw_jittered(
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    sigma_x_px: NDArray[np.float32],
    sigma_y_px: NDArray[np.float32],
    weights: NDArray[np.float32],
    numbers: NDArray[np.uint64],
    jitters: int,
    key: np.uint64,
    first_row: int,
    first_column: int,
    out: NDArray[np.float32],
) -> None:
    """Each molecule is put ``jitters`` times at random places within its uncertainty.

    The places depend on ``key`` and on the molecule's number in the table alone, not on
    the order of drawing: the same in every window and with any number of threads.
    """
    rows, columns = out.shape
    golden = np.uint64(0x9E3779B97F4A7C15)
    to_unit = 1.0 / 9007199254740992.0  # 2**-53
    for i in range(x_px.size):
        share = weights[i] / jitters
        state = _mixed(key + (numbers[i] + np.uint64(1)) * golden)
        for _ in range(jitters):
            state += golden
            first = (float(_mixed(state) >> np.uint64(11)) + 1.0) * to_unit
            state += golden
            second = float(_mixed(state) >> np.uint64(11)) * to_unit
            # Box and Muller 1958: two uniform numbers make two normal ones
            radius = math.sqrt(-2.0 * math.log(first))
            x = x_px[i] + sigma_x_px[i] * radius * math.cos(_TWO_PI * second)
            y = y_px[i] + sigma_y_px[i] * radius * math.sin(_TWO_PI * second)
            row = math.floor(y) - first_row
            column = math.floor(x) - first_column
            if 0 <= row < rows and 0 <= column < columns:
                out[row, column] += share
