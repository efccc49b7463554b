"""From the sensor's pixels to the video's."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_array

from cellstorm.parameters import Parameters

__all__ = ["Scaling"]

Method = Literal["area", "bilinear", "bicubic"]


class Scaling(Parameters):
    """The video has other pixels than the sensor: fewer (binning) or more (digital zoom).

    A video pixel is a weighted mean of the sensor's values around it: of the area it
    covers, or by a triangular (bilinear) or cubic kernel (Keys 1981, a = -0.5), widened
    by the factor when scaling down. Neighbouring video pixels then share noise.
    """

    sensor_pixels: float = Field(
        2.0, ge=0.1, le=16, description="sensor pixels along the edge of a video pixel"
    )
    method: Method = Field("area", description="how values in between are made")

    def sensor_shape(self, height_px: int, width_px: int) -> tuple[int, int]:
        """``(height, width)`` in sensor pixels of a video of the given size."""
        return (
            max(1, round(height_px * self.sensor_pixels)),
            max(1, round(width_px * self.sensor_pixels)),
        )

    def __call__(
        self, frames: NDArray[np.float32], height_px: int, width_px: int
    ) -> NDArray[np.float32]:
        """Frames of the size of the video.

        Parameters
        ----------
        frames
            ``(n, sensor height, sensor width)`` float32 grey values.
        height_px, width_px
            Size of the video.

        Returns
        -------
        NDArray[np.float32]
            ``(n, height, width)``.
        """
        rows = _weights(frames.shape[1], height_px, self.method)
        columns = _weights(frames.shape[2], width_px, self.method)
        scaled = np.empty((frames.shape[0], height_px, width_px), np.float32)
        for frame, result in zip(frames, scaled, strict=True):
            result[:] = (columns @ (rows @ frame).T).T
        return scaled


@lru_cache(maxsize=32)
def _weights(given: int, wanted: int, method: Method) -> csr_array:
    """``(wanted, given)`` weights along one axis; every row sums to 1."""
    factor = given / wanted
    if method == "area":
        edges = np.arange(wanted + 1) * factor
        low = np.arange(given)
        covered = np.minimum(edges[1:, None], low + 1) - np.maximum(edges[:-1, None], low)
        weights = np.maximum(covered, 0.0)
    else:
        stretch = max(factor, 1.0)
        centre = (np.arange(wanted) + 0.5) * factor - 0.5
        reach = int(np.ceil(2.0 * stretch)) + 1
        # beyond the edge the outermost pixel goes on
        index = np.floor(centre)[:, None] + np.arange(-reach, reach + 1)
        kernel = _triangle if method == "bilinear" else _keys
        values = kernel(np.abs(index - centre[:, None]) / stretch)
        weights = np.zeros((wanted, given))
        inside = np.clip(index, 0, given - 1).astype(np.intp)
        np.add.at(weights, (np.arange(wanted)[:, None], inside), values)
    weights /= weights.sum(axis=1, keepdims=True)
    return csr_array(weights.astype(np.float32))


def _triangle(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1.0 - distance, 0.0)


def _keys(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic convolution (Keys 1981, eq. 15)."""
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    return np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))
