"""How the noise of recorded values depends on their mean, ends of the scale included."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ResponseCurve", "response_curve"]

_NODES = np.linspace(-5.0, 5.0, 161)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()
_LEVELS = 240


@dataclass(frozen=True, eq=False)
class ResponseCurve:
    """Mean and variance of recorded values over rising light.

    Attributes
    ----------
    light_adu
        ``(n,)`` float64, the value a linear camera would have given on average.
    mean_adu, variance_adu2
        ``(n,)`` float64 of what is recorded.
    """

    light_adu: NDArray[np.float64]
    mean_adu: NDArray[np.float64]
    variance_adu2: NDArray[np.float64]

    def variance_at(self, mean_adu: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of pixels with the given means."""
        values: NDArray[np.float64] = np.interp(mean_adu, self.mean_adu, self.variance_adu2)
        return values


def response_curve(
    *,
    offset_adu: float,
    gain_e_per_adu: float,
    read_noise_e: float,
    knee_adu: float,
    ceiling_adu: float,
    dark_clip_adu: float | None,
    rounding_adu: float = 1.0,
    highest_adu: float | None = None,
) -> ResponseCurve:
    """Noise over brightness for a linear sensor whose values end at both sides.

    Under the knee ``k`` the variance is ``(mean - offset) / gain + (read / gain)^2 +
    rounding^2 / 12`` (Janesick 2007, Photon Transfer, eq. 5.1). From the knee on values bend
    towards the ceiling ``t``, ``k + (t - k)(1 - exp(-(v - k) / (t - k)))``: the same slope at
    the knee, a hard stop where both are equal. Values at or under ``dark_clip_adu`` become
    0, as phones do it. Counts of light have their width and skewness.

    Parameters
    ----------
    offset_adu, gain_e_per_adu, read_noise_e
        Of the camera.
    knee_adu, ceiling_adu
        Where values start to bend, and what they never pass.
    dark_clip_adu
        Largest clipped value; clipped ones become 0. None: not clipped.
    rounding_adu
        Step of recorded values.
    highest_adu
        Brightest light of interest; the ceiling and a bit by default.
    """
    top = ceiling_adu if highest_adu is None else min(highest_adu, ceiling_adu)
    reach = top + 2.0 * max(ceiling_adu - knee_adu, 0.0) if highest_adu is None else top * 1.3
    light = np.linspace(offset_adu, max(reach, offset_adu + 1.0), _LEVELS)
    variance = (light - offset_adu) / gain_e_per_adu + (read_noise_e / gain_e_per_adu) ** 2
    deviation = np.sqrt(variance)[:, None]
    # light's counts lean to the right (Cornish & Fisher 1938, first term)
    skewness = ((light - offset_adu) / gain_e_per_adu**2)[:, None] / deviation**3
    values = light[:, None] + deviation * (_NODES + skewness / 6.0 * (_NODES**2 - 1.0))
    rounded = np.full_like(values, rounding_adu**2 / 12.0)
    span = max(ceiling_adu - knee_adu, 1e-6 * ceiling_adu)
    over = values > knee_adu
    bent = knee_adu + span * -np.expm1(-np.maximum(values - knee_adu, 0.0) / span)
    recorded = np.where(over, bent, values)
    if dark_clip_adu is not None:
        # what lies up to half a step over 0 rounds to it
        limit = dark_clip_adu if dark_clip_adu > 0 else 0.5 * rounding_adu
        clipped = _share_below(values, limit)
        recorded = recorded * (1.0 - clipped)
        rounded = rounded * (1.0 - clipped)
        second = ((recorded**2 / np.maximum(1.0 - clipped, 1e-12)) * _WEIGHTS).sum(axis=1)
        mean = (recorded * _WEIGHTS).sum(axis=1)
        if dark_clip_adu <= 0:
            # whole values instead of a continuum that starts at the limit (Euler-Maclaurin)
            normal = np.exp(-0.5 * ((limit - light) / deviation[:, 0]) ** 2)
            density = normal / (np.sqrt(2.0 * np.pi) * deviation[:, 0])
            mean = mean + density * rounding_adu**2 / 12.0
        spread = second - mean**2
    else:
        mean = (recorded * _WEIGHTS).sum(axis=1)
        spread = ((recorded - mean[:, None]) ** 2 * _WEIGHTS).sum(axis=1)
    total = spread + (rounded * _WEIGHTS).sum(axis=1)
    rising = np.maximum.accumulate(mean)
    return ResponseCurve(light, rising + 1e-9 * np.arange(light.size), total)


def _share_below(values: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Which share of the cell of each node lies under the limit: smooth in all parameters."""
    step = (values[:, 1:2] - values[:, :1]) + 1e-12
    share: NDArray[np.float64] = np.clip((limit - values) / step + 0.5, 0.0, 1.0)
    return share
