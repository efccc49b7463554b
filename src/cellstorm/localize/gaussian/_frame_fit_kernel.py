"""All molecules of a frame fitted together by Poisson maximum likelihood (numba).

The model of a frame is a smooth background plus every molecule's pixel-integrated
Gaussian. Molecules are found as significant peaks of the score (what the likelihood
would gain, to first order, from a molecule at a pixel), fitted in sweeps of Fisher
scoring with all others in place, tested, and looked for again in what is left over
(after Holden et al. 2011, DAOSTORM, with a likelihood in place of least squares).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._background_kernel import (
    LEAST_MODEL,
    initial_background,
    refresh_background,
)
from cellstorm.localize.gaussian._fast_math import FAST
from cellstorm.localize.gaussian._frame_model_kernel import (
    MOST_NEIGHBOURS,
    add_spot,
    drop_molecules,
    list_neighbours,
    window,
)
from cellstorm.localize.gaussian._joint_fisher_kernel import joint_variances, mark_insignificant
from cellstorm.localize.gaussian._profile_kernel import fill_profile, fill_profile_with_width
from cellstorm.localize.gaussian._score_kernel import score_map, search_score

__all__ = ["MOLECULE_FIELDS", "fit_frames", "settle"]

MOLECULE_FIELDS = (
    "x",
    "y",
    "photons",
    "background",
    "var_x",
    "var_y",
    "var_photons",
    "chi2",
    "significance",
    "sigma",
    "neighbours",
    "converged",
)

Image = NDArray[np.float32]
Vector = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=FAST)
def _improve(
    data: Image,
    extra: Image,
    model: Image,
    molecules: Vector,
    k: int,
    sigma: float,
    radius: int,
    axes: Vector,
) -> float:
    """One Fisher scoring step of molecule ``k`` with all others in place.

    Returns how far it went, in units of its own standard errors.
    """
    height, width = data.shape
    x, y, photons = molecules[k, 0], molecules[k, 1], molecules[k, 2]
    x0, nx = window(x, radius, width)
    y0, ny = window(y, radius, height)
    fill_profile(x, sigma, x0, nx, axes[0], axes[1])
    fill_profile(y, sigma, y0, ny, axes[2], axes[3])
    g0 = g1 = g2 = 0.0
    h00 = h11 = h22 = h01 = h02 = h12 = 0.0
    for j in range(ny):
        ey = axes[2, j]
        dey = axes[3, j] * photons
        ney = ey * photons
        for i in range(nx):
            mu = model[y0 + j, x0 + i]
            inv = 1.0 / mu
            residual = (data[y0 + j, x0 + i] + extra[y0 + j, x0 + i]) * inv - 1.0
            ex = axes[0, i]
            a = ney * axes[1, i]
            b = dey * ex
            c = ey * ex
            g0 += residual * a
            g1 += residual * b
            g2 += residual * c
            ai = a * inv
            bi = b * inv
            h00 += ai * a
            h01 += ai * b
            h02 += ai * c
            h11 += bi * b
            h12 += bi * c
            h22 += c * c * inv
    # a little damping keeps hopelessly overlapped molecules from running away
    h00 *= 1.001
    h11 *= 1.001
    h22 *= 1.001
    c00 = h11 * h22 - h12 * h12
    c01 = h02 * h12 - h01 * h22
    c02 = h01 * h12 - h02 * h11
    determinant = h00 * c00 + h01 * c01 + h02 * c02
    if not determinant > 1e-30:
        return 0.0
    c11 = h00 * h22 - h02 * h02
    c12 = h01 * h02 - h00 * h12
    c22 = h00 * h11 - h01 * h01
    sx = (c00 * g0 + c01 * g1 + c02 * g2) / determinant
    sy = (c01 * g0 + c11 * g1 + c12 * g2) / determinant
    sn = (c02 * g0 + c12 * g1 + c22 * g2) / determinant
    limit = 0.4 * sigma
    sx = min(max(sx, -limit), limit)
    sy = min(max(sy, -limit), limit)
    sn = min(max(sn, -0.5 * photons), photons)
    new_x = min(max(x + sx, 0.0), float(width))
    new_y = min(max(y + sy, 0.0), float(height))
    new_photons = max(photons + sn, 1.0)
    for j in range(ny):
        row = photons * axes[2, j]
        for i in range(nx):
            model[y0 + j, x0 + i] = max(model[y0 + j, x0 + i] - row * axes[0, i], LEAST_MODEL)
    add_spot(model, new_x, new_y, new_photons, sigma, radius, axes)
    molecules[k, 0] = new_x
    molecules[k, 1] = new_y
    molecules[k, 2] = new_photons
    shift = math.sqrt(sx * sx * h00 + sy * sy * h11 + sn * sn * h22)
    molecules[k, 3] = shift
    return shift


@njit(cache=True, nogil=True)
def settle(
    data: Image,
    extra: Image,
    model: Image,
    molecules: Vector,
    count: int,
    neighbours: NDArray[np.int64],
    sigma: float,
    radius: int,
    sweeps: int,
    tolerance: float,
    axes: Vector,
) -> None:
    """Sweep over the molecules until none moves by ``tolerance`` standard errors."""
    for k in range(count):
        molecules[k, 3] = 1e9
    for _ in range(sweeps):
        worst = 0.0
        for k in range(count):
            unrest = molecules[k, 3]
            for s in range(MOST_NEIGHBOURS):
                m = neighbours[k, s]
                if m < 0:
                    break
                unrest = max(unrest, molecules[m, 3])
            if unrest < tolerance:
                continue
            worst = max(worst, _improve(data, extra, model, molecules, k, sigma, radius, axes))
        if worst < tolerance:
            break


@njit(cache=True, nogil=True, fastmath=FAST)
def _describe(
    data: Image,
    extra: Image,
    model: Image,
    background: Image,
    molecules: Vector,
    k: int,
    sigma: float,
    radius: int,
    axes: Vector,
    row_out: Vector,
) -> None:
    """Goodness of fit, significance and width of molecule ``k`` into its result row."""
    height, width = data.shape
    x, y, photons = molecules[k, 0], molecules[k, 1], molecules[k, 2]
    x0, nx = window(x, radius, width)
    y0, ny = window(y, radius, height)
    fill_profile_with_width(x, sigma, x0, nx, axes[0], axes[1], axes[2])
    fill_profile_with_width(y, sigma, y0, ny, axes[3], axes[4], axes[5])
    chi2 = 0.0
    gained = 0.0
    h_ww = h_wn = h_nn = g_w = g_n = 0.0
    for j in range(ny):
        ey = axes[3, j]
        for i in range(nx):
            mu = model[y0 + j, x0 + i]
            shifted = data[y0 + j, x0 + i] + extra[y0 + j, x0 + i]
            spot = photons * ey * axes[0, i]
            residual = shifted - mu
            chi2 += residual * residual / mu
            gained += shifted * math.log(mu / max(mu - spot, LEAST_MODEL)) - spot
            w = photons * (axes[2, i] * ey + axes[0, i] * axes[5, j])
            n = ey * axes[0, i]
            inv = 1.0 / mu
            h_ww += w * w * inv
            h_wn += w * n * inv
            h_nn += n * n * inv
            g_w += residual * w * inv
            g_n += residual * n * inv
    determinant = h_ww * h_nn - h_wn * h_wn
    wider = (g_w * h_nn - g_n * h_wn) / determinant if determinant > 1e-30 else 0.0
    j = min(max(int(y), 0), height - 1)
    i = min(max(int(x), 0), width - 1)
    row_out[0] = x
    row_out[1] = y
    row_out[2] = photons
    row_out[3] = background[j, i]
    row_out[7] = chi2 / max(nx * ny - 3, 1)
    row_out[8] = max(2.0 * gained, 0.0)
    row_out[9] = min(max(sigma + wider, 0.4 * sigma), 2.5 * sigma)


@njit(cache=True, nogil=True)
def fit_frames(
    frames: NDArray[np.float32],
    extra_variance: NDArray[np.float32],
    seeds: NDArray[np.int64],
    use_seeds: bool,
    sigma: float,
    radius: int,
    background_radius: int,
    search_threshold: float,
    least_ratio: float,
    rounds: int,
    sweeps: int,
    kernel: NDArray[np.float32],
    squared: NDArray[np.float32],
    results: NDArray[np.float64],
    result_frames: NDArray[np.int64],
    models: NDArray[np.float32],
) -> int:
    """Find and fit every molecule of every frame.

    Parameters
    ----------
    frames
        ``(n, height, width)`` float32, photoelectrons.
    extra_variance
        ``(n or 1, height, width)`` float32, variance besides the light's own, e^2.
        The light that a subtracted background had belongs in here too (``data + extra``
        is Poisson with mean ``model + extra``, Huang et al. 2013).
    seeds
        ``(m, 3)`` int64: frame, y, x, ordered by frame: where to begin.
    use_seeds
        False: the first search is one of the score like the later ones.
    sigma
        Standard deviation of the spot, px.
    radius
        Half width of a molecule's window, px.
    background_radius
        Half width of the window that the background is smoothed over, px.
    search_threshold
        Score in standard deviations from which a peak is looked at.
    least_ratio
        Photons over their standard error under which a molecule is dropped.
    rounds, sweeps
        How often to look again in what is left, and the bound on sweeps per round.
    kernel, squared
        ``(2 radius + 1,)`` float32: the spot's profile about a pixel centre, its square.
    results
        Output ``(capacity, 12)`` in the order of `MOLECULE_FIELDS`.
    result_frames
        Output ``(capacity,)``: frame of each row, counted in ``frames``.
    models
        Output ``(n, height, width)`` float32: the fitted model plus ``extra``; pass an
        empty stack when it is not wanted.

    Returns
    -------
    int
        Rows written. Stops at ``capacity``.
    """
    height, width = frames.shape[1], frames.shape[2]
    most = max(16, height * width // 6)
    molecules = np.zeros((most, 5))
    neighbours = np.empty((most, MOST_NEIGHBOURS), dtype=np.int64)
    keep = np.empty(most, dtype=np.bool_)
    span = 2 * radius + 8
    axes = np.empty((4 * (MOST_NEIGHBOURS + 1), span))
    size = 3 * (MOST_NEIGHBOURS + 1)
    fisher = np.empty((size, size))
    derivatives = np.empty(size)
    work = np.empty(size)
    variances = np.empty(3)
    background = np.empty((height, width), dtype=np.float32)
    model = np.empty((height, width), dtype=np.float32)
    score = np.empty((height, width), dtype=np.float32)
    gain = np.empty((height, width), dtype=np.float32)
    reach = 3.0 * sigma
    written = 0
    next_seed = 0
    for frame in range(frames.shape[0]):
        data = frames[frame]
        extra = extra_variance[frame if extra_variance.shape[0] > 1 else 0]
        initial_background(data, extra, background_radius, background)
        for j in range(height):
            for i in range(width):
                model[j, i] = max(background[j, i] + extra[j, i], LEAST_MODEL)
        count = 0
        for turn in range(rounds):
            score_map(data, extra, model, kernel, squared, score, gain)
            before = count
            if use_seeds and turn == 0:
                while next_seed < seeds.shape[0] and seeds[next_seed, 0] == frame:
                    j = seeds[next_seed, 1]
                    i = seeds[next_seed, 2]
                    next_seed += 1
                    if count < most:
                        molecules[count, 0] = i + 0.5
                        molecules[count, 1] = j + 0.5
                        molecules[count, 2] = max(score[j, i] / math.sqrt(gain[j, i]), 5.0)
                        count += 1
            else:
                count = search_score(score, gain, search_threshold, 0.8 * sigma, molecules, count)
            if count == before and turn > 0:
                break
            for k in range(before, count):
                add_spot(
                    model, molecules[k, 0], molecules[k, 1], molecules[k, 2], sigma, radius, axes
                )
            list_neighbours(molecules, count, reach, neighbours)
            settle(
                data, extra, model, molecules, count, neighbours, sigma, radius, sweeps, 0.05, axes
            )
            refresh_background(data, extra, model, background, background_radius)
            for _ in range(4):
                list_neighbours(molecules, count, reach, neighbours)
                gone = mark_insignificant(
                    model, molecules, count, neighbours, sigma, radius, least_ratio, axes,
                    fisher, derivatives, work, keep,
                )  # fmt: skip
                if gone == 0:
                    break
                count = drop_molecules(model, molecules, keep, count, sigma, radius, axes)
                list_neighbours(molecules, count, reach, neighbours)
                settle(
                    data, extra, model, molecules, count, neighbours, sigma, radius, sweeps,
                    0.05, axes,
                )  # fmt: skip
        list_neighbours(molecules, count, reach, neighbours)
        settle(data, extra, model, molecules, count, neighbours, sigma, radius, sweeps, 0.01, axes)
        if models.shape[0] > 0:
            models[frame] = model
        for k in range(count):
            if written >= results.shape[0]:
                return written
            fine = joint_variances(
                model, molecules, k, neighbours, sigma, radius, axes, fisher, derivatives,
                variances, work,
            )  # fmt: skip
            row = results[written]
            _describe(data, extra, model, background, molecules, k, sigma, radius, axes, row)
            for c in range(3):
                row[4 + c] = variances[c] if fine else np.inf
            near = 0
            while near < MOST_NEIGHBOURS and neighbours[k, near] >= 0:
                near += 1
            row[10] = near
            row[11] = 1.0 if fine and molecules[k, 3] < 0.1 else 0.0
            result_frames[written] = frame
            written += 1
    return written
