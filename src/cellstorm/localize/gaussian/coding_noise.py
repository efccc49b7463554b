"""What the quantiser added to each pixel, known from the bitstream."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localize.localizer import Region
from cellstorm.movie import CodedFrames, quantiser_step

__all__ = ["coding_variance_e2", "electrons_per_grey"]


def electrons_per_grey(camera: Camera) -> float:
    """Photoelectrons that one coded grey value stands for, in the middle of the range."""
    middle = 2.0 ** (camera.bit_depth - 1)
    pair = camera.to_photoelectrons(np.array([[middle - 1.0, middle + 1.0]], dtype=np.float32))
    return float(pair[0, 1] - pair[0, 0]) / 2.0


def coding_variance_e2(
    coding: CodedFrames, shape: tuple[int, int], region: Region, e_per_grey: float
) -> NDArray[np.float32]:
    """Variance of the quantisation error per pixel.

    A coefficient quantised with step ``D`` is wrong by up to half a step, uniformly:
    ``D^2 / 12`` (Widrow 1956), and the transform is orthonormal, so a pixel's variance
    is the same.

    Parameters
    ----------
    coding
        Codec facts of ``n`` frames; its ``qp`` must be there.
    shape
        ``(height, width)`` of the region.
    region
        The part of the movie that is looked at.
    e_per_grey
        Photoelectrons per coded grey value.

    Returns
    -------
    NDArray[np.float32]
        ``(n, height, width)``, photoelectrons squared.
    """
    if coding.qp is None:
        raise ValueError("the decoder gave no quantiser")
    x0, _, y0, _ = region
    block = coding.block_size_px
    grid_x, grid_y = coding.grid_offset_px
    rows = (np.arange(shape[0]) + y0 + grid_y) // block
    columns = (np.arange(shape[1]) + x0 + grid_x) // block
    per_block = (quantiser_step(coding.qp) * e_per_grey) ** 2 / 12.0
    per_pixel = per_block[:, rows[:, None], columns[None, :]]
    return np.ascontiguousarray(per_pixel, dtype=np.float32)
