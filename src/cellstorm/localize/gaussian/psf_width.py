"""The width of the point spread function, estimated from the molecules themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.localize.gaussian._single_fit_kernel import MAXIMUM_LIKELIHOOD, fit_spots
from cellstorm.localize.gaussian.detectors import NonMaximumSuppression
from cellstorm.localize.gaussian.filters import DifferenceOfGaussians
from cellstorm.localize.gaussian.threshold import noise_scale

__all__ = ["DEFAULT_SIGMA_PX", "PsfWidth", "estimate_psf_width"]

DEFAULT_SIGMA_PX = 1.3
"""What is taken when the movie shows too few molecules to tell."""

_LEAST_MOLECULES = 20
_NARROWEST_PX = 0.6
_WIDEST_PX = 3.5


@dataclass(frozen=True)
class PsfWidth:
    """Width of the PSF and how many molecules it was read from (0: a default)."""

    sigma_px: float
    molecules: int


def _mode(values: NDArray[np.float64]) -> float:
    """Median of the shortest stretch that holds a third of the values."""
    some = np.sort(values)
    third = max(8, some.size // 3)
    if some.size <= third:
        return float(np.median(some))
    widths = some[third - 1 :] - some[: some.size - third + 1]
    start = int(np.argmin(widths))
    return float(np.median(some[start : start + third]))


def estimate_psf_width(
    frames: NDArray[np.float32], variance: NDArray[np.float32], start_px: float = DEFAULT_SIGMA_PX
) -> PsfWidth:
    """Most frequent sigma of bright, well separated molecules.

    Overlapping and defocused molecules only look wider, so the mode of the free-sigma
    fits, not their mean, is the PSF.

    Parameters
    ----------
    frames
        ``(n, height, width)`` float32, photoelectrons.
    variance
        ``(n or 1, height, width)`` float32, variance besides the light's own, e^2.
    start_px
        Where the search begins, px.

    Returns
    -------
    PsfWidth
        Sigma in px; `DEFAULT_SIGMA_PX` with 0 molecules when there are fewer than 20.
    """
    sigma_px = start_px
    used = 0
    for _ in range(3):
        band = DifferenceOfGaussians(narrow_sigma_px=sigma_px, wide_sigma_px=2.0 * sigma_px)
        image = band(frames).image
        radius = max(3, round(3.0 * sigma_px))
        spots = NonMaximumSuppression(radius_px=radius)(image, 5.0 * noise_scale(image))
        # a cut window says little about a width
        height, width = frames.shape[1:]
        inside = (
            (spots[:, 1] >= radius)
            & (spots[:, 1] < height - radius)
            & (spots[:, 2] >= radius)
            & (spots[:, 2] < width - radius)
        )
        spots = spots[inside]
        strength = image[spots[:, 0], spots[:, 1], spots[:, 2]]
        spots = spots[np.sort(np.argsort(strength, kind="stable")[::-1][:4000])]
        results = np.zeros((spots.shape[0], 12))
        fit_spots(
            frames,
            variance,
            np.ascontiguousarray(spots[:, 0]),
            np.ascontiguousarray(spots[:, 1]),
            np.ascontiguousarray(spots[:, 2]),
            radius,
            sigma_px,
            1,
            MAXIMUM_LIKELIHOOD,
            40,
            results,
        )
        good = (results[:, 11] > 0) & (results[:, 10] > 60.0)
        good &= (results[:, 4] > 0.45 * sigma_px) & (results[:, 4] < 2.5 * sigma_px)
        good &= results[:, 2] > 8.0 * np.sqrt(results[:, 8])
        if np.count_nonzero(good) < _LEAST_MOLECULES:
            return PsfWidth(DEFAULT_SIGMA_PX, 0)
        # where molecules crowd, the cleanest fits are those of single ones
        clean = good & (results[:, 9] <= np.median(results[good, 9]))
        used = int(np.count_nonzero(clean))
        fresh = _mode(results[clean, 4])
        fresh = min(max(fresh, _NARROWEST_PX), _WIDEST_PX)
        settled = abs(fresh - sigma_px) < 0.02 * sigma_px
        sigma_px = fresh
        if settled:
            break
    return PsfWidth(round(sigma_px, 3), used)
