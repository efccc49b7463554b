"""What is known of a molecule from the pixel that it lies in."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localizations import Flag

__all__ = ["pixel_flags"]

_EDGE_PX = 2


def pixel_flags(
    frame: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    grey: NDArray[np.generic],
    camera: Camera,
) -> NDArray[np.uint8]:
    """`Flag.NEAR_EDGE` and `Flag.SATURATED` of molecules.

    Parameters
    ----------
    frame
        ``(molecules,)`` of ``grey``, from 0.
    x_px, y_px
        ``(molecules,)`` from the outer corner of its frames.
    grey
        ``(n, height, width)`` grey values.
    camera
        Knows from where on a grey value is saturated.

    Returns
    -------
    NDArray[np.uint8]
        ``(molecules,)``.
    """
    height, width = grey.shape[1:]
    flags = np.zeros(frame.size, np.uint8)
    near = (x_px < _EDGE_PX) | (x_px > width - _EDGE_PX)
    near |= (y_px < _EDGE_PX) | (y_px > height - _EDGE_PX)
    flags[near] |= np.uint8(Flag.NEAR_EDGE)
    pixels = grey[frame, y_px.astype(np.int64), x_px.astype(np.int64)]
    flags[camera.saturated(pixels)] |= np.uint8(Flag.SATURATED)
    return flags
