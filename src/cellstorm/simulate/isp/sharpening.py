"""Unsharp masking, with its halos."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter

from cellstorm.parameters import Parameters

__all__ = ["Sharpening"]


class Sharpening(Parameters):
    """Adds what a blur takes away: ``y = x + amount (x - blurred x)``.

    Molecules get narrower and taller, with a dark ring around them, and noise gets
    coarser to the codec. Mean values stay.
    """

    amount: float = Field(0.5, gt=0, le=10, description="share of the difference to add, no unit")
    sigma_px: float = Field(1.0, gt=0, le=10, description="width of the Gaussian blur, px")
    coring_adu: float = Field(
        0.0, ge=0, le=1000, description="differences shrink by this much first, grey values"
    )

    def __call__(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sharpened frames.

        Parameters
        ----------
        frames
            ``(n, height, width)`` float32 grey values.

        Returns
        -------
        NDArray[np.float32]
            Same shape, a new array.
        """
        detail = frames - gaussian_filter(
            frames, (0.0, self.sigma_px, self.sigma_px), mode="nearest", truncate=3.0
        )
        if self.coring_adu > 0:
            detail -= np.clip(detail, -self.coring_adu, self.coring_adu)
        detail *= np.float32(self.amount)
        detail += frames
        return detail
