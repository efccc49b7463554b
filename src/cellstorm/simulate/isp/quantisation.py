"""The last step before the coder: whole grey values."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError

__all__ = ["to_grey"]


def to_grey(values: NDArray[np.float32], bit_depth: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Round and clip to the grey values there are.

    Parameters
    ----------
    values
        Any shape, float32 grey values.
    bit_depth
        Bits of a grey value, 1 to 16.

    Returns
    -------
    NDArray[np.uint8] | NDArray[np.uint16]
        Same shape; uint8 up to 8 bits.

    Raises
    ------
    ConfigurationError
        More than 16 bits.
    """
    if not 1 <= bit_depth <= 16:
        raise ConfigurationError(f"a movie has 1 to 16 bits per pixel, not {bit_depth}.")
    grey = np.rint(values)
    np.clip(grey, 0, 2**bit_depth - 1, out=grey)
    return grey.astype(np.uint8) if bit_depth <= 8 else grey.astype(np.uint16)
