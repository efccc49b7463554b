"""What the fitted molecules leave of a sample: noise, and background not understood."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter

from cellstorm.localize.gaussian._score_kernel import score_map

__all__ = ["NoiseByLevel", "score_spread", "standing_residual"]

Stack = NDArray[np.float32]
_PATCH_PX = 7
_COARSE_PX = 4
_COARSE_NEIGHBOURS = 9
_LEVELS = 6
# a background that varies by less is taken for even
_EVEN_SHARE = 0.3
_LEAST_LEVEL_E = 5.0
_LEAST_NOISE = 0.5


@dataclass(frozen=True)
class NoiseByLevel:
    """Real over predicted noise, overall and where the background is dim or bright.

    Attributes
    ----------
    overall
        Of all pixels.
    level
        ``(bins,)`` background in photoelectrons, rising; one bin where it is even.
    spread
        ``(bins,)`` real over predicted noise there.
    """

    overall: float
    level: tuple[float, ...]
    spread: tuple[float, ...]


def score_spread(
    electrons: Stack, variance: Stack, models: Stack, profile: NDArray[np.float32]
) -> NoiseByLevel:
    """Real over predicted noise of the likelihood's score.

    1 when camera and noise model are right; below 1 where a codec smoothed the noise
    away, above where the gain was guessed too high. An image processor that denoises and
    sharpens makes it differ between dim and bright places, so it is measured in both.

    Parameters
    ----------
    electrons, variance, models
        ``(n, height, width)`` float32: data, variance besides the light's, and fitted
        model plus that variance, photoelectrons (squared).
    profile
        The PSF along one axis.
    """
    scores = np.empty_like(electrons)
    levels = np.empty_like(electrons)
    gain = np.empty_like(electrons[0])
    overall = []
    for data, extra, model, score, level in zip(
        electrons, variance, models, scores, levels, strict=True
    ):
        score_map(data, extra, model, profile, np.square(profile), score, gain)
        overall.append(_half_width(score))
        level[:] = _background_level(model - extra)
    edges = np.quantile(levels, np.linspace(0.0, 1.0, _LEVELS + 1))
    even = edges[-2] - edges[1] < _EVEN_SHARE * max(edges[-2], _LEAST_LEVEL_E)
    typical = _bounded(float(np.median(overall)))
    if even:
        return NoiseByLevel(typical, (float(np.median(levels)),), (typical,))
    bins = [(levels >= low) & (levels <= high) for low, high in pairwise(edges)]
    return NoiseByLevel(
        typical,
        tuple(float(np.median(levels[chosen])) for chosen in bins),
        tuple(_bounded(_lower_width(scores[chosen])) for chosen in bins),
    )


def _half_width(values: NDArray[np.float32]) -> float:
    low, high = np.percentile(values, [15.87, 84.13])
    return 0.5 * float(high - low)


def _lower_width(values: NDArray[np.float32]) -> float:
    """Standard deviation as the values under the median tell it, far ones included.

    What a codec leaves of noise is nearly nothing in most places and much in some: its
    middle says little of how high its peaks are. Molecules are only on the other side.
    """
    far, low, middle = np.percentile(values, [0.135, 2.28, 50.0])
    return max(_half_width(values), float(middle - low) / 2.0, float(middle - far) / 3.0)


def _bounded(spread: float) -> float:
    return float(np.clip(spread, 0.1, 10.0))


def _background_level(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light without molecules: the median of a coarse grid's neighbourhoods."""
    coarse = median_filter(light[::_COARSE_PX, ::_COARSE_PX], _COARSE_NEIGHBOURS, mode="nearest")
    rows, columns = (np.arange(size) // _COARSE_PX for size in light.shape)
    level: NDArray[np.float32] = coarse[rows[:, None], columns[None, :]]
    return level


def standing_residual(electrons: Stack, variance: Stack, models: Stack) -> float:
    """How much background structure the model misses, in standard errors of a patch.

    Noise and blinking average out over the frames; light that is always there and that
    the smooth background cannot follow does not.

    Parameters
    ----------
    electrons, variance, models
        As for `score_spread`.

    Returns
    -------
    float
        Root mean square over patches of 7 x 7 px; about 1 when nothing is missed.
    """
    relative = (electrons + variance - models) / np.sqrt(models)
    low, high = np.percentile(relative[0], [15.87, 84.13])
    # a codec takes noise away, and structure stands out of what is left; not of nothing
    relative /= max(0.5 * float(high - low), _LEAST_NOISE)
    mean = relative.mean(axis=0) * np.sqrt(electrons.shape[0])
    return float(np.std(uniform_filter(mean, _PATCH_PX) * _PATCH_PX))
