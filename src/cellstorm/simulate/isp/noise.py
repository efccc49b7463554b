"""How noisy a sensor's values are: what a processor's denoiser is tuned to."""

from dataclasses import dataclass
from typing import Self

from cellstorm.camera import Camera

__all__ = ["SensorNoise"]


@dataclass(frozen=True)
class SensorNoise:
    """Variance of linear ADU, ``dark_adu2 + slope_adu * (value - offset_adu)``.

    Attributes
    ----------
    offset_adu
        Value of no light.
    slope_adu
        Variance per ADU of light: F^2 over the gain.
    dark_adu2
        Variance without light.
    """

    offset_adu: float
    slope_adu: float
    dark_adu2: float

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """The noise of a camera's average pixel; a twelfth at the least, for rounding."""
        return cls(
            offset_adu=camera.offset_adu,
            slope_adu=camera.excess_noise_factor / camera.gain_e_per_adu,
            dark_adu2=(camera.read_noise_e / camera.gain_e_per_adu) ** 2 + 1.0 / 12.0,
        )
