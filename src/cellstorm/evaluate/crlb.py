"""The Cramer-Rao bound: how well a molecule can be localized at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

__all__ = ["LocalizationBound", "localization_bound"]


@dataclass(frozen=True)
class LocalizationBound:
    """Least standard errors, each ``(n,)`` float64: positions in px, light in photons."""

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    photons: NDArray[np.float64]
    background_photons: NDArray[np.float64]


def _profile(
    centre_px: NDArray[np.float64], sigma_px: float, size_px: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Light per pixel along an axis and its derivative by the centre, ``(n, size_px)``."""
    edges = np.arange(size_px + 1)[None, :] - centre_px[:, None]
    share = np.diff(0.5 * erf(edges / (np.sqrt(2.0) * sigma_px)), axis=1)
    bell = np.exp(-0.5 * np.square(edges / sigma_px)) / (np.sqrt(2.0 * np.pi) * sigma_px)
    return share, -np.diff(bell, axis=1)


def localization_bound(
    x_px: ArrayLike,
    y_px: ArrayLike,
    photons: ArrayLike,
    background_photons: ArrayLike,
    *,
    sigma_px: float,
    size_px: int,
    extra_variance_e2: float = 0.0,
) -> LocalizationBound:
    """Bound for one molecule on an unknown constant background in a square window.

    Inverse of the Fisher matrix of position, photons and background under Poisson noise
    (Smith et al. 2010, eq. 6-8); noise that is not the light's adds to the variance
    (Huang et al. 2013).

    Parameters
    ----------
    x_px, y_px
        Positions from the window's outer corner, px, ``(n,)``.
    photons, background_photons
        Light of the molecule and of each pixel under it.
    sigma_px
        Standard deviation of the pixel-integrated Gaussian, known.
    size_px
        Edge of the window.
    extra_variance_e2
        Variance of a pixel besides the light's own, e.g. read noise squared.

    Returns
    -------
    LocalizationBound
        Standard errors that no unbiased estimator stays under.
    """
    x, y, light, background = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(v, np.float64))
            for v in (x_px, y_px, photons, background_photons)
        )
    )
    share_x, slope_x = _profile(x, sigma_px, size_px)
    share_y, slope_y = _profile(y, sigma_px, size_px)
    spot = share_y[:, :, None] * share_x[:, None, :]
    derivatives = np.stack(
        [
            light[:, None, None] * share_y[:, :, None] * slope_x[:, None, :],
            light[:, None, None] * slope_y[:, :, None] * share_x[:, None, :],
            spot,
            np.ones_like(spot),
        ],
        axis=1,
    )
    expected = light[:, None, None] * spot + background[:, None, None] + extra_variance_e2
    weighted = derivatives / np.maximum(expected, 1e-12)[:, None]
    fisher = np.einsum("naij,nbij->nab", weighted, derivatives)
    errors = np.sqrt(np.diagonal(np.linalg.inv(fisher), axis1=1, axis2=2))
    return LocalizationBound(errors[:, 0], errors[:, 1], errors[:, 2], errors[:, 3])
