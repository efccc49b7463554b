"""How the background's light changes over a movie: it bleaches, and the lamp flickers."""

import math
from abc import ABC, abstractmethod
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from scipy.signal import lfilter

from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = [
    "Bleaching",
    "DriftingFlicker",
    "Flicker",
    "PinkFlicker",
    "SineFlicker",
    "WhiteFlicker",
]


class Bleaching(Parameters):
    """Light that falls exponentially from the first frame to a floor that stays."""

    model_config = ConfigDict(allow_inf_nan=False)

    half_life_s: float = Field(
        60.0, gt=0, le=1e7, description="time after which half of what bleaches is gone, s"
    )
    floor: float = Field(0.3, ge=0, le=1, description="share of the light that never bleaches")

    def factors(self, view: FieldOfView) -> NDArray[np.float64]:
        """``(frames,)`` light of each frame relative to the first."""
        time_s = np.arange(view.frames) / view.frame_rate_hz
        factors: NDArray[np.float64] = self.floor + (1.0 - self.floor) * np.exp2(
            -time_s / self.half_life_s
        )
        return factors


class _RelativeFlicker(Parameters, ABC):
    """Frame-to-frame changes of the light with mean 1 and a given standard deviation."""

    model_config = ConfigDict(allow_inf_nan=False)

    relative_sd: float = Field(
        0.02, ge=0, le=0.3, description="standard deviation of the light relative to its mean"
    )

    def factors(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """``(frames,)`` light of each frame relative to the mean; never negative.

        Parameters
        ----------
        view
            Number and rate of the frames.
        random
            Source of all randomness.
        """
        course = self.relative_sd * self._course(view, random)
        return np.maximum(1.0 + course, 0.0)

    @abstractmethod
    def _course(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """``(frames,)`` of mean 0 and standard deviation 1."""


class WhiteFlicker(_RelativeFlicker):
    """Every frame by itself, normal distributed."""

    kind: Literal["white"] = "white"

    def _course(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        return random.standard_normal(view.frames)


class DriftingFlicker(_RelativeFlicker):
    """Changes that last: an Ornstein-Uhlenbeck process (Uhlenbeck & Ornstein 1930)."""

    kind: Literal["drifting"] = "drifting"
    correlation_s: float = Field(
        1.0, gt=0, le=1e6, description="time after which the correlation has fallen to 1/e, s"
    )

    def _course(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        kept = math.exp(-1.0 / (self.correlation_s * view.frame_rate_hz))
        steps = random.standard_normal(view.frames)
        # the first frame is as far off as any other
        steps[1:] *= math.sqrt(1.0 - kept**2)
        course: NDArray[np.float64] = np.asarray(lfilter([1.0], [1.0, -kept], steps))
        return course


class PinkFlicker(_RelativeFlicker):
    """Noise of power 1/f, as lasers and mechanics have, from one turn a movie upwards.

    Made in Fourier space (Timmer & Koenig 1995, Astron. Astrophys. 300:707). The standard
    deviation is what many movies have on average; that of one movie scatters by about 10 %.
    """

    kind: Literal["pink"] = "pink"

    def _course(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        spectrum = np.fft.rfft(random.standard_normal(view.frames))
        amplitude = np.zeros(spectrum.size)
        amplitude[1:] = 1.0 / np.sqrt(np.arange(1, spectrum.size))
        # each frequency stands for itself and its negative, but for the highest of an even movie
        twice = np.full(spectrum.size, 2.0)
        twice[0] = 1.0
        if view.frames % 2 == 0:
            twice[-1] = 1.0
        power = float(np.sum(twice * amplitude**2)) / view.frames
        if power > 0:
            amplitude /= math.sqrt(power)
        return np.fft.irfft(spectrum * amplitude, view.frames)


class SineFlicker(_RelativeFlicker):
    """A hum of one frequency, such as a lamp's on the mains, aliased by the frame rate.

    The exposure is taken as short; above half the frame rate the hum is seen as a beat.
    """

    kind: Literal["sine"] = "sine"
    frequency_hz: float = Field(100.0, gt=0, le=1e6, description="frequency of the hum, Hz")

    def _course(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        turns = self.frequency_hz * np.arange(view.frames) / view.frame_rate_hz + random.random()
        course: NDArray[np.float64] = math.sqrt(2.0) * np.sin(2.0 * np.pi * turns)
        return course


Flicker = Annotated[
    WhiteFlicker | DriftingFlicker | PinkFlicker | SineFlicker, Field(discriminator="kind")
]
