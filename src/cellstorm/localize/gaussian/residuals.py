"""What the fitted molecules leave of a sample: noise, and background not understood."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from cellstorm.localize.gaussian._score_kernel import score_map

__all__ = ["score_spread", "standing_residual"]

Stack = NDArray[np.float32]
_PATCH_PX = 7
_LEAST_NOISE = 0.5


def score_spread(
    electrons: Stack, variance: Stack, models: Stack, profile: NDArray[np.float32]
) -> float:
    """Real over predicted noise of the likelihood's score.

    1 when camera and noise model are right; below 1 where a codec smoothed the noise
    away, above where the gain was guessed too high.

    Parameters
    ----------
    electrons, variance, models
        ``(n, height, width)`` float32: data, variance besides the light's, and fitted
        model plus that variance, photoelectrons (squared).
    profile
        The PSF along one axis.
    """
    score, gain = np.empty_like(electrons[0]), np.empty_like(electrons[0])
    spreads = []
    for data, extra, model in zip(electrons, variance, models, strict=True):
        score_map(data, extra, model, profile, np.square(profile), score, gain)
        low, high = np.percentile(score, [15.87, 84.13])
        spreads.append(0.5 * (high - low))
    return float(np.clip(np.median(spreads), 0.1, 10.0))


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
