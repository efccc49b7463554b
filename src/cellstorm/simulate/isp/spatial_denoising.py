"""Smoothing that spares edges."""

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters
from cellstorm.simulate.isp._denoising_kernel import filter_bilaterally
from cellstorm.simulate.isp.noise import SensorNoise

__all__ = ["SpatialDenoising"]


class SpatialDenoising(Parameters):
    """Bilateral filter (Tomasi & Manduchi 1998, eq. 5), tuned to the sensor's noise.

    Every pixel becomes the mean of its neighbours, weighted by a Gaussian of the distance
    and by Tukey's biweight of the difference in value (Durand & Dorsey 2002, fig. 5),
    which ends at sqrt(5) of its width. Noise shrinks; faint molecules do as well.
    """

    sigma_px: float = Field(
        1.0, gt=0, le=5, description="width of the neighbourhood (it is cut at two of them), px"
    )
    strength_sigma: float = Field(
        1.5,
        gt=0,
        le=100,
        description="differences up to about this are smoothed, standard deviations of the noise",
    )

    def __call__(self, frames: NDArray[np.float32], noise: SensorNoise) -> NDArray[np.float32]:
        """Smoothed frames.

        Parameters
        ----------
        frames
            ``(n, height, width)`` float32 linear ADU.
        noise
            The sensor's.

        Returns
        -------
        NDArray[np.float32]
            Same shape, a new array.
        """
        smoothed = np.empty_like(frames)
        filter_bilaterally(
            frames,
            noise.offset_adu,
            noise.slope_adu,
            noise.dark_adu2,
            math.ceil(2.0 * self.sigma_px),
            self.sigma_px,
            self.strength_sigma,
            smoothed,
        )
        return smoothed
