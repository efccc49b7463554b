"""Quick centres without iteration: phasor and radial symmetry (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._profile_kernel import fill_profile

__all__ = ["PHASOR", "RADIAL_SYMMETRY", "centre_spots"]

PHASOR = 0
RADIAL_SYMMETRY = 1

Scratch = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _phasor(window: Scratch, ny: int, nx: int) -> tuple[float, float]:
    """Centre from the phase of the first Fourier coefficient (Martens et al. 2018)."""
    real_x = imaginary_x = real_y = imaginary_y = 0.0
    for j in range(ny):
        for i in range(nx):
            value = window[j, i]
            angle_x = 2.0 * math.pi * (i + 0.5) / nx
            angle_y = 2.0 * math.pi * (j + 0.5) / ny
            real_x += value * math.cos(angle_x)
            imaginary_x += value * math.sin(angle_x)
            real_y += value * math.cos(angle_y)
            imaginary_y += value * math.sin(angle_y)
    x = (math.atan2(imaginary_x, real_x) / (2.0 * math.pi)) % 1.0 * nx
    y = (math.atan2(imaginary_y, real_y) / (2.0 * math.pi)) % 1.0 * ny
    return x, y


@njit(cache=True, nogil=True)
def _radial_symmetry(window: Scratch, ny: int, nx: int) -> tuple[float, float]:
    """The point nearest to all gradient lines (Parthasarathy 2012, eq. 3)."""
    my, mx = ny - 1, nx - 1
    du = np.zeros((my, mx))
    dv = np.zeros((my, mx))
    for j in range(my):
        for i in range(mx):
            du[j, i] = window[j, i + 1] - window[j + 1, i]
            dv[j, i] = window[j, i] - window[j + 1, i + 1]
    # 3 x 3 smoothing of the gradient against noise
    smooth_u = np.zeros((my, mx))
    smooth_v = np.zeros((my, mx))
    for j in range(my):
        for i in range(mx):
            for dj in range(-1, 2):
                for di in range(-1, 2):
                    jj = j + dj
                    ii = i + di
                    if 0 <= jj < my and 0 <= ii < mx:
                        smooth_u[j, i] += du[jj, ii]
                        smooth_v[j, i] += dv[jj, ii]
    total = 0.0
    cx = 0.0
    cy = 0.0
    for j in range(my):
        for i in range(mx):
            square = smooth_u[j, i] ** 2 + smooth_v[j, i] ** 2
            total += square
            cx += square * (i + 1.0)
            cy += square * (j + 1.0)
    if total <= 0.0:
        return 0.5 * nx, 0.5 * ny
    cx /= total
    cy /= total
    # each gradient line as a unit normal; weighted least squares for their crossing
    a00 = a01 = a11 = b0 = b1 = 0.0
    for j in range(my):
        for i in range(mx):
            u, v = smooth_u[j, i], smooth_v[j, i]
            square = u * u + v * v
            if square <= 0.0:
                continue
            # from the diagonal grid back to x and y (rows run downwards)
            gx = (u + v * -1.0) / math.sqrt(2.0)
            gy = -(u + v) / math.sqrt(2.0)
            x = i + 1.0
            y = j + 1.0
            weight = square / max(math.hypot(x - cx, y - cy), 0.1)
            normal_x = -gy / math.sqrt(square)
            normal_y = gx / math.sqrt(square)
            along = normal_x * x + normal_y * y
            a00 += weight * normal_x * normal_x
            a01 += weight * normal_x * normal_y
            a11 += weight * normal_y * normal_y
            b0 += weight * normal_x * along
            b1 += weight * normal_y * along
    determinant = a00 * a11 - a01 * a01
    if not determinant > 1e-12:
        return cx, cy
    return (b0 * a11 - b1 * a01) / determinant, (b1 * a00 - b0 * a01) / determinant


@njit(cache=True, nogil=True)
def centre_spots(
    frames: NDArray[np.float32],
    variance: NDArray[np.float32],
    spot_frame: NDArray[np.int64],
    spot_y: NDArray[np.int64],
    spot_x: NDArray[np.int64],
    radius: int,
    sigma_px: float,
    how: int,
    results: NDArray[np.float64],
) -> None:
    """Centre, light and background of one spot per window.

    Arguments and ``results`` as in `fit_spots`; light and background by linear weighted
    least squares with the spot in place. Position variances by Mortensen et al. 2010,
    eq. 5 (least squares).
    """
    height, width = frames.shape[1], frames.shape[2]
    window = np.empty((2 * radius + 1, 2 * radius + 1))
    axes = np.empty((4, 2 * radius + 1))
    for m in range(spot_frame.size):
        data = frames[spot_frame[m]]
        extra = variance[spot_frame[m] if variance.shape[0] > 1 else 0]
        x0 = max(spot_x[m] - radius, 0)
        y0 = max(spot_y[m] - radius, 0)
        nx = min(spot_x[m] + radius + 1, width) - x0
        ny = min(spot_y[m] + radius + 1, height) - y0
        for j in range(ny):
            for i in range(nx):
                window[j, i] = data[y0 + j, x0 + i]
        x, y = _phasor(window, ny, nx) if how == PHASOR else _radial_symmetry(window, ny, nx)
        x = min(max(x0 + x, float(x0)), float(x0 + nx))
        y = min(max(y0 + y, float(y0)), float(y0 + ny))
        fill_profile(x, sigma_px, x0, nx, axes[0], axes[1])
        fill_profile(y, sigma_px, y0, ny, axes[2], axes[3])
        s1 = ss = sd = d1 = 0.0
        for j in range(ny):
            for i in range(nx):
                spot = axes[2, j] * axes[0, i]
                s1 += spot
                ss += spot * spot
                sd += spot * window[j, i]
                d1 += window[j, i]
        pixels = nx * ny
        determinant = pixels * ss - s1 * s1
        photons = max((pixels * sd - s1 * d1) / determinant, 1.0)
        background = (d1 - photons * s1) / pixels
        chi2 = 0.0
        noise = 0.0
        gained = 0.0
        mean = d1 / pixels
        for j in range(ny):
            for i in range(nx):
                spot = photons * axes[2, j] * axes[0, i]
                e = extra[y0 + j, x0 + i]
                mu = max(background + spot + e, 1e-3)
                flat = max(mean + e, 1e-3)
                shifted = window[j, i] + e
                chi2 += (shifted - mu) ** 2 / mu
                noise += max(background + e, 0.0)
                gained += shifted * math.log(mu / flat) - mu + flat
        noise /= pixels
        wide = sigma_px * sigma_px + 1.0 / 12.0
        tau = 2.0 * math.pi * noise * wide / photons
        results[m, 0] = x
        results[m, 1] = y
        results[m, 2] = photons
        results[m, 3] = background
        results[m, 4] = sigma_px
        results[m, 5] = sigma_px
        results[m, 6] = wide / photons * (16.0 / 9.0 + 4.0 * tau)
        results[m, 7] = results[m, 6]
        results[m, 8] = photons + noise * pixels * pixels / max(determinant, 1e-9)
        results[m, 9] = chi2 / max(pixels - 4, 1)
        results[m, 10] = max(2.0 * gained, 0.0)
        results[m, 11] = 1.0
