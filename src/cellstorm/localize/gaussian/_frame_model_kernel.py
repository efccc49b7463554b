"""A frame's model picture and the molecules in it (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._background_kernel import LEAST_MODEL
from cellstorm.localize.gaussian._fast_math import FAST
from cellstorm.localize.gaussian._profile_kernel import fill_profile

__all__ = ["MOST_NEIGHBOURS", "add_spot", "drop_molecules", "list_neighbours", "window"]

Image = NDArray[np.float32]
Vector = NDArray[np.float64]

MOST_NEIGHBOURS = 6


@njit(cache=True, nogil=True, fastmath=FAST)
def window(centre: float, radius: int, size: int) -> tuple[int, int]:
    middle = min(max(math.floor(centre), 0), size - 1)
    start = max(middle - radius, 0)
    return start, min(middle + radius + 1, size) - start


@njit(cache=True, nogil=True, fastmath=FAST)
def add_spot(
    model: Image, x: float, y: float, photons: float, sigma: float, radius: int, axes: Vector
) -> None:
    x0, nx = window(x, radius, model.shape[1])
    y0, ny = window(y, radius, model.shape[0])
    fill_profile(x, sigma, x0, nx, axes[0], axes[1])
    fill_profile(y, sigma, y0, ny, axes[2], axes[3])
    for j in range(ny):
        row = photons * axes[2, j]
        for i in range(nx):
            model[y0 + j, x0 + i] = max(model[y0 + j, x0 + i] + row * axes[0, i], LEAST_MODEL)


@njit(cache=True, nogil=True, fastmath=FAST)
def drop_molecules(
    model: Image, molecules: Vector, keep: NDArray[np.bool_], count: int, sigma: float,
    radius: int, axes: Vector,
) -> int:  # fmt: skip
    """Take the molecules that are not kept out of the model; returns how many stay."""
    stay = 0
    for k in range(count):
        if keep[k]:
            for c in range(molecules.shape[1]):
                molecules[stay, c] = molecules[k, c]
            stay += 1
        else:
            add_spot(model, molecules[k, 0], molecules[k, 1], -molecules[k, 2], sigma, radius, axes)
    return stay


@njit(cache=True, nogil=True)
def list_neighbours(
    molecules: Vector, count: int, reach: float, neighbours: NDArray[np.int64]
) -> None:
    """``neighbours[k]``: up to `MOST_NEIGHBOURS` nearest others within ``reach``, then -1."""
    squared = np.empty(MOST_NEIGHBOURS)
    for k in range(count):
        found = 0
        for m in range(count):
            if m == k:
                continue
            dy = molecules[m, 1] - molecules[k, 1]
            if abs(dy) > reach:
                continue
            dx = molecules[m, 0] - molecules[k, 0]
            if abs(dx) > reach:
                continue
            distance = dx * dx + dy * dy
            place = found
            while place > 0 and squared[place - 1] > distance:
                place -= 1
            if place >= MOST_NEIGHBOURS:
                continue
            last = min(found, MOST_NEIGHBOURS - 1)
            for s in range(last, place, -1):
                squared[s] = squared[s - 1]
                neighbours[k, s] = neighbours[k, s - 1]
            squared[place] = distance
            neighbours[k, place] = m
            if found < MOST_NEIGHBOURS:
                found += 1
        for s in range(found, MOST_NEIGHBOURS):
            neighbours[k, s] = -1
