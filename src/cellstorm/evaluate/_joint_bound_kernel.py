"""Fisher matrices of molecules that overlap, inverted group by group (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["joint_bounds"]

Vector = NDArray[np.float64]
Image = NDArray[np.float64]

# a window this many standard deviations to either side holds 99.9 % of the information about
# a position, also without any background, where the tails count most
_WINDOW_SIGMAS = 4.0
# spots farther apart than twice this share 1e-4 of their light: to each the other is known
_JOINED_SIGMAS = 3.0
_LEAST_VARIANCE = 1e-12
# relative to the information with all else known; keeps two molecules at one place finite
_RIDGE = 1e-6


@njit(nogil=True, cache=True)
def _fill_profile(
    centre: float, sigma: float, start: int, stop: int, share: Vector, slope: Vector
) -> None:
    """Light per pixel along an axis (Smith et al. 2010, eq. 4) and its derivative."""
    scale = 1.0 / (math.sqrt(2.0) * sigma)
    density = 1.0 / (math.sqrt(2.0 * math.pi) * sigma)
    u = start - centre
    erf_left = math.erf(u * scale)
    bell_left = math.exp(-((u * scale) ** 2))
    for i in range(stop - start):
        u = start + i + 1 - centre
        erf_right = math.erf(u * scale)
        bell_right = math.exp(-((u * scale) ** 2))
        share[i] = 0.5 * (erf_right - erf_left)
        slope[i] = (bell_left - bell_right) * density
        erf_left = erf_right
        bell_left = bell_right


@njit(nogil=True, cache=True)
def _find(parent: NDArray[np.int64], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(nogil=True, cache=True)
def _join_overlapping(
    x: Vector, y: Vector, sigma_x: Vector, sigma_y: Vector, parent: NDArray[np.int64]
) -> None:
    """Union of all pairs that overlap; ``x`` is ascending."""
    widest = 0.0
    for i in range(x.size):
        parent[i] = i
        widest = max(widest, sigma_x[i])
    for i in range(x.size):
        for j in range(i + 1, x.size):
            if x[j] - x[i] > _JOINED_SIGMAS * (sigma_x[i] + widest):
                break
            dx = (x[j] - x[i]) / (sigma_x[i] + sigma_x[j])
            dy = (y[j] - y[i]) / (sigma_y[i] + sigma_y[j])
            if dx * dx + dy * dy < _JOINED_SIGMAS**2:
                parent[_find(parent, j)] = _find(parent, i)


@njit(nogil=True, cache=True)
def joint_bounds(
    first: NDArray[np.int64],
    molecules: Image,
    shape: tuple[int, int],
    excess_noise_factor: float,
    background_known: bool,
    bounds: Image,
) -> None:
    """Least standard errors of every molecule of a movie, its neighbours unknown too.

    Parameters
    ----------
    first
        ``(frames + 1,)`` first row of each frame and, last, the number of rows; within
        a frame rows ascend by ``x``.
    molecules
        ``(7, n)``: x and y, px from the outer corner of pixel (0, 0); light of the
        molecule; light of a pixel under it; variance of that pixel besides the light's;
        standard deviation of the spot in x and y, px.
    shape
        ``(height, width)`` of the movie.
    excess_noise_factor
        Variance of the light's noise over its mean.
    background_known
        Leave the background's level out of the unknowns.
    bounds
        ``(n, 3)`` output: x and y in px, photons; infinite for a molecule of which no
        pixel sees anything.
    """
    x, y, photons = molecules[0], molecules[1], molecules[2]
    background, extra_variance = molecules[3], molecules[4]
    sigma_x, sigma_y = molecules[5], molecules[6]
    height, width = shape
    widest = 0.0
    for k in range(x.size):
        widest = max(widest, sigma_x[k], sigma_y[k])
    longest = 2 * math.ceil(_WINDOW_SIGMAS * widest) + 2
    most = 0
    for f in range(first.size - 1):
        most = max(most, first[f + 1] - first[f])
    share_x = np.empty((most, longest))
    slope_x = np.empty((most, longest))
    share_y = np.empty((most, longest))
    slope_y = np.empty((most, longest))
    edges = np.empty((most, 4), np.int64)
    parent = np.empty(most, np.int64)
    members = np.empty(most, np.int64)
    head = np.empty(most, np.int64)
    following = np.empty(most, np.int64)
    light = np.empty((height, width))
    inverse_variance = np.empty((height, width))
    level = np.empty((height, width))
    extra = np.empty((height, width))
    nearest = np.empty((height, width))
    seen_by = np.full((height, width), -1, np.int64)
    group = 0
    for f in range(first.size - 1):
        start = first[f]
        count = first[f + 1] - start
        if count == 0:
            continue
        for m in range(count):
            k = start + m
            reach_x = math.ceil(_WINDOW_SIGMAS * sigma_x[k])
            reach_y = math.ceil(_WINDOW_SIGMAS * sigma_y[k])
            edges[m, 0] = min(max(math.floor(x[k]) - reach_x, 0), width)
            edges[m, 1] = max(min(math.floor(x[k]) + reach_x + 1, width), edges[m, 0])
            edges[m, 2] = min(max(math.floor(y[k]) - reach_y, 0), height)
            edges[m, 3] = max(min(math.floor(y[k]) + reach_y + 1, height), edges[m, 2])
            _fill_profile(x[k], sigma_x[k], edges[m, 0], edges[m, 1], share_x[m], slope_x[m])
            _fill_profile(y[k], sigma_y[k], edges[m, 2], edges[m, 3], share_y[m], slope_y[m])
            for j in range(edges[m, 2], edges[m, 3]):
                for i in range(edges[m, 0], edges[m, 1]):
                    light[j, i] = 0.0
                    nearest[j, i] = math.inf
        for m in range(count):
            k = start + m
            for j in range(edges[m, 2], edges[m, 3]):
                for i in range(edges[m, 0], edges[m, 1]):
                    spot = share_y[m, j - edges[m, 2]] * share_x[m, i - edges[m, 0]]
                    light[j, i] += photons[k] * spot
                    # background and codec noise are told per molecule: a pixel has those of
                    # the molecule it is nearest to
                    away = ((i + 0.5 - x[k]) / sigma_x[k]) ** 2
                    away += ((j + 0.5 - y[k]) / sigma_y[k]) ** 2
                    if away < nearest[j, i]:
                        nearest[j, i] = away
                        level[j, i] = background[k]
                        extra[j, i] = extra_variance[k]
        for m in range(count):
            for j in range(edges[m, 2], edges[m, 3]):
                for i in range(edges[m, 0], edges[m, 1]):
                    variance = excess_noise_factor * (light[j, i] + level[j, i]) + extra[j, i]
                    inverse_variance[j, i] = 1.0 / max(variance, _LEAST_VARIANCE)
        stop = start + count
        _join_overlapping(
            x[start:stop], y[start:stop], sigma_x[start:stop], sigma_y[start:stop], parent
        )
        head[:count] = -1
        for m in range(count):
            root = _find(parent, m)
            following[m] = head[root]
            head[root] = m
        for root in range(count):
            size = 0
            m = head[root]
            while m >= 0:
                members[size] = m
                size += 1
                m = following[m]
            if size == 0:
                continue
            group += 1
            _group_bounds(
                start, members[:size], edges, share_x, slope_x, share_y, slope_y, photons,
                sigma_x, sigma_y, inverse_variance, seen_by, group, background_known, bounds,
            )  # fmt: skip


@njit(nogil=True, cache=True)
def _group_bounds(
    start: int,
    members: NDArray[np.int64],
    edges: NDArray[np.int64],
    share_x: Image,
    slope_x: Image,
    share_y: Image,
    slope_y: Image,
    photons: Vector,
    sigma_x: Vector,
    sigma_y: Vector,
    inverse_variance: Image,
    seen_by: NDArray[np.int64],
    group: int,
    background_known: bool,
    bounds: Image,
) -> None:
    """Fill and invert one group's matrix: x, y, photons of each member, then the background."""
    size = 3 * members.size + (0 if background_known else 1)
    last = 3 * members.size
    fisher = np.zeros((size, size))
    da = np.empty(3)
    db = np.empty(3)
    for a in range(members.size):
        m = members[a]
        for b in range(a + 1):
            o = members[b]
            left = max(edges[m, 0], edges[o, 0])
            right = min(edges[m, 1], edges[o, 1])
            top = max(edges[m, 2], edges[o, 2])
            bottom = min(edges[m, 3], edges[o, 3])
            for j in range(top, bottom):
                for i in range(left, right):
                    weight = inverse_variance[j, i]
                    u, v = i - edges[m, 0], j - edges[m, 2]
                    da[0] = photons[start + m] * slope_x[m, u] * share_y[m, v]
                    da[1] = photons[start + m] * share_x[m, u] * slope_y[m, v]
                    da[2] = share_x[m, u] * share_y[m, v]
                    u, v = i - edges[o, 0], j - edges[o, 2]
                    db[0] = photons[start + o] * slope_x[o, u] * share_y[o, v]
                    db[1] = photons[start + o] * share_x[o, u] * slope_y[o, v]
                    db[2] = share_x[o, u] * share_y[o, v]
                    for p in range(3):
                        for q in range(3):
                            fisher[3 * a + p, 3 * b + q] += weight * da[p] * db[q]
                    if a == b and not background_known:
                        for p in range(3):
                            fisher[last, 3 * a + p] += weight * da[p]
                        if seen_by[j, i] != group:
                            seen_by[j, i] = group
                            fisher[last, last] += weight
    # a molecule cannot be farther off than its window reaches and still be the one meant
    # (van Trees 1968: a prior adds its information)
    for a in range(members.size):
        k = start + members[a]
        fisher[3 * a, 3 * a] += 1.0 / (_WINDOW_SIGMAS * sigma_x[k]) ** 2
        fisher[3 * a + 1, 3 * a + 1] += 1.0 / (_WINDOW_SIGMAS * sigma_y[k]) ** 2
    scale = np.empty(size)
    for p in range(size):
        scale[p] = 1.0 / math.sqrt(fisher[p, p]) if fisher[p, p] > 0.0 else 0.0
    for p in range(size):
        for q in range(p):
            fisher[p, q] *= scale[p] * scale[q]
            fisher[q, p] = fisher[p, q]
        fisher[p, p] = 1.0 + _RIDGE
    variances = np.linalg.inv(fisher)
    for a in range(members.size):
        k = start + members[a]
        seen = scale[3 * a + 2] > 0.0
        for p in range(3):
            s = scale[3 * a + p]
            bounds[k, p] = s * math.sqrt(variances[3 * a + p, 3 * a + p]) if seen else math.inf
