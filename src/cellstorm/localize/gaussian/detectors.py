"""From a filtered stack to the pixels where a fit should start."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.localize.gaussian._detection_kernel import connected_centroids, local_maxima
from cellstorm.parameters import Parameters

__all__ = [
    "Candidates",
    "CentroidDetector",
    "Detector",
    "LocalMaximumDetector",
    "NonMaximumSuppression",
]

Candidates = NDArray[np.int64]
"""``(m, 3)``: frame in the stack, y, x; ordered by frame."""


def _collect(image: NDArray[np.float32], search: Callable[[NDArray[np.int64]], int]) -> Candidates:
    found = np.empty((max(64, image.size // 256), 3), dtype=np.int64)
    count = search(found)
    if count > found.shape[0]:
        found = np.empty((count, 3), dtype=np.int64)
        count = search(found)
    return found[:count]


class LocalMaximumDetector(Parameters):
    """Pixels over the threshold and over their direct neighbours."""

    kind: Literal["local-maximum"] = "local-maximum"
    connectivity: Literal[4, 8] = Field(8, description="neighbours compared")

    def __call__(self, image: NDArray[np.float32], thresholds: NDArray[np.float64]) -> Candidates:
        """Candidates of ``(n, height, width)`` with one threshold a frame."""
        return _collect(
            image, lambda found: local_maxima(image, thresholds, 1, self.connectivity, found)
        )


class NonMaximumSuppression(Parameters):
    """Pixels over the threshold and over all others within a square (Neubeck 2006)."""

    kind: Literal["non-maximum-suppression"] = "non-maximum-suppression"
    radius_px: int = Field(3, ge=1, le=50, description="half edge of the square, px")

    def __call__(self, image: NDArray[np.float32], thresholds: NDArray[np.float64]) -> Candidates:
        """Candidates of ``(n, height, width)`` with one threshold a frame."""
        return _collect(
            image, lambda found: local_maxima(image, thresholds, self.radius_px, 8, found)
        )


class CentroidDetector(Parameters):
    """Weighted centres of the connected regions over the threshold."""

    kind: Literal["centroid"] = "centroid"

    def __call__(self, image: NDArray[np.float32], thresholds: NDArray[np.float64]) -> Candidates:
        """Candidates of ``(n, height, width)`` with one threshold a frame."""
        return _collect(image, lambda found: connected_centroids(image, thresholds, found))


Detector = Annotated[
    LocalMaximumDetector | NonMaximumSuppression | CentroidDetector, Field(discriminator="kind")
]
