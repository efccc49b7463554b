"""From expected light to the grey values a camera records."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera

__all__ = ["record"]


def record(
    expected: NDArray[np.float32], camera: Camera, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw shot and read noise, then bend, quantise and clip as the camera does.

    Parameters
    ----------
    expected
        ``(..., height, width)`` expected photoelectrons.
    camera
        An 8-bit camera; its saturation knee is not modelled, only the largest grey value.
    random
        Source of the noise.

    Returns
    -------
    NDArray[np.uint8]
        Grey values, same shape.
    """
    light = random.poisson(expected).astype(np.float32)
    light += camera.read_noise_e * random.standard_normal(expected.shape, dtype=np.float32)
    grey = np.rint(camera.to_adu(light))
    return np.clip(grey, 0, 2**camera.bit_depth - 1).astype(np.uint8)
