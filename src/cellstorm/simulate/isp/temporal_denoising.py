"""Averaging over time wherever nothing seems to happen."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters
from cellstorm.simulate.isp._denoising_kernel import follow_recursively
from cellstorm.simulate.isp.noise import SensorNoise

__all__ = ["TemporalDenoising", "TemporalFilter"]


class TemporalDenoising(Parameters):
    """A recursive filter, ``y += alpha (x - y)``, that opens where something is new.

    ``alpha`` rises from ``least_share`` to 1 with the difference between the new frame
    and the filter's memory, averaged over 3 x 3 px and measured against its noise. What
    the gate lets through late is a faint molecule that appears slowly and lingers after
    it has gone.
    """

    least_share: float = Field(
        0.4, gt=0, le=1, description="share of the new frame where nothing happens; 1 is off"
    )
    gate_sigma: float = Field(
        2.0,
        gt=0,
        le=100,
        description="change that opens the gate, standard deviations of a mean of 3 x 3 px",
    )

    def start(self, noise: SensorNoise) -> "TemporalFilter":
        """A filter that remembers nothing yet."""
        return TemporalFilter(self, noise)


class TemporalFilter:
    """A running `TemporalDenoising`; call it with one block after the other.

    Parameters
    ----------
    stage
        Its parameters.
    noise
        The sensor's.
    """

    def __init__(self, stage: TemporalDenoising, noise: SensorNoise) -> None:
        self._stage = stage
        self._noise = noise
        self._memory: NDArray[np.float32] | None = None

    def __call__(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next frames, filtered.

        Parameters
        ----------
        frames
            ``(n, height, width)`` float32 linear ADU, consecutive.

        Returns
        -------
        NDArray[np.float32]
            Same shape, a new array.
        """
        followed = np.empty_like(frames)
        if frames.shape[0] == 0:
            return followed
        if self._memory is None:
            self._memory = frames[0].copy()
        follow_recursively(
            frames,
            self._noise.offset_adu,
            self._noise.slope_adu,
            self._noise.dark_adu2,
            self._stage.least_share,
            self._stage.gate_sigma,
            self._memory,
            followed,
        )
        return followed
