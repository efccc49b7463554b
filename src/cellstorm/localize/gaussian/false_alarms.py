"""How high a threshold must be for a movie, so that few molecules are false."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["HIGHEST_SNR", "LOWEST_SNR", "least_snr"]

LOWEST_SNR = 3.0
HIGHEST_SNR = 5.0


def least_snr(
    snr: NDArray[np.float64],
    pixels: int,
    sigma_px: float,
    *,
    real_scale: float = 1.0,
    typical_share: float = 0.4,
) -> float:
    """Signal to noise that a molecule needs: few false ones, and no bother with the faint.

    Two demands. Peaks of pure noise may make up a tenth of what is kept; their density
    over a level ``t`` in a Gaussian field smoothed by the PSF is
    ``t exp(-t^2 / 2) / (2 sigma^2 (2 pi)^(3/2))`` per pixel (Adler 1981, eq. 6.2.12).
    And where the typical molecule is far brighter, what is under a share of it is mostly the
    rest of a blink or of a poorly separated pair, and blurs the picture more than it adds.

    Parameters
    ----------
    snr
        Photons over their standard error, noise scale included, of the sample's molecules.
    pixels
        Pixels that the sample has.
    sigma_px
        PSF width, px.
    real_scale
        Real noise over the noise that standard errors are reckoned with.
    typical_share
        That share; 0 leaves the second demand out.
    """
    density = pixels / (2.0 * sigma_px**2 * (2.0 * np.pi) ** 1.5)
    level = HIGHEST_SNR + 1.0
    for t in np.arange(LOWEST_SNR, HIGHEST_SNR + 1.0, 0.1):
        real = t / real_scale
        noise_peaks = density * real * np.exp(-0.5 * real**2)
        if noise_peaks <= 0.1 * np.count_nonzero(snr >= t):
            level = float(t)
            break
    seen = snr[snr >= level]
    typical = typical_share * float(np.median(seen)) if seen.size else LOWEST_SNR
    return round(max(level, min(max(typical, LOWEST_SNR), HIGHEST_SNR)), 2)
