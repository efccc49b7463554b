"""Tone curves: how a processor bends linear values for the eye."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.camera import ToneCurve
from cellstorm.parameters import Parameters

__all__ = ["GammaTone", "MeasuredTone", "SrgbTone", "Tone"]

_PAIRS = 257


class GammaTone(Parameters):
    """``y = ((x + t)^(1/gamma) - t^(1/gamma)) / ((1 + t)^(1/gamma) - t^(1/gamma))``.

    ``x`` is the light from black (0) to the largest value (1); the toe ``t`` keeps the
    slope at black finite. Under black the curve goes on as a line.
    """

    kind: Literal["gamma"] = "gamma"
    gamma: float = Field(2.2, ge=1, le=5, description="exponent, no unit")
    toe: float = Field(
        0.01, ge=1e-4, le=1, description="share of the range in which the curve is straight"
    )
    black_adu: float = Field(0.0, ge=0, le=1e5, description="linear value that becomes black, ADU")

    def curve(self, top_adu: float) -> ToneCurve:
        """The curve as pairs of values, from black to ``top_adu``."""
        # denser where it bends most
        x = np.linspace(0.0, 1.0, _PAIRS) ** 2
        power = 1.0 / self.gamma
        low, high = self.toe**power, (1.0 + self.toe) ** power
        y = ((x + self.toe) ** power - low) / (high - low)
        return _curve(x, y, self.black_adu, top_adu)


class SrgbTone(Parameters):
    """The sRGB curve (IEC 61966-2-1): a line near black, then a power of 1/2.4."""

    kind: Literal["srgb"] = "srgb"
    black_adu: float = Field(0.0, ge=0, le=1e5, description="linear value that becomes black, ADU")

    def curve(self, top_adu: float) -> ToneCurve:
        """The curve as pairs of values, from black to ``top_adu``."""
        x = np.linspace(0.0, 1.0, _PAIRS) ** 2
        y = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1.0 / 2.4) - 0.055)
        return _curve(x, y, self.black_adu, top_adu)


class MeasuredTone(Parameters):
    """A curve that was measured, as pairs of grey values and linear ADU."""

    kind: Literal["measured"] = "measured"
    pairs: ToneCurve = Field(description="grey values and the linear ADU they stand for")

    def curve(self, top_adu: float) -> ToneCurve:
        """The pairs themselves; ``top_adu`` plays no part."""
        return self.pairs


Tone = Annotated[GammaTone | SrgbTone | MeasuredTone, Field(discriminator="kind")]


def _curve(
    x: NDArray[np.float64], y: NDArray[np.float64], black_adu: float, top_adu: float
) -> ToneCurve:
    linear = black_adu + x * (top_adu - black_adu)
    grey = y * top_adu
    return ToneCurve(grey=tuple(float(v) for v in grey), linear_adu=tuple(float(v) for v in linear))
