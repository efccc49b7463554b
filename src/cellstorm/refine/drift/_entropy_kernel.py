"""The entropy of all localizations as a mixture of Gaussians, over pairs of neighbours (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["count_neighbours", "entropy", "find_neighbours", "scores"]

# of what lies in a square of three by three cells, the share within a cell's edge: pi / 9
_WITHIN = 0.35
# odd, of the golden ratio: spreads the places where a sample begins
_SCATTER = 2_654_435_769


@njit(cache=True, nogil=True)
def _each_neighbour(
    places_nm: NDArray[np.float32],
    bins: NDArray[np.int32],
    keys: NDArray[np.int64],
    reach_nm: NDArray[np.float64],
    wanted: int,
    first: NDArray[np.int64],
    others: NDArray[np.int32],
    own: NDArray[np.float32],
) -> None:
    """Count neighbours where ``others`` is empty, else write them; see `find_neighbours`."""
    count, axes = places_nm.shape
    counting = others.size == 0
    # of the three rows of cells around a localization, where the three cells begin and end
    low, high = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for i in range(count):
        around = 0
        for row in range(3):
            beside = keys[i] + ((row - 1) << 32)
            while low[row] < count and keys[low[row]] < beside - 1:
                low[row] += 1
            high[row] = max(high[row], low[row])
            while high[row] < count and keys[high[row]] <= beside + 1:
                high[row] += 1
            around += high[row] - low[row]
        stride = max(1, math.ceil(_WITHIN * around / wanted))
        offset = ((i * _SCATTER) >> 7) % stride
        found = 0
        for row in range(3):
            j = low[row] + offset
            while j < high[row]:
                if bins[j] != bins[i]:
                    far = 0.0
                    for axis in range(axes):
                        step = (places_nm[j, axis] - places_nm[i, axis]) / reach_nm[axis]
                        far += step * step
                    if far < 1.0:
                        if not counting:
                            others[first[i] + found] = j
                        found += 1
                j += stride
            offset = j - high[row]
        if counting:
            first[i + 1] = found
        else:
            own[i] = 1.0 / stride


@njit(cache=True, nogil=True)
def count_neighbours(
    places_nm: NDArray[np.float32],
    bins: NDArray[np.int32],
    keys: NDArray[np.int64],
    reach_nm: NDArray[np.float64],
    wanted: int,
    first: NDArray[np.int64],
) -> None:
    """Write where each localization's neighbours begin, ``(n + 1,)``; see `find_neighbours`."""
    nobody, nothing = np.empty(0, np.int32), np.empty(0, np.float32)
    first[0] = 0
    _each_neighbour(places_nm, bins, keys, reach_nm, wanted, first, nobody, nothing)
    for i in range(places_nm.shape[0]):
        first[i + 1] += first[i]


@njit(cache=True, nogil=True)
def find_neighbours(
    places_nm: NDArray[np.float32],
    bins: NDArray[np.int32],
    keys: NDArray[np.int64],
    reach_nm: NDArray[np.float64],
    wanted: int,
    first: NDArray[np.int64],
    others: NDArray[np.int32],
    own: NDArray[np.float32],
) -> None:
    """Find localizations of other bins near each, or every so many of them where it is crowded.

    Parameters
    ----------
    places_nm
        Positions with a first drift taken out, ``(n, axes)``, nm, in the order of their keys.
    bins
        Bin of each, ``(n,)``.
    keys
        Cell of each, row times 2^32 plus column, ``(n,)``; cells as large as the reach.
    reach_nm
        Half axes of the ellipsoid that neighbours lie in, ``(axes,)``, nm.
    wanted
        About how many neighbours there shall be at most.
    first
        Of `count_neighbours`.
    others
        Written: the neighbours of i are ``others[first[i]:first[i + 1]]``.
    own
        Written: the share of its neighbours that were taken, ``(n,)``.
    """
    _each_neighbour(places_nm, bins, keys, reach_nm, wanted, first, others, own)


