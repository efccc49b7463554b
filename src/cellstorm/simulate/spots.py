"""Windows with one molecule each and exact truth, to test fits on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellstorm.simulate._spot_kernel import add_spots

__all__ = ["IsolatedSpots", "isolated_spots"]


@dataclass(frozen=True)
class IsolatedSpots:
    """Single-molecule windows and their truth.

    Attributes
    ----------
    windows
        ``(n, size, size)`` float32 photoelectrons with noise.
    expected
        ``(n, size, size)`` float32 photoelectrons without noise.
    x_px, y_px
        ``(n,)`` positions from the window's outer corner, px.
    photons, background_photons
        ``(n,)`` light of the molecule and of each pixel under it.
    sigma_px
        Standard deviation of the PSF, px.
    """

    windows: NDArray[np.float32]
    expected: NDArray[np.float32]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    photons: NDArray[np.float64]
    background_photons: NDArray[np.float64]
    sigma_px: float


def isolated_spots(
    count: int,
    *,
    photons: ArrayLike = 1000.0,
    background_photons: ArrayLike = 10.0,
    sigma_px: float = 1.3,
    size_px: int = 9,
    read_noise_e: float = 0.0,
    x_px: ArrayLike | None = None,
    y_px: ArrayLike | None = None,
    seed: int = 0,
) -> IsolatedSpots:
    """Draw windows of one molecule each: pixel-integrated Gaussian, Poisson, read noise.

    Parameters
    ----------
    count
        Number of windows.
    photons, background_photons
        One value, or ``(count,)``.
    sigma_px
        Standard deviation of the PSF, px.
    size_px
        Edge of the square window.
    read_noise_e
        RMS of the normal noise added, electrons.
    x_px, y_px
        Positions from the window's outer corner, one value or ``(count,)``; uniform
        over the middle pixel (an even window: the pixel after the middle) when None.
    seed
        Same seed, same windows.
    """
    random = np.random.default_rng(seed)

    def per_spot(values: ArrayLike) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(values, np.float64), (count,)).copy()

    middle = size_px // 2
    x = per_spot(middle + random.random(count) if x_px is None else x_px)
    y = per_spot(middle + random.random(count) if y_px is None else y_px)
    light, background = per_spot(photons), per_spot(background_photons)
    expected = np.empty((count, size_px, size_px), np.float32)
    expected[:] = background[:, None, None]
    add_spots(np.arange(count), x, y, light, sigma_px, expected)
    windows = random.poisson(expected).astype(np.float32)
    if read_noise_e > 0:
        windows += read_noise_e * random.standard_normal(expected.shape, dtype=np.float32)
    return IsolatedSpots(windows, expected, x, y, light, background, sigma_px)
