"""Localization precision by formula (the Fisher matrix's comes with each fit)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["mortensen_px"]

Numbers = NDArray[np.floating]


def mortensen_px(
    photons: Numbers,
    sigma_px: Numbers | float,
    background_variance: Numbers,
    *,
    least_squares: bool = False,
) -> NDArray[np.float64]:
    """Lateral precision of a Gaussian spot on a flat background.

    Mortensen et al. 2010, eq. 5 (least squares) and, for the likelihood, its closed
    approximation by Rieger and Stallinga 2014, as ThunderSTORM prints them.

    Parameters
    ----------
    photons
        Light of the molecule, ``(m,)``.
    sigma_px
        Standard deviation of the spot, px.
    background_variance
        Variance of a background pixel, photons^2.
    least_squares
        For a least-squares fit instead of maximum likelihood.

    Returns
    -------
    NDArray[np.float64]
        ``(m,)`` standard error along one axis, px.
    """
    wide = np.square(np.asarray(sigma_px, dtype=np.float64)) + 1.0 / 12.0
    light = np.maximum(np.asarray(photons, dtype=np.float64), 1e-6)
    tau = 2.0 * np.pi * np.maximum(background_variance, 0.0) * wide / light
    factor = (
        16.0 / 9.0 + 4.0 * tau
        if least_squares
        else 1.0 + 4.0 * tau + np.sqrt(2.0 * tau / (1.0 + 4.0 * tau))
    )
    return np.asarray(np.sqrt(wide / light * factor), dtype=np.float64)
