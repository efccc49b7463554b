"""Where a histogram of displacements has its peak, and how sure that is (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["flat_peak", "line_peak"]

_STEPS = 60
_STILL = 1e-3


@njit(cache=True, nogil=True)
def _smoothed_rows(rows: NDArray[np.float64], width: float, smoothed: NDArray[np.float64]) -> None:
    """Gaussian of ``width`` bins along the last axis, the edges repeated."""
    reach = math.ceil(3.0 * width)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    kernel /= kernel.sum()
    count, size = rows.shape
    longer, totals = np.empty(size + 2 * reach), np.empty(size)
    for i in range(count):
        longer[:reach] = rows[i, 0]
        longer[reach : reach + size] = rows[i]
        longer[reach + size :] = rows[i, size - 1]
        totals[:] = 0.0
        for k in range(2 * reach + 1):
            for j in range(size):
                totals[j] += kernel[k] * longer[j + k]
        smoothed[i] = totals


@njit(cache=True, nogil=True)
def flat_peak(
    histogram: NDArray[np.float64], pitch_nm: float, width_nm: float
) -> tuple[float, float, float, float, float]:
    """Find the peak of a histogram of displacements in x and y.

    The histogram, less its median, is seen through a Gaussian of ``width_nm``; the
    highest point of that is found to a fraction of a bin by Newton steps (steps of the
    mean shift, Comaniciu & Meer 2002, eq. 17, where the surface is not concave). The
    variances are the sandwich of an M-estimator (Huber 1967): curvature, scatter of the
    counts (taken as Poisson), curvature.

    Parameters
    ----------
    histogram
        ``(n, n)`` in y and x, the middle of it at zero displacement.
    pitch_nm
        Width of a bin, nm.
    width_nm
        Standard deviation of the Gaussian, nm.

    Returns
    -------
    tuple
        x and y of the peak, nm; their variances, nm^2, infinite where there is no peak in
        that direction; height of the peak over the median, in standard deviations.
    """
    size = histogram.shape[0]
    width = width_nm / pitch_nm
    across = np.empty_like(histogram)
    seen = np.empty_like(histogram)
    _smoothed_rows(histogram, width, across)
    _smoothed_rows(np.ascontiguousarray(across.T), width, seen)
    floor = float(np.median(histogram))
    best = int(np.argmax(seen))
    # seen was turned: its first axis is x
    x, y = float(best // size), float(best % size)
    noise = math.sqrt(max(floor, float(histogram.mean()), 1e-12) / (4.0 * math.pi)) / width
    strength = (float(seen.max()) - float(np.median(seen))) / noise
    middle = 0.5 * (size - 1)
    reach = 3.5 * width
    bell = np.empty(size)
    axx = ayy = axy = bxx = byy = bxy = 0.0
    for _ in range(_STEPS):
        gx = gy = mass = 0.0
        axx = ayy = axy = bxx = byy = bxy = 0.0
        first, after = max(0, int(x - reach)), min(size, int(x + reach) + 2)
        for j in range(first, after):
            bell[j] = math.exp(-0.5 * ((j - x) / width) ** 2)
        for i in range(max(0, int(y - reach)), min(size, int(y + reach) + 2)):
            dy = (i - y) / width
            across_y = math.exp(-0.5 * dy * dy)
            for j in range(first, after):
                dx = (j - x) / width
                g = across_y * bell[j]
                value = (histogram[i, j] - floor) * g
                mass += value
                gx += value * dx
                gy += value * dy
                axx += value * (1.0 - dx * dx)
                ayy += value * (1.0 - dy * dy)
                axy -= value * dx * dy
                scatter = histogram[i, j] * g * g
                bxx += scatter * dx * dx
                byy += scatter * dy * dy
                bxy += scatter * dx * dy
        if mass <= 0.0:
            return 0.0, 0.0, math.inf, math.inf, strength
        determinant = axx * ayy - axy * axy
        if axx > 0.0 and determinant > 0.05 * mass * mass:
            sx = width * (ayy * gx - axy * gy) / determinant
            sy = width * (axx * gy - axy * gx) / determinant
        else:
            sx, sy = width * gx / mass, width * gy / mass
        far = math.hypot(sx, sy)
        if far > width:
            sx, sy = sx * width / far, sy * width / far
        x, y = x + sx, y + sy
        if not (0.0 <= x <= size - 1 and 0.0 <= y <= size - 1):
            return 0.0, 0.0, math.inf, math.inf, strength
        if far < _STILL:
            break
    determinant = axx * ayy - axy * axy
    if axx <= 0.0 or ayy <= 0.0 or determinant <= 1e-6 * mass * mass:
        return 0.0, 0.0, math.inf, math.inf, strength
    # inverse of A times B times inverse of A, its diagonal
    ixx, iyy, ixy = ayy / determinant, axx / determinant, -axy / determinant
    vx = ixx * ixx * bxx + 2.0 * ixx * ixy * bxy + ixy * ixy * byy
    vy = iyy * iyy * byy + 2.0 * iyy * ixy * bxy + ixy * ixy * bxx
    scale = width_nm * width_nm
    return (
        (x - middle) * pitch_nm,
        (y - middle) * pitch_nm,
        max(vx, 0.0) * scale,
        max(vy, 0.0) * scale,
        strength,
    )


@njit(cache=True, nogil=True)
def line_peak(
    histogram: NDArray[np.float64], pitch_nm: float, width_nm: float
) -> tuple[float, float, float]:
    """As `flat_peak` along one axis: position, its variance and the strength.

    ``histogram`` is ``(n,)``.
    """
    size = histogram.size
    width = width_nm / pitch_nm
    seen = np.empty((1, size))
    _smoothed_rows(histogram.reshape(1, size), width, seen)
    floor = float(np.median(histogram))
    z = float(np.argmax(seen[0]))
    noise = math.sqrt(max(floor, float(histogram.mean()), 1e-12) / (2.0 * 1.7724539 * width))
    strength = (float(seen.max()) - float(np.median(seen))) / noise
    middle = 0.5 * (size - 1)
    reach = 3.5 * width
    curved = scattered = 0.0
    for _ in range(_STEPS):
        slope = mass = curved = scattered = 0.0
        for i in range(max(0, int(z - reach)), min(size, int(z + reach) + 2)):
            d = (i - z) / width
            g = math.exp(-0.5 * d * d)
            value = (histogram[i] - floor) * g
            mass += value
            slope += value * d
            curved += value * (1.0 - d * d)
            scattered += histogram[i] * g * g * d * d
        if mass <= 0.0:
            return 0.0, math.inf, strength
        step = width * slope / (curved if curved > 0.2 * mass else mass)
        step = min(max(step, -width), width)
        z += step
        if not 0.0 <= z <= size - 1:
            return 0.0, math.inf, strength
        if abs(step) < _STILL:
            break
    if curved <= 0.0:
        return 0.0, math.inf, strength
    return (z - middle) * pitch_nm, scattered / (curved * curved) * width_nm**2, strength
