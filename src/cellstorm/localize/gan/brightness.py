"""How much light a pixel of the fine map stands for."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters

__all__ = ["BrightnessScale"]


class BrightnessScale(Parameters):
    """Photons as brightness from 0 to 1 and back.

    ``brightness = min(1, photons / full) ^ exponent``. With an exponent of 1 brightness is
    light, and the paper's threshold of 0.3 of the brightest pixel leaves out every molecule
    with less than 0.3 of the brightest one's light; blinks that begin or end within a frame
    vary by more than that. With 0.5 it leaves out those with less than 0.09 of it, and the
    noise of the brightness is about the same for all (square root of a Poisson number).
    """

    full_photons: float = Field(
        4000.0, gt=0, allow_inf_nan=False, description="photons/frame of a brightness of 1"
    )
    exponent: float = Field(
        0.5, gt=0, le=1, description="of the share of light; 1: brightness is light"
    )

    def of_photons(self, photons: NDArray[np.floating]) -> NDArray[np.float32]:
        """Brightness of so many photons.

        Parameters
        ----------
        photons
            Of any shape, photons/frame, 0 at least.

        Returns
        -------
        NDArray[np.float32]
            Same shape, from 0 to 1.
        """
        share = np.clip(np.asarray(photons, np.float64) / self.full_photons, 0.0, 1.0)
        return (share**self.exponent).astype(np.float32)

    def photons(self, brightness: NDArray[np.floating]) -> NDArray[np.float64]:
        """Photons of a brightness; over 1 it goes on by the same law.

        Parameters
        ----------
        brightness
            Of any shape, 0 at least.

        Returns
        -------
        NDArray[np.float64]
            Same shape, photons/frame.
        """
        light: NDArray[np.float64] = np.asarray(brightness, np.float64) ** (1.0 / self.exponent)
        return self.full_photons * light
