"""Smoothing of a random walk seen through noise (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["likeliest_walk", "smooth_walk"]

# stands for "nothing is known", nm^2: of a shift before it was measured
_UNKNOWN = 1e12


@njit(cache=True, nogil=True)
def smooth_walk(
    seen_nm: NDArray[np.float64],
    variance_nm2: NDArray[np.float64],
    step_nm2: NDArray[np.float64],
    smoothed_nm: NDArray[np.float64],
    smoothed_nm2: NDArray[np.float64],
) -> None:
    """Kalman filter of the local-level model, then the smoother of Rauch, Tung & Striebel 1965.

    Parameters
    ----------
    seen_nm
        Measured shifts, ``(n,)``, nm.
    variance_nm2
        Their variances, ``(n,)``, nm^2; infinite where nothing was measured.
    step_nm2
        Variance of the walk's step from k to k + 1, ``(n - 1,)``, nm^2.
    smoothed_nm, smoothed_nm2
        Written: the smoothed walk and its variance, ``(n,)``.
    """
    count = seen_nm.size
    mean, spread = 0.0, _UNKNOWN
    for k in range(count):
        if k > 0:
            spread += step_nm2[k - 1]
        if math.isfinite(variance_nm2[k]):
            total = spread + variance_nm2[k]
            error = seen_nm[k] - mean
            gain = spread / total
            mean += gain * error
            spread *= 1.0 - gain
        smoothed_nm[k] = mean
        smoothed_nm2[k] = spread
    for k in range(count - 2, -1, -1):
        ahead = smoothed_nm2[k] + step_nm2[k]
        gain = smoothed_nm2[k] / ahead if ahead > 0.0 else 1.0
        smoothed_nm[k] += gain * (smoothed_nm[k + 1] - smoothed_nm[k])
        smoothed_nm2[k] += gain * gain * (smoothed_nm2[k + 1] - ahead)


@njit(cache=True, nogil=True)
def likeliest_walk(
    seen_nm: NDArray[np.float64],
    variance_nm2: NDArray[np.float64],
    gaps: NDArray[np.float64],
    extra_nm2: NDArray[np.float64],
    steps_nm2: NDArray[np.float64],
    noises: NDArray[np.float64],
) -> tuple[float, float]:
    """The variance per step and the factor on the variances under which all is likeliest.

    Parameters
    ----------
    seen_nm, variance_nm2
        As in `smooth_walk`.
    gaps
        Lengths of the steps, ``(n - 1,)``, in usual steps.
    extra_nm2
        Added to the variances of the steps, ``(n - 1,)``, nm^2.
    steps_nm2, noises
        Values to choose from.

    Returns
    -------
    tuple
        Variance of a usual step, nm^2, and the factor.
    """
    best, best_step, best_noise = -math.inf, steps_nm2[0], 1.0
    for noise in noises:
        for step in steps_nm2:
            likelihood = _likelihood(seen_nm, variance_nm2, gaps, extra_nm2, step, noise)
            if likelihood > best:
                best, best_step, best_noise = likelihood, step, noise
    return best_step, best_noise


@njit(cache=True, nogil=True)
def _likelihood(
    seen_nm: NDArray[np.float64],
    variance_nm2: NDArray[np.float64],
    gaps: NDArray[np.float64],
    extra_nm2: NDArray[np.float64],
    step_nm2: float,
    noise: float,
) -> float:
    mean, spread, likelihood = 0.0, _UNKNOWN, 0.0
    product, known = 1.0, False
    for k in range(seen_nm.size):
        if k > 0:
            spread += step_nm2 * gaps[k - 1] + extra_nm2[k - 1]
        if not math.isfinite(variance_nm2[k]):
            continue
        total = spread + noise * variance_nm2[k]
        error = seen_nm[k] - mean
        if known:
            likelihood -= 0.5 * error * error / total
            # one logarithm for many factors
            product *= total
            if product > 1e100 or product < 1e-100:
                likelihood -= 0.5 * math.log(product)
                product = 1.0
        known = True
        gain = spread / total
        mean += gain * error
        spread *= 1.0 - gain
    return likelihood - 0.5 * math.log(product)
