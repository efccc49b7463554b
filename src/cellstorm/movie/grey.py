"""Grey values in the few dtypes the rest of cellstorm works with."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import MovieError

__all__ = [
    "GREY_DTYPES",
    "as_grey_dtype",
    "grey_bits",
    "grey_dtype",
    "luminance",
    "require_grey_values",
]

GREY_DTYPES = tuple(
    np.dtype(name) for name in ("uint8", "uint16", "int16", "int32", "uint32", "float32", "float64")
)

# ITU-R BT.709, section 3.2, in 1/65536; the three add up to one, so that a grey pixel
# (R = G = B) keeps its value exactly.
_RED, _GREEN, _BLUE = 13933, 46871, 4732

# No camera counts further, and far beyond it squares leave single precision.
_MOST_BITS = 32


def grey_dtype(stored: np.dtype[Any], where: str | Path | None = None) -> np.dtype[np.generic]:
    """The dtype in which grey values stored as ``stored`` are handed out.

    Native byte order; bool becomes uint8, int8 int16, half precision float32, and
    64-bit integers float64 (exact up to 2**53).

    Raises
    ------
    MovieError
        Complex numbers, text and other things that are no grey values.
    """
    native = stored.newbyteorder("=")
    if native in GREY_DTYPES:
        return native
    replacement = {
        "bool": "uint8",
        "int8": "int16",
        "float16": "float32",
        "int64": "float64",
        "uint64": "float64",
    }.get(native.name)
    if replacement is None:
        raise MovieError(
            f"the values are {native.name}, which are not grey values.",
            where=where,
            todo="Save it with integer or floating-point grey values.",
        )
    return np.dtype(replacement)


def grey_bits(stored: np.dtype[Any]) -> int:
    """Bits that a grey value stored as ``stored`` can use, 32 at most.

    64-bit numbers hold what a camera counted in far fewer bits.
    """
    return min(8 * stored.itemsize, _MOST_BITS)


def as_grey_dtype(frames: NDArray[Any], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """``frames`` as a contiguous native array of ``dtype`` (copied only if needed)."""
    return np.ascontiguousarray(frames, dtype=dtype)


def luminance(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> NDArray[Any]:
    """Luminance of the values as stored (no tone curve is undone), in their own dtype.

    Weights of ITU-R BT.709; integers are rounded to nearest.

    Parameters
    ----------
    red, green, blue
        Arrays of one shape and one dtype.
    """
    dtype = red.dtype
    if dtype in (np.dtype(np.uint8), np.dtype(np.uint16)):
        total = red.astype(np.uint32)
        total *= np.uint32(_RED)
        total += green.astype(np.uint32) * np.uint32(_GREEN)
        total += blue.astype(np.uint32) * np.uint32(_BLUE)
        total += np.uint32(1 << 15)
        total >>= np.uint32(16)
        luma: NDArray[Any] = total.astype(dtype)
        return luma
    mixed = (
        red.astype(np.float64) * _RED
        + green.astype(np.float64) * _GREEN
        + blue.astype(np.float64) * _BLUE
    ) / 65536
    if dtype.kind != "f":
        mixed = np.rint(mixed)
    weighted: NDArray[Any] = mixed.astype(dtype)
    return weighted


def require_grey_values(frames: NDArray[Any], start: int, where: str | Path | None) -> None:
    """Refuse frames with NaN, infinite values, or values beyond 32 bits.

    Parameters
    ----------
    frames
        ``(n, height, width)``; integers pass unseen.
    start
        Index of the first frame in the movie, for the message.
    where
        The file, for the message.

    Raises
    ------
    MovieError
        Naming the first such frame and pixel.
    """
    limit = 2.0**_MOST_BITS
    # NaN fails both comparisons
    if frames.dtype.kind != "f" or (
        not frames.size or bool(frames.min() >= -limit and frames.max() <= limit)
    ):
        return
    index, y, x = (int(value) for value in np.argwhere(~(np.abs(frames) <= limit))[0])
    value = float(frames[index, y, x])
    place = f"frame {start + index} (counted from 0) holds a value that is"
    if np.isfinite(value):
        raise MovieError(
            f"{place} {value:.3g} at x = {x}, y = {y}: cameras give {_MOST_BITS} bits at most.",
            where=where,
            todo="Check how the file was written, or scale the values down before localizing.",
        )
    raise MovieError(
        f"{place} {'NaN' if np.isnan(value) else 'infinite'} at x = {x}, y = {y}.",
        where=where,
        todo="Replace such values before localizing, or leave these frames out with --frames.",
    )
