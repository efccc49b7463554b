"""Levenberg-Marquardt fit of one pixel-integrated Gaussian per window (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._fast_math import FAST
from cellstorm.localize.gaussian._linear_kernel import cholesky, solve_cholesky
from cellstorm.localize.gaussian._profile_kernel import fill_profile_with_width

__all__ = [
    "LEAST_SQUARES",
    "MAXIMUM_LIKELIHOOD",
    "RESULT_COLUMNS",
    "WEIGHTED_LEAST_SQUARES",
    "fit_spots",
]

MAXIMUM_LIKELIHOOD = 0
WEIGHTED_LEAST_SQUARES = 1
LEAST_SQUARES = 2

RESULT_COLUMNS = (
    "x",
    "y",
    "photons",
    "background",
    "sigma_x",
    "sigma_y",
    "var_x",
    "var_y",
    "var_photons",
    "chi2",
    "significance",
    "converged",
)

Window = NDArray[np.float32]
Scratch = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=FAST)
def _profiles(p: Scratch, x0: int, y0: int, nx: int, ny: int, axes: Scratch) -> None:
    fill_profile_with_width(p[0], p[4], x0, nx, axes[0], axes[1], axes[2])
    fill_profile_with_width(p[1], p[5], y0, ny, axes[3], axes[4], axes[5])


@njit(cache=True, nogil=True, fastmath=FAST)
def _objective(
    data: Window,
    variance: Window,
    x0: int,
    y0: int,
    nx: int,
    ny: int,
    p: Scratch,
    axes: Scratch,
    estimator: int,
) -> float:
    """Half deviance (likelihood) or half the weighted sum of squares, to be minimised."""
    total = 0.0
    for j in range(ny):
        row = p[2] * axes[3, j]
        for i in range(nx):
            model = row * axes[0, i] + p[3]
            value = data[y0 + j, x0 + i]
            extra = variance[y0 + j, x0 + i]
            if estimator == MAXIMUM_LIKELIHOOD:
                mu = max(model + extra, 1e-3)
                shifted = value + extra
                total += mu - shifted * math.log(mu)
            else:
                residual = value - model
                if estimator == WEIGHTED_LEAST_SQUARES:
                    total += 0.5 * residual * residual / (max(value, 1.0) + extra)
                else:
                    total += 0.5 * residual * residual
    return total


@njit(cache=True, nogil=True, fastmath=FAST)
def _normal_equations(
    data: Window,
    variance: Window,
    x0: int,
    y0: int,
    nx: int,
    ny: int,
    p: Scratch,
    axes: Scratch,
    estimator: int,
    width_mode: int,
    n_free: int,
    hessian: Scratch,
    gradient: Scratch,
    spread: Scratch,
    need_spread: bool,
) -> None:
    """Gauss-Newton (Fisher scoring) matrix and gradient; ``spread`` for the sandwich."""
    d = np.empty(6)
    for a in range(n_free):
        gradient[a] = 0.0
        for b in range(a + 1):
            hessian[a, b] = 0.0
            if need_spread:
                spread[a, b] = 0.0
    for j in range(ny):
        ey = axes[3, j]
        dey = axes[4, j] * p[2]
        wey = axes[5, j] * p[2]
        ney = ey * p[2]
        for i in range(nx):
            ex = axes[0, i]
            model = ney * ex + p[3]
            value = data[y0 + j, x0 + i]
            extra = variance[y0 + j, x0 + i]
            mu = max(model + extra, 1e-3)
            if estimator == MAXIMUM_LIKELIHOOD:
                weight = 1.0 / mu
            elif estimator == WEIGHTED_LEAST_SQUARES:
                weight = 1.0 / (max(value, 1.0) + extra)
            else:
                weight = 1.0
            d[0] = ney * axes[1, i]
            d[1] = dey * ex
            d[2] = ey * ex
            d[3] = 1.0
            if width_mode == 1:
                d[4] = ney * axes[2, i] + wey * ex
            elif width_mode == 2:
                d[4] = ney * axes[2, i]
                d[5] = wey * ex
            residual = (value - model) * weight
            for a in range(n_free):
                gradient[a] += residual * d[a]
                wa = weight * d[a]
                for b in range(a + 1):
                    hessian[a, b] += wa * d[b]
                if need_spread:
                    sa = wa * weight * mu
                    for b in range(a + 1):
                        spread[a, b] += sa * d[b]


@njit(cache=True, nogil=True)
def _parameter_variances(
    hessian: Scratch, spread: Scratch, n: int, work: Scratch, out: Scratch
) -> bool:
    """Variances of the first three parameters: ``A^-1 B A^-1`` (A for likelihood: B = A)."""
    if not cholesky(hessian, n):
        return False
    for k in range(3):
        for i in range(n):
            work[i] = 1.0 if i == k else 0.0
        solve_cholesky(hessian, n, work)
        total = 0.0
        for a in range(n):
            for b in range(n):
                total += work[a] * work[b] * (spread[a, b] if a >= b else spread[b, a])
        out[k] = total
    return True


@njit(cache=True, nogil=True, fastmath=FAST)
def fit_spots(
    frames: NDArray[np.float32],
    variance: NDArray[np.float32],
    spot_frame: NDArray[np.int64],
    spot_y: NDArray[np.int64],
    spot_x: NDArray[np.int64],
    radius: int,
    sigma_px: float,
    width_mode: int,
    estimator: int,
    max_iterations: int,
    results: NDArray[np.float64],
) -> None:
    """Fit one Gaussian on a constant background in a square window per spot.

    Parameters
    ----------
    frames
        ``(n, height, width)`` float32, photoelectrons.
    variance
        ``(n or 1, height, width)`` float32, variance that does not come from the light
        (read noise, coding noise), photoelectrons squared. The likelihood treats it as
        Huang et al. 2013 do: ``data + variance`` is Poisson with ``model + variance``.
    spot_frame, spot_y, spot_x
        ``(m,)`` int64: frame in the stack, pixel of the maximum.
    radius
        Window is ``2 radius + 1`` wide, cut at the frame's edges.
    sigma_px
        Start value of sigma, and its value when fixed.
    width_mode
        0 fixed sigma, 1 one free sigma, 2 free sigma in x and y.
    estimator
        `MAXIMUM_LIKELIHOOD`, `WEIGHTED_LEAST_SQUARES` or `LEAST_SQUARES`.
    max_iterations
        Bound on the steps of one fit.
    results
        Output ``(m, 12)`` float64 in the order of `RESULT_COLUMNS`; positions px from the
        outer corner, variances px^2 and photons^2, from the Fisher matrix (likelihood) or
        its sandwich form (least squares).
    """
    height, width = frames.shape[1], frames.shape[2]
    n_free = 4 + width_mode
    axes = np.empty((6, 2 * radius + 1))
    p = np.empty(6)
    trial = np.empty(6)
    gradient = np.empty(6)
    step = np.empty(6)
    hessian = np.empty((6, 6))
    damped = np.empty((6, 6))
    spread = np.empty((6, 6))
    variances = np.empty(3)
    for m in range(spot_frame.size):
        data = frames[spot_frame[m]]
        extra = variance[spot_frame[m] if variance.shape[0] > 1 else 0]
        x0 = max(spot_x[m] - radius, 0)
        y0 = max(spot_y[m] - radius, 0)
        nx = min(spot_x[m] + radius + 1, width) - x0
        ny = min(spot_y[m] + radius + 1, height) - y0
        # start: background from the window's rim, light and centre from what is above it
        rim = 0.0
        rim_count = 0
        rim_square = 0.0
        for j in range(ny):
            for i in range(nx):
                if j == 0 or j == ny - 1 or i == 0 or i == nx - 1:
                    value = data[y0 + j, x0 + i]
                    rim += value
                    rim_square += value * value
                    rim_count += 1
        rim /= rim_count
        light = 0.0
        moment_x = 0.0
        moment_y = 0.0
        weight_sum = 0.0
        for j in range(ny):
            for i in range(nx):
                above = data[y0 + j, x0 + i] - rim
                light += above
                if above > 0 and abs(y0 + j - spot_y[m]) <= 2 and abs(x0 + i - spot_x[m]) <= 2:
                    weight_sum += above
                    moment_x += above * (x0 + i + 0.5)
                    moment_y += above * (y0 + j + 0.5)
        peak = max(data[spot_y[m], spot_x[m]] - rim, 1.0)
        p[0] = moment_x / weight_sum if weight_sum > 0 else spot_x[m] + 0.5
        p[1] = moment_y / weight_sum if weight_sum > 0 else spot_y[m] + 0.5
        most_photons = 20.0 * max(light, 2.0 * math.pi * sigma_px * sigma_px * peak)
        p[2] = max(light, 2.0 * math.pi * sigma_px * sigma_px * peak * 0.5, 5.0)
        p[3] = max(rim, 0.01)
        p[4] = sigma_px
        p[5] = sigma_px
        _profiles(p, x0, y0, nx, ny, axes)
        best = _objective(data, extra, x0, y0, nx, ny, p, axes, estimator)
        damping = 1e-3
        converged = False
        for _ in range(max_iterations):
            _normal_equations(
                data, extra, x0, y0, nx, ny, p, axes, estimator, width_mode, n_free,
                hessian, gradient, spread, False,
            )  # fmt: skip
            accepted = False
            for _attempt in range(6):
                for a in range(n_free):
                    for b in range(a):
                        damped[a, b] = hessian[a, b]
                    damped[a, a] = hessian[a, a] * (1.0 + damping) + 1e-12
                    step[a] = gradient[a]
                if not cholesky(damped, n_free):
                    damping = max(damping, 1e-3) * 10.0
                    continue
                solve_cholesky(damped, n_free, step)
                for a in range(6):
                    trial[a] = p[a]
                for a in range(n_free):
                    trial[a] += step[a]
                if width_mode == 1:
                    trial[5] = trial[4]
                trial[2] = max(trial[2], 0.1 * p[2])
                trial[3] = max(trial[3], 1e-3)
                for a in range(4, 6):
                    trial[a] = min(max(trial[a], 0.4 * sigma_px, 0.35), 3.0 * sigma_px)
                # a fit that leaves the neighbourhood of its maximum fits something else
                trial[0] = min(max(trial[0], spot_x[m] - 1.5), spot_x[m] + 2.5)
                trial[1] = min(max(trial[1], spot_y[m] - 1.5), spot_y[m] + 2.5)
                trial[2] = min(trial[2], most_photons)
                _profiles(trial, x0, y0, nx, ny, axes)
                value = _objective(data, extra, x0, y0, nx, ny, trial, axes, estimator)
                if value <= best + 1e-9 * abs(best):
                    accepted = True
                    break
                damping = max(damping, 1e-3) * 8.0
            if not accepted:
                _profiles(p, x0, y0, nx, ny, axes)
                converged = True
                break
            moved = max(abs(trial[0] - p[0]), abs(trial[1] - p[1]))
            moved = max(moved, abs(trial[4] - p[4]), abs(trial[5] - p[5]))
            changed = abs(trial[2] - p[2]) / p[2]
            for a in range(6):
                p[a] = trial[a]
            best = value
            damping *= 0.1
            if moved < 2e-4 and changed < 1e-4:
                converged = True
                break
        _normal_equations(
            data, extra, x0, y0, nx, ny, p, axes, estimator, width_mode, n_free,
            hessian, gradient, spread, True,
        )  # fmt: skip
        if not _parameter_variances(hessian, spread, n_free, step, variances):
            converged = False
            variances[:] = np.inf
        chi2 = 0.0
        with_spot = 0.0
        total = 0.0
        for j in range(ny):
            row = p[2] * axes[3, j]
            for i in range(nx):
                mu = max(row * axes[0, i] + p[3] + extra[y0 + j, x0 + i], 1e-3)
                shifted = data[y0 + j, x0 + i] + extra[y0 + j, x0 + i]
                chi2 += (shifted - mu) ** 2 / mu
                with_spot += shifted * math.log(mu) - mu
                total += data[y0 + j, x0 + i]
        # without a molecule the best constant background is the window's mean
        mean = total / (nx * ny)
        without = 0.0
        for j in range(ny):
            for i in range(nx):
                mu = max(mean + extra[y0 + j, x0 + i], 1e-3)
                without += (data[y0 + j, x0 + i] + extra[y0 + j, x0 + i]) * math.log(mu) - mu
        results[m, 0] = p[0]
        results[m, 1] = p[1]
        results[m, 2] = p[2]
        results[m, 3] = p[3]
        results[m, 4] = p[4]
        results[m, 5] = p[5]
        results[m, 6] = variances[0]
        results[m, 7] = variances[1]
        results[m, 8] = variances[2]
        results[m, 9] = chi2 / max(nx * ny - n_free, 1)
        results[m, 10] = max(2.0 * (with_spot - without), 0.0)
        results[m, 11] = 1.0 if converged else 0.0
