"""Molecules found by someone else, fitted where they are (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._background_kernel import (
    LEAST_MODEL,
    initial_background,
    refresh_background,
)
from cellstorm.localize.gaussian._frame_fit_kernel import settle
from cellstorm.localize.gaussian._frame_model_kernel import (
    MOST_NEIGHBOURS,
    add_spot,
    list_neighbours,
)
from cellstorm.localize.gaussian._joint_fisher_kernel import joint_variances

__all__ = ["REFINED_FIELDS", "refine_frames"]

REFINED_FIELDS = ("x", "y", "photons", "var_x", "var_y", "var_photons", "converged")
"""Columns of the table that `refine_frames` fills."""

_SETTLED = 0.1


@njit(nogil=True, cache=True)
def refine_frames(
    frames: NDArray[np.float32],
    extra_variance: NDArray[np.float32],
    frame: NDArray[np.int64],
    known: NDArray[np.float64],
    sigma: float,
    radius: int,
    background_radius: int,
    rounds: int,
    sweeps: int,
    table: NDArray[np.float64],
) -> None:
    """Fit the molecules that are given, none else, each with its neighbours in place.

    As in `fit_frames`, without search and without tests of significance.

    Parameters
    ----------
    frames, extra_variance, sigma, radius, background_radius
        As for `fit_frames`.
    frame
        ``(m,)``, in order.
    known
        ``(m, 3)``: x, y (px) and photons to begin with.
    rounds, sweeps
        How often the background is fitted anew, and the bound on sweeps in between.
    table
        Output ``(m, 7)`` in the order of `REFINED_FIELDS`; variances of the joint Fisher
        matrix.
    """
    height, width = frames.shape[1], frames.shape[2]
    total = frame.size
    neighbours = np.empty((max(total, 1), MOST_NEIGHBOURS), dtype=np.int64)
    molecules = np.zeros((max(total, 1), 5))
    span = 2 * radius + 8
    axes = np.empty((4 * (MOST_NEIGHBOURS + 1), span))
    size = 3 * (MOST_NEIGHBOURS + 1)
    fisher = np.empty((size, size))
    derivatives = np.empty(size)
    work = np.empty(size)
    variances = np.empty(3)
    background = np.empty((height, width), dtype=np.float32)
    model = np.empty((height, width), dtype=np.float32)
    begin = 0
    while begin < total:
        number = frame[begin]
        end = begin
        while end < total and frame[end] == number:
            end += 1
        count = end - begin
        data = frames[number]
        extra = extra_variance[number if extra_variance.shape[0] > 1 else 0]
        initial_background(data, extra, background_radius, background)
        for j in range(height):
            for i in range(width):
                model[j, i] = max(background[j, i] + extra[j, i], LEAST_MODEL)
        for k in range(count):
            for c in range(3):
                molecules[k, c] = known[begin + k, c]
            add_spot(model, molecules[k, 0], molecules[k, 1], molecules[k, 2], sigma, radius, axes)
        for _ in range(rounds):
            refresh_background(data, extra, model, background, background_radius)
            list_neighbours(molecules, count, 3.0 * sigma, neighbours)
            settle(
                data, extra, model, molecules, count, neighbours, sigma, radius, sweeps, 0.01, axes
            )
        list_neighbours(molecules, count, 3.0 * sigma, neighbours)
        for k in range(count):
            fine = joint_variances(
                model, molecules, k, neighbours, sigma, radius, axes, fisher, derivatives,
                variances, work,
            )  # fmt: skip
            row = table[begin + k]
            for c in range(3):
                row[c] = molecules[k, c]
                row[3 + c] = variances[c] if fine else np.inf
            row[6] = 1.0 if fine and molecules[k, 3] < _SETTLED else 0.0
        begin = end
