"""Numba kernel: the probability that may be a molecule's."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["greatest_masses"]


@njit(nogil=True, cache=True)
def greatest_masses(
    logits: NDArray[np.float32], boxes: NDArray[np.int64], reach_px: int
) -> NDArray[np.float64]:
    """The greatest sum of probabilities around any pixel of a box.

    Parameters
    ----------
    logits
        ``(n, height, width)``; what lies outside has no probability.
    boxes
        ``(m, 5)``: frame, first and last (exclusive) row, the same of the columns, px.
    reach_px
        Half width of the square that is summed up.

    Returns
    -------
    NDArray[np.float64]
        ``(m,)``.
    """
    _, height, width = logits.shape
    masses = np.zeros(boxes.shape[0])
    for k in range(boxes.shape[0]):
        frame, top, bottom, left, right = boxes[k]
        y0, y1 = max(top - reach_px, 0), min(bottom + reach_px, height)
        x0, x1 = max(left - reach_px, 0), min(right + reach_px, width)
        share = np.empty((y1 - y0, x1 - x0))
        for j in range(y1 - y0):
            for i in range(x1 - x0):
                share[j, i] = 1.0 / (1.0 + math.exp(-logits[frame, y0 + j, x0 + i]))
        for y in range(top, bottom):
            for x in range(left, right):
                mass = 0.0
                for j in range(max(y - reach_px, y0), min(y + reach_px + 1, y1)):
                    for i in range(max(x - reach_px, x0), min(x + reach_px + 1, x1)):
                        mass += share[j - y0, i - x0]
                masses[k] = max(masses[k], mass)
    return masses
