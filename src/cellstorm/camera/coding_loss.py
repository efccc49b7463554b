"""What a video codec leaves of noise, and how far that can be undone."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

__all__ = ["LOSSLESS_CODECS", "RestoredVariance", "restore_variance"]

LOSSLESS_CODECS = ("ffv1", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "png", "magicyuv")
"""ffmpeg's names of codecs that keep every grey value."""

# Measured with x264 165 on white noise around a constant grey value, quantisers QP 16 to 32,
# intra and inter pictures alike: standard deviation before coding in quantiser steps, and the
# share of the variance that is left. With a plain dead zone (trellis 0: fast presets, and what
# a chip does) the quantiser shrinks every coefficient; with a search for the best
# coefficients (trellis) it does so only for the small ones.
_DEVIATION = (0.25, 0.30, 0.35, 0.40, 0.50, 0.60, 0.80, 1.1, 1.5, 2.2, 5.0, 20.0)
_KEPT_DEAD_ZONE = (0.074, 0.199, 0.368, 0.52, 0.689, 0.758, 0.80, 0.837, 0.866, 0.907, 0.96, 0.99)
_KEPT_SEARCHED = (0.022, 0.075, 0.28, 0.59, 0.90, 0.965, 0.97, 0.98, 0.985, 0.995, 1.0, 1.0)
# under four tenths of a step little is left, and it depends on what an encoder skips
_LEAST_LEFT = 0.09
# how far other scenes than even ones lie off the curves: relative errors of the variance
_CURVE_ERROR, _ERROR_GROWS_UNDER = 0.04, 0.2


@dataclass(frozen=True)
class RestoredVariance:
    """Variance before coding, between what two kinds of encoder would have had.

    Attributes
    ----------
    variance_adu2
        Geometric middle of the two, any shape; NaN where too little is left to tell.
    log_half_width
        Natural logarithm of either one over the middle; NaN likewise. Positive where the
        encoder with the dead zone had more.
    relative_error
        How far the curves themselves may be off, all of them the same way; 0 where nothing
        was lost.
    """

    variance_adu2: NDArray[np.float64]
    log_half_width: NDArray[np.float64]
    relative_error: NDArray[np.float64]


def restore_variance(
    left_adu2: NDArray[np.floating], step_adu: NDArray[np.floating]
) -> RestoredVariance:
    """The variance of white noise before coding, from that after it.

    Parameters
    ----------
    left_adu2
        Variance over time of decoded pixels, any shape.
    step_adu
        Quantiser step there (`cellstorm.movie.quantiser_step`), same shape; zero where
        nothing was lost.

    Returns
    -------
    RestoredVariance
        Same shape.
    """
    left, step = np.broadcast_arrays(
        np.asarray(left_adu2, dtype=np.float64), np.asarray(step_adu, dtype=np.float64)
    )
    coded = step > 0
    # decoding rounds to whole grey values once more
    decoded = np.where(coded, left - 1.0 / 12.0, left)
    with np.errstate(divide="ignore", invalid="ignore"):
        in_steps = np.where(coded, decoded / np.where(coded, step, 1.0) ** 2, np.inf)
    usable = coded & (in_steps > _LEAST_LEFT)
    log_left = np.log(np.where(usable, in_steps, 1.0))
    dead_zone, searched = (curve(log_left) for curve in _curves())
    middle = np.exp((dead_zone + searched) / 2) * decoded
    half = (dead_zone - searched) / 2
    error = _CURVE_ERROR * (1.0 + _ERROR_GROWS_UNDER / np.where(usable, in_steps, 1.0))
    return RestoredVariance(
        np.where(coded, np.where(usable, middle, np.nan), left),
        np.where(coded, np.where(usable, half, np.nan), 0.0),
        np.where(coded, np.where(usable, error, np.nan), 0.0),
    )


@cache
def _curves() -> tuple[PchipInterpolator, PchipInterpolator]:
    """Log of variance before over after, as functions of the log of what is left."""
    deviation = np.asarray(_DEVIATION)
    curves = []
    for kept in (_KEPT_DEAD_ZONE, _KEPT_SEARCHED):
        left = np.log(np.asarray(kept) * deviation**2)
        loss = -np.log(kept)
        # constant beyond both ends
        x = np.concatenate([[left[0] - 20.0], left, [left[-1] + 20.0]])
        y = np.concatenate([[loss[0]], loss, [loss[-1]]])
        curves.append(PchipInterpolator(x, y))
    return curves[0], curves[1]
