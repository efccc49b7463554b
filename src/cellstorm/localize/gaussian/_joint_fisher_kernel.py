"""What a molecule's photons and position are worth when its neighbours are unknown too (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._fast_math import FAST
from cellstorm.localize.gaussian._frame_model_kernel import MOST_NEIGHBOURS, window
from cellstorm.localize.gaussian._linear_kernel import cholesky, inverse_diagonal
from cellstorm.localize.gaussian._profile_kernel import fill_profile

__all__ = ["joint_variances", "mark_insignificant"]

Image = NDArray[np.float32]
Vector = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=FAST)
def joint_variances(
    model: Image,
    molecules: Vector,
    k: int,
    neighbours: NDArray[np.int64],
    sigma: float,
    radius: int,
    axes: Vector,
    fisher: Vector,
    derivatives: Vector,
    variances: Vector,
    work: Vector,
) -> bool:
    """Variances of molecule ``k`` with its neighbours unknown too (joint Fisher matrix)."""
    height, width = model.shape
    wide = radius + 2
    x0, nx = window(molecules[k, 0], wide, width)
    y0, ny = window(molecules[k, 1], wide, height)
    count = 1
    while count <= MOST_NEIGHBOURS and neighbours[k, count - 1] >= 0:
        count += 1
    size = 3 * count
    for a in range(count):
        m = k if a == 0 else neighbours[k, a - 1]
        fill_profile(molecules[m, 0], sigma, x0, nx, axes[4 * a], axes[4 * a + 1])
        fill_profile(molecules[m, 1], sigma, y0, ny, axes[4 * a + 2], axes[4 * a + 3])
    for a in range(size):
        for b in range(a + 1):
            fisher[a, b] = 0.0
    for j in range(ny):
        for i in range(nx):
            light = 0.0
            for a in range(count):
                m = k if a == 0 else neighbours[k, a - 1]
                photons = molecules[m, 2]
                ex = axes[4 * a, i]
                ey = axes[4 * a + 2, j]
                derivatives[3 * a] = photons * axes[4 * a + 1, i] * ey
                derivatives[3 * a + 1] = photons * ex * axes[4 * a + 3, j]
                derivatives[3 * a + 2] = ex * ey
                light += photons * ex * ey
            # the model picture cuts spots off at their windows; without background nothing
            # would be left there, and light that is certain seem to be information
            inv = 1.0 / max(float(model[y0 + j, x0 + i]), light)
            for a in range(size):
                scaled = derivatives[a] * inv
                for b in range(a + 1):
                    fisher[a, b] += scaled * derivatives[b]
    for a in range(size):
        fisher[a, a] = fisher[a, a] * (1.0 + 1e-9) + 1e-12
    if not cholesky(fisher, size):
        return False
    inverse_diagonal(fisher, size, 3, variances, work)
    return True


@njit(cache=True, nogil=True)
def mark_insignificant(
    model: Image,
    molecules: Vector,
    count: int,
    neighbours: NDArray[np.int64],
    sigma: float,
    radius: int,
    least_ratio: float,
    axes: Vector,
    fisher: Vector,
    derivatives: Vector,
    work: Vector,
    keep: NDArray[np.bool_],
) -> int:
    """Mark what is not worth its parameters: Wald test of the photons, neighbours free.

    Of a group that cannot be told apart only the faintest goes at a time. Returns how
    many were marked to go.
    """
    variances = np.empty(3)
    gone = 0
    for k in range(count):
        keep[k] = True
        fine = joint_variances(
            model, molecules, k, neighbours, sigma, radius, axes, fisher, derivatives,
            variances, work,
        )  # fmt: skip
        ratio = molecules[k, 2] / math.sqrt(variances[2]) if fine else 0.0
        molecules[k, 4] = ratio
    for k in range(count):
        if molecules[k, 4] >= least_ratio:
            continue
        weakest = True
        for s in range(MOST_NEIGHBOURS):
            m = neighbours[k, s]
            if m < 0:
                break
            close = (molecules[m, 0] - molecules[k, 0]) ** 2 + (
                molecules[m, 1] - molecules[k, 1]
            ) ** 2 < (2.0 * sigma) ** 2
            if close and molecules[m, 4] < least_ratio and molecules[m, 2] < molecules[k, 2]:
                weakest = False
        if weakest:
            keep[k] = False
            gone += 1
    return gone