@njit(cache=True, nogil=True)
def _prepared(
    places_nm: NDArray[np.float32],
    bins: NDArray[np.int32],
    weight_nm2: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Of each localization all that its pairs need, side by side in memory.

    ``(n, 7)``: x, y, z, the weights of x and y and of z, the variances' logarithm and, of a
    flat table, zeros for z.
    """
    count, axes = places_nm.shape
    made = np.zeros((count, 7), np.float32)
    for i in range(count):
        for axis in range(axes):
            made[i, axis] = places_nm[i, axis] - shift_nm[bins[i], axis]
        made[i, 3] = weight_nm2[i, 0]
        made[i, 5] = -2.0 * math.log(weight_nm2[i, 0])
        if axes == 3:
            made[i, 4] = weight_nm2[i, 2]
            made[i, 5] -= math.log(weight_nm2[i, 2])
    return made


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _alike(
    made: NDArray[np.float32],
    i: int,
    others: NDArray[np.int32],
    alike: NDArray[np.float32],
) -> float:
    """Write exp(-D) of a localization and each of its neighbours; their sum."""
    x, y, z, log = made[i, 0], made[i, 1], made[i, 2], made[i, 5]
    flat, solid = np.float32(1.0) / made[i, 3], np.float32(0.0)
    constant = np.float32(-2.0)
    if made[i, 4] > 0:
        solid, constant = np.float32(1.0) / made[i, 4], np.float32(-3.0)
    two = np.float32(2.0)
    for k in range(others.size):
        j = others[k]
        dx, dy, dz = x - made[j, 0], y - made[j, 1], z - made[j, 2]
        apart = made[j, 3] * (dx * dx + dy * dy + two * flat) + made[j, 4] * (dz * dz + solid)
        alike[k] = np.float32(0.5) * (log - made[j, 5] - apart - constant)
    total = np.float32(0.0)
    for k in range(others.size):
        alike[k] = math.exp(alike[k])
        total += alike[k]
    return float(total)


@njit(cache=True, nogil=True)
def _most_neighbours(first: NDArray[np.int64]) -> int:
    most = 1
    for i in range(first.size - 1):
        most = max(most, first[i + 1] - first[i])
    return most


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def entropy(
    places_nm: NDArray[np.float32],
    bins: NDArray[np.int32],
    weight_nm2: NDArray[np.float32],
    first: NDArray[np.int64],
    others: NDArray[np.int32],
    own: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
    gradient: NDArray[np.float64],
) -> float:
    """Upper bound of the entropy of the mixture, and how it changes with the shifts.

    Cnossen et al. 2021 after Hershey & Olsen 2007: minus the sum over all localizations of
    the logarithm of the sum over their neighbours of exp(-D), D the divergence of Kullback
    and Leibler of the one Gaussian from the other. Constants are left out.

    Parameters
    ----------
    places_nm, bins, first, others, own
        As in `find_neighbours`.
    weight_nm2
        One over the variance of each along x and y, and along z, ``(n, axes)``, nm^-2.
    shift_nm
        Shift of each bin, ``(bins, axes)``, nm, taken off the places.
    gradient
        Written, ``(bins, axes)``, nm^-1.
    """
    count, axes = places_nm.shape
    gradient[:] = 0.0
    total = 0.0
    made = _prepared(places_nm, bins, weight_nm2, shift_nm)
    alike = np.empty(_most_neighbours(first), np.float32)
    for i in range(count):
        near = others[first[i] : first[i + 1]]
        if near.size == 0:
            continue
        density = own[i] + _alike(made, i, near, alike)
        total -= math.log(density)
        scale = 1.0 / density
        pull_x = pull_y = pull_z = 0.0
        for k in range(near.size):
            j = near[k]
            share = alike[k] * scale
            force = share * made[j, 3]
            fx = force * (made[i, 0] - made[j, 0])
            fy = force * (made[i, 1] - made[j, 1])
            pull_x += fx
            pull_y += fy
            gradient[bins[j], 0] += fx
            gradient[bins[j], 1] += fy
            if axes == 3:
                fz = share * made[j, 4] * (made[i, 2] - made[j, 2])
                pull_z += fz
                gradient[bins[j], 2] += fz
        gradient[bins[i], 0] -= pull_x
        gradient[bins[i], 1] -= pull_y
        if axes == 3:
            gradient[bins[i], 2] -= pull_z
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def scores(
    places_nm: NDArray[np.float32],
    bins: NDArray[np.int32],
    weight_nm2: NDArray[np.float32],
    first: NDArray[np.int64],
    others: NDArray[np.int32],
    own: NDArray[np.float32],
    shift_nm: NDArray[np.float64],
    slope: NDArray[np.float64],
    curvature: NDArray[np.float64],
    scatter: NDArray[np.float64],
) -> None:
    """What the localizations of each bin say about its own shift, all others in their places.

    Parameters
    ----------
    places_nm, bins, weight_nm2, first, others, own, shift_nm
        As in `entropy`.
    slope, curvature, scatter
        Added to, ``(bins, axes)``: first and second derivatives of the log-likelihood by the
        bin's shift (the second with its sign turned), and the sum of squares of the first
        ones of single localizations.
    """
    count, axes = places_nm.shape
    made = _prepared(places_nm, bins, weight_nm2, shift_nm)
    alike = np.empty(_most_neighbours(first), np.float32)
    for i in range(count):
        near = others[first[i] : first[i + 1]]
        if near.size == 0:
            continue
        density = own[i] + _alike(made, i, near, alike)
        for axis in range(axes):
            mean, square, held = 0.0, 0.0, 0.0
            for k in range(near.size):
                j = near[k]
                share = alike[k] / density
                weight = made[j, 4 if axis == 2 else 3]
                force = (made[i, axis] - made[j, axis]) * weight
                mean += share * force
                square += share * force * force
                held += share * weight
            slope[bins[i], axis] += mean
            curvature[bins[i], axis] += held - square + mean * mean
            scatter[bins[i], axis] += mean * mean
