"""A lens that darkens the corners, and the processor that lights them up again."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters

__all__ = ["LensShading"]


class LensShading(Parameters):
    """Natural vignetting and its correction by a gain that rises towards the corners.

    A lens passes ``cos^4`` of the angle to its axis: at the relative distance ``r`` from
    the middle (1 in the corners) ``(1 + r^2 t^2)^-2`` with ``t`` such that the corners
    get ``corner_light``. The sensor sees that much less light; the processor multiplies
    by the inverse to the power of ``strength``, and the corners' noise with it.
    """

    corner_light: float = Field(
        0.7, gt=0.01, le=1, description="light that reaches the corners, relative to the middle"
    )
    strength: float = Field(
        1.0, ge=0, le=1, description="how much of it is corrected: 0 nothing, 1 all"
    )

    def light(self, height_px: int, width_px: int) -> NDArray[np.float32]:
        """Relative light on every pixel of the sensor, ``(height, width)``, 1 in the middle."""
        y = (np.arange(height_px) + 0.5) / height_px * 2.0 - 1.0
        x = (np.arange(width_px) + 0.5) / width_px * 2.0 - 1.0
        aspect = width_px / height_px
        squared = (y[:, None] ** 2 + (aspect * x) ** 2) / (1.0 + aspect**2)
        tangent_squared = self.corner_light**-0.5 - 1.0
        return np.asarray((1.0 + squared * tangent_squared) ** -2.0, dtype=np.float32)

    def __call__(self, frames: NDArray[np.float32], offset_adu: float) -> NDArray[np.float32]:
        """Frames with their corners lit up.

        Parameters
        ----------
        frames
            ``(n, height, width)`` float32 linear ADU.
        offset_adu
            Value of no light, which stays what it is.

        Returns
        -------
        NDArray[np.float32]
            Same shape, a new array.
        """
        gain = self.light(*frames.shape[1:]) ** np.float32(-self.strength)
        lit = (frames - np.float32(offset_adu)) * gain
        lit += np.float32(offset_adu)
        return lit
