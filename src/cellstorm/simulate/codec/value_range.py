"""Full-range grey values into the limited range of television, and back."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["GreyValues", "to_bit_depth", "to_full_range", "to_limited_range"]

GreyValues = NDArray[np.uint8] | NDArray[np.uint16]

# ITU-R BT.601-7 section 2.5.3: luma of 8 bits lies between 16 and 235, and four times
# that for 10 bits
_BLACK, _WHITE = 16, 235


def to_limited_range(values: GreyValues, bit_depth: int) -> GreyValues:
    """Map 0..2^b - 1 to 16 * 2^(b - 8) .. 235 * 2^(b - 8), rounding to the nearest.

    Parameters
    ----------
    values
        Full-range grey values of any shape.
    bit_depth
        Bits b that they use, at least 8.

    Returns
    -------
    NDArray[np.uint8] or NDArray[np.uint16]
        Same shape and dtype (BT.601-7, section 2.5.3).
    """
    scale = 2 ** (bit_depth - 8)
    full = np.arange(2**bit_depth)
    span = (_WHITE - _BLACK) * scale
    limited = np.rint(_BLACK * scale + full * (span / (2**bit_depth - 1)))
    return cast("GreyValues", limited.astype(values.dtype)[values])


def to_full_range(values: GreyValues, bit_depth: int) -> GreyValues:
    """Undo `to_limited_range`; what a codec has carried beyond black or white is clipped.

    Parameters
    ----------
    values
        Limited-range grey values of any shape.
    bit_depth
        Bits that they use, at least 8.

    Returns
    -------
    NDArray[np.uint8] or NDArray[np.uint16]
        Same shape and dtype.
    """
    scale = 2 ** (bit_depth - 8)
    white = 2**bit_depth - 1
    codes = np.arange(2**bit_depth) - _BLACK * scale
    full = np.rint(codes * (white / ((_WHITE - _BLACK) * scale))).clip(0, white)
    return cast("GreyValues", full.astype(values.dtype)[values])


def to_bit_depth(values: GreyValues, bits: int, wanted: int) -> GreyValues:
    """Shift grey values of ``bits`` bits to ``wanted`` bits, rounding to the nearest.

    Parameters
    ----------
    values
        Grey values of any shape.
    bits, wanted
        Bits they use and shall use.

    Returns
    -------
    NDArray[np.uint8] or NDArray[np.uint16]
        Same shape; uint8 up to 8 bits.
    """
    dtype: Any = np.uint8 if wanted <= 8 else np.uint16
    if wanted >= bits:
        return cast("GreyValues", values.astype(dtype) << (wanted - bits))
    # to the even one of two that are as near, else all halves would go up
    rounded = np.rint(np.arange(2**bits) / 2 ** (bits - wanted)).clip(0, 2**wanted - 1)
    return cast("GreyValues", rounded.astype(dtype)[values])
