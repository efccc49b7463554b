"""What a fit looks at: light with Poisson noise, and the variance that comes on top."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localize.gaussian.coding_noise import coding_variance_e2, electrons_per_grey
from cellstorm.localize.localizer import Region
from cellstorm.movie import CodedFrames

__all__ = ["light_and_variance"]


def light_and_variance(
    frames: NDArray[np.generic], coding: CodedFrames | None, camera: Camera, region: Region
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Photoelectrons and the variance that does not come from light, per pixel.

    Both are divided by the excess noise factor (squared for the variance), so that
    the light is Poisson distributed again.

    Parameters
    ----------
    frames
        ``(n, height, width)`` grey values of the region.
    coding
        Codec facts of the same frames; None leaves the quantiser's noise out.
    camera
        What they mean.
    region
        ``(x0, x1, y0, y1)``, the part of the movie that the frames show, px.

    Returns
    -------
    electrons, variance
        ``(n, height, width)`` and ``(n or 1, height, width)`` float32.
    """
    factor = camera.excess_noise_factor
    electrons = np.ascontiguousarray(camera.to_photoelectrons(frames, region), dtype=np.float32)
    shape = (int(electrons.shape[1]), int(electrons.shape[2]))
    # a fresh array: the kernels would compile once more for a read-only view
    variance = np.empty((1, *shape), dtype=np.float32)
    variance[:] = camera.read_variance_e2(shape, region)
    if coding is not None and coding.qp is not None:
        variance = variance + coding_variance_e2(coding, shape, region, electrons_per_grey(camera))
    saturated = camera.saturated(frames)
    if saturated.any():
        # a clipped pixel says "at least this": next to no weight, so that a flat top is
        # not taken for two molecules
        if variance.shape[0] == 1:
            variance = np.repeat(variance, electrons.shape[0], axis=0)
        variance[saturated] = np.square(np.maximum(electrons[saturated], 1.0))
    if factor != 1.0:
        electrons = electrons / np.float32(factor)
        variance = variance / np.float32(factor**2)
    return electrons, np.ascontiguousarray(variance, dtype=np.float32)
