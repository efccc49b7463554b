"""Numba kernel: from maps of probability and place to single molecules."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["COLUMN_NAMES", "collect_molecules"]

COLUMN_NAMES = (
    "frame",
    "x_px",
    "y_px",
    "log_photons",
    "log_background",
    "variance_x_px2",
    "variance_y_px2",
    "variance_log_photons",
    "probability",
)
"""Columns of the rows that `collect_molecules` gives."""


@njit(nogil=True, cache=True)
def collect_molecules(
    maps: NDArray[np.float32],
    least_probability: float,
    least_mass: float,
    join_px: float,
) -> NDArray[np.float64]:
    """Gather the probability that belongs to one molecule and give its mean.

    Pixels are taken by falling probability. What the eight pixels around one say of a
    molecule within ``join_px`` of its own belongs to the same molecule; where the sum
    reaches ``least_mass`` there is one, at the mean weighted by probability, with the
    mixture's variance. Pixels are used once, so a second molecule in a neighbouring pixel
    stays a molecule of its own when it says another place.

    Parameters
    ----------
    maps
        ``(n, 9, height, width)``, outputs of the network in the order of its model file:
        logit, x, y, log photons, log background, logs of their four standard deviations.
    least_probability
        Pixels under it are not looked at.
    least_mass
        Probability that makes a molecule.
    join_px
        Distance within which two pixels mean the same molecule.

    Returns
    -------
    NDArray[np.float64]
        ``(molecules, 9)``, columns `COLUMN_NAMES`, by frame.
    """
    count, _, height, width = maps.shape
    least_logit = math.log(least_probability / (1.0 - least_probability))
    capacity = 1024
    rows = np.empty((capacity, 9))
    found = 0
    weight = np.zeros((height, width))
    for frame in range(count):
        logits = maps[frame, 0]
        number = 0
        for i in range(height):
            for j in range(width):
                if logits[i, j] > least_logit:
                    weight[i, j] = 1.0 / (1.0 + math.exp(-logits[i, j]))
                    number += 1
                else:
                    weight[i, j] = 0.0
        if number == 0:
            continue
        place = np.empty(number, np.int64)
        strength = np.empty(number)
        k = 0
        for i in range(height):
            for j in range(width):
                if weight[i, j] > 0.0:
                    place[k] = i * width + j
                    strength[k] = -weight[i, j]
                    k += 1
        for k in np.argsort(strength):
            i, j = place[k] // width, place[k] % width
            if weight[i, j] <= 0.0:
                continue
            x0 = j + maps[frame, 1, i, j]
            y0 = i + maps[frame, 2, i, j]
            mass = x = y = x2 = y2 = light = light2 = level = vx = vy = vl = 0.0
            for row in range(max(i - 1, 0), min(i + 2, height)):
                for column in range(max(j - 1, 0), min(j + 2, width)):
                    w = weight[row, column]
                    if w <= 0.0:
                        continue
                    px = column + maps[frame, 1, row, column]
                    py = row + maps[frame, 2, row, column]
                    if (px - x0) ** 2 + (py - y0) ** 2 > join_px**2:
                        continue
                    mass += w
                    x += w * px
                    y += w * py
                    x2 += w * px * px
                    y2 += w * py * py
                    n = maps[frame, 3, row, column]
                    light += w * n
                    light2 += w * n * n
                    level += w * maps[frame, 4, row, column]
                    vx += w * math.exp(2.0 * maps[frame, 5, row, column])
                    vy += w * math.exp(2.0 * maps[frame, 6, row, column])
                    vl += w * math.exp(2.0 * maps[frame, 7, row, column])
            if mass < least_mass:
                continue
            for row in range(max(i - 1, 0), min(i + 2, height)):
                for column in range(max(j - 1, 0), min(j + 2, width)):
                    px = column + maps[frame, 1, row, column]
                    py = row + maps[frame, 2, row, column]
                    if (px - x0) ** 2 + (py - y0) ** 2 <= join_px**2:
                        weight[row, column] = 0.0
            if found == capacity:
                larger = np.empty((2 * capacity, 9))
                larger[:capacity] = rows
                rows = larger
                capacity *= 2
            x, y, light = x / mass, y / mass, light / mass
            rows[found, 0] = frame
            rows[found, 1] = x + 0.5
            rows[found, 2] = y + 0.5
            rows[found, 3] = light
            rows[found, 4] = level / mass
            rows[found, 5] = vx / mass + max(x2 / mass - x * x, 0.0)
            rows[found, 6] = vy / mass + max(y2 / mass - y * y, 0.0)
            rows[found, 7] = vl / mass + max(light2 / mass - light * light, 0.0)
            rows[found, 8] = min(mass, 1.0)
            found += 1
    return rows[:found]
