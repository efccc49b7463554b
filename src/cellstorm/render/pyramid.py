"""Pictures at halved sizes, for viewers that show a large one from afar."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["halve", "halved_shapes"]

# Nothing smaller is of use on a screen.
_SMALLEST_PX = 256


def halved_shapes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of the smaller pictures, until the longer side is at most 256 pixels."""
    shapes = []
    while max(height, width) > _SMALLEST_PX:
        height, width = -(-height // 2), -(-width // 2)
        shapes.append((height, width))
    return shapes


def halve(values: NDArray[Any]) -> NDArray[Any]:
    """Means of 2 x 2 pixels; at an odd border of those that are there.

    Parameters
    ----------
    values
        ``(y, x)`` or ``(y, x, channel)``; whole numbers are rounded.

    Returns
    -------
    NDArray
        Half as high and wide, rounded up, of the same type.
    """
    for axis in (0, 1):
        if values.shape[axis] % 2:
            last = np.take(values, [-1], axis=axis)
            values = np.concatenate([values, last], axis=axis)
    height, width = values.shape[0] // 2, values.shape[1] // 2
    quads = values.reshape(height, 2, width, 2, *values.shape[2:])
    mean: NDArray[Any] = quads.mean(
        axis=(1, 3), dtype=np.float64 if values.dtype.kind in "iu" else np.float32
    )
    if values.dtype.kind in "iu":
        mean = np.rint(mean)
    smaller: NDArray[Any] = mean.astype(values.dtype)
    return smaller
