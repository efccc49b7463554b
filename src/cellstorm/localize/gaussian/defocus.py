"""Whether a movie's molecules differ in width: defocus, or 3D by astigmatism."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.localize.gaussian._single_fit_kernel import MAXIMUM_LIKELIHOOD, fit_spots
from cellstorm.localize.gaussian.detectors import NonMaximumSuppression
from cellstorm.localize.gaussian.filters import DifferenceOfGaussians
from cellstorm.localize.gaussian.threshold import noise_scale

__all__ = ["WidthVariety", "width_variety"]

_LEAST_MOLECULES = 15
_LEAST_SNR = 12.0
_WIDE = 1.35


@dataclass(frozen=True)
class WidthVariety:
    """How the widths of bright, well separated molecules are spread.

    Attributes
    ----------
    molecules
        How many it was read from; 0 when there are too few.
    wide_share
        Share that is over 1.35 times as wide as the PSF along x or y.
    wide_px
        Width that four in five stay under, px.
    """

    molecules: int
    wide_share: float
    wide_px: float


def width_variety(
    frames: NDArray[np.float32], variance: NDArray[np.float32], sigma_px: float
) -> WidthVariety:
    """Fit elliptical widths to bright molecules.

    Means something for sparse movies only: two neighbours in one window look wide.

    Parameters
    ----------
    frames, variance
        ``(n, height, width)`` float32 photoelectrons, and the variance besides the light's.
    sigma_px
        Width of the PSF in focus, px.
    """
    reach = math.ceil(6.0 * sigma_px)
    band = DifferenceOfGaussians(narrow_sigma_px=1.4 * sigma_px, wide_sigma_px=3.0 * sigma_px)
    image = band(frames).image
    spots = NonMaximumSuppression(radius_px=reach)(image, 6.0 * noise_scale(image))
    none = WidthVariety(0, 0.0, sigma_px)
    if spots.shape[0] < _LEAST_MOLECULES:
        return none
    results = np.empty((spots.shape[0], 12))
    frame, rows, columns = (np.ascontiguousarray(spots[:, c]) for c in range(3))
    fit_spots(
        frames,
        variance,
        frame,
        rows,
        columns,
        reach,
        1.3 * sigma_px,
        2,
        MAXIMUM_LIKELIHOOD,
        60,
        results,
    )
    bright = (results[:, 11] > 0) & (results[:, 2] > _LEAST_SNR * np.sqrt(results[:, 8]))
    if np.count_nonzero(bright) < _LEAST_MOLECULES:
        return none
    widths = results[bright, 4:6].max(axis=1)
    return WidthVariety(
        molecules=int(widths.size),
        wide_share=float(np.mean(widths > _WIDE * sigma_px)),
        wide_px=float(np.percentile(widths, 80)),
    )
