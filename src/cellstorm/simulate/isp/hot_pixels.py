"""Removal of pixels that stick out of their neighbourhood."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters
from cellstorm.simulate.isp._denoising_kernel import replace_hot_pixels
from cellstorm.simulate.isp.noise import SensorNoise

__all__ = ["HotPixelRemoval"]


class HotPixelRemoval(Parameters):
    """A pixel far over all its neighbours becomes their median.

    Done frame by frame, as phones do it: a low threshold also eats the peaks of sharp,
    bright molecules.
    """

    threshold_sigma: float = Field(
        5.0,
        ge=0,
        le=1000,
        description="how far over the brightest of the eight neighbours, standard deviations"
        " of the noise there",
    )

    def __call__(self, frames: NDArray[np.float32], noise: SensorNoise) -> NDArray[np.float32]:
        """Frames without hot pixels.

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
        cleaned = np.empty_like(frames)
        replace_hot_pixels(
            frames,
            noise.offset_adu,
            noise.slope_adu,
            noise.dark_adu2,
            self.threshold_sigma,
            cleaned,
        )
        return cleaned
