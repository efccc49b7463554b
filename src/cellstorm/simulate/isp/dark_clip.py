"""What becomes of the darkest values."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters

__all__ = ["DarkClip"]


class DarkClip(Parameters):
    """Values at or under a threshold become 0.

    ``clip`` leaves all others as they are: there is a gap in the histogram. ``subtract``
    takes the threshold away from them, as a black level set too high does, and stretches
    what is left to the old largest value.
    """

    threshold_adu: float = Field(ge=0, le=1e5, description="the largest clipped grey value")
    mode: Literal["clip", "subtract"] = Field(
        "clip", description="what happens to the values over it"
    )

    def stretch(self, top_adu: float) -> float:
        """Factor on what lies over the threshold."""
        return 1.0 if self.mode == "clip" else top_adu / (top_adu - self.threshold_adu)

    def __call__(self, frames: NDArray[np.float32], top_adu: float) -> NDArray[np.float32]:
        """Clipped frames.

        Parameters
        ----------
        frames
            ``(n, height, width)`` float32 grey values.
        top_adu
            The largest grey value there is.

        Returns
        -------
        NDArray[np.float32]
            Same shape, a new array.
        """
        threshold = np.float32(self.threshold_adu)
        if self.mode == "clip":
            return np.where(frames <= threshold, np.float32(0.0), frames)
        lifted: NDArray[np.float32] = np.maximum(frames - threshold, np.float32(0.0))
        lifted *= np.float32(self.stretch(top_adu))
        return lifted
