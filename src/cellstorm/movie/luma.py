"""The grey values in a decoded picture, whatever its pixel format."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from av import VideoFormat, VideoFrame
from numpy.typing import NDArray

from cellstorm.movie.grey import luminance

__all__ = ["GreyLayout", "grey_layout"]

Copy = Callable[[VideoFrame, NDArray[Any]], None]


@dataclass(frozen=True)
class GreyLayout:
    """How grey values lie in pictures of one pixel format.

    Attributes
    ----------
    dtype
        uint8, uint16 or float32.
    bit_depth
        Bits that a value uses.
    is_colour
        True where the pictures are red, green and blue and luminance is computed.
    copy
        ``copy(frame, out)`` writes the grey values into ``out`` (height, width).
    """

    dtype: np.dtype[np.generic]
    bit_depth: int
    is_colour: bool
    copy: Copy


def _plane(
    frame: VideoFrame, index: int, dtype: np.dtype[Any], offset: int = 0, step: int = 1
) -> NDArray[Any]:
    """A view of every ``step``-th value of a plane, without the padding of its lines."""
    plane = frame.planes[index]
    line = plane.line_size
    values = np.frombuffer(plane, dtype=dtype)  # type: ignore[call-overload]
    rows = values.reshape(-1, abs(line) // dtype.itemsize)[: frame.height]
    if line < 0:
        # a picture stored bottom up begins with its last line
        rows = rows[::-1]
    view: NDArray[Any] = rows[:, offset : offset + step * frame.width : step]
    return view


def _luma_copy(dtype: np.dtype[Any], offset: int, step: int, shift: int) -> Copy:
    def copy(frame: VideoFrame, out: NDArray[Any]) -> None:
        view = _plane(frame, 0, dtype, offset, step)
        if shift:
            np.right_shift(view, shift, out=out, casting="unsafe")
        else:
            out[...] = view

    return copy


def _planar_rgb_copy(dtype: np.dtype[Any]) -> Copy:
    def copy(frame: VideoFrame, out: NDArray[Any]) -> None:
        # ffmpeg's planar RGB keeps green first, then blue, then red
        green, blue, red = (_plane(frame, index, dtype) for index in range(3))
        out[...] = luminance(red, green, blue)

    return copy


def _packed_rgb_copy(dtype: np.dtype[Any], order: tuple[int, int, int], step: int) -> Copy:
    def copy(frame: VideoFrame, out: NDArray[Any]) -> None:
        red, green, blue = (_plane(frame, 0, dtype, offset, step) for offset in order)
        out[...] = luminance(red, green, blue)

    return copy


def _converted_copy(frame: VideoFrame, out: NDArray[Any]) -> None:
    # palettes and bit-packed formats: libswscale unpacks them without loss
    rgb = frame.reformat(format="rgb24")
    _packed_rgb_copy(np.dtype(np.uint8), (0, 1, 2), 3)(rgb, out)


# name without depth and byte order: (offset of luma, values per pixel) in plane 0
_PACKED_LUMA = {"yuyv": (0, 2), "yvyu": (0, 2), "uyvy": (1, 2), "ya": (0, 2), "y2": (0, 2)}
_PACKED_RGB = {
    "rgb24": (0, 1, 2, 3),
    "bgr24": (2, 1, 0, 3),
    "rgba": (0, 1, 2, 4),
    "rgb0": (0, 1, 2, 4),
    "bgra": (2, 1, 0, 4),
    "bgr0": (2, 1, 0, 4),
    "argb": (1, 2, 3, 4),
    "0rgb": (1, 2, 3, 4),
    "abgr": (3, 2, 1, 4),
    "0bgr": (3, 2, 1, 4),
    "rgb48": (0, 1, 2, 3),
    "bgr48": (2, 1, 0, 3),
    "rgba64": (0, 1, 2, 4),
    "bgra64": (2, 1, 0, 4),
}
# luma in the upper bits of 16-bit words, padded with zeros below
_SHIFTED = re.compile(r"(p[024]1[026]|y21[026])")
_PLANAR_LUMA = re.compile(r"(yuvj?a?\d{3}p|gray|nv\d\d|p[024]1[026])")


def grey_layout(pixel_format: VideoFormat) -> GreyLayout:
    """Where the grey values of a pixel format are.

    Luma is taken exactly as coded; red, green and blue become luminance with BT.709
    weights on the coded values.

    Raises
    ------
    ValueError
        A pixel format with neither (XYZ, colour mosaics, hardware surfaces).
    """
    full_name = pixel_format.name
    bits = pixel_format.components[0].bits if pixel_format.components else 8
    order = ">" if full_name.endswith("be") else "<"
    name = full_name.removesuffix("le").removesuffix("be")
    if re.search(r"f(16|32)$", name):
        dtype = np.dtype(f"{order}f{bits // 8}")
    else:
        dtype = np.dtype(np.uint8) if bits <= 8 else np.dtype(f"{order}u2")
    native = np.dtype(np.float32) if dtype.kind == "f" else dtype.newbyteorder("=")

    packed = next((key for key in _PACKED_LUMA if re.match(rf"{key}\d", name)), None)
    if packed is not None or _PLANAR_LUMA.match(name):
        shift = 16 - bits if _SHIFTED.match(name) else 0
        offset, step = _PACKED_LUMA[packed] if packed is not None else (0, 1)
        return GreyLayout(native, bits, False, _luma_copy(dtype, offset, step, shift))
    if name.startswith("gbr"):
        return GreyLayout(native, bits, True, _planar_rgb_copy(dtype))
    if name in _PACKED_RGB:
        *positions, step = _PACKED_RGB[name]
        red, green, blue = positions
        return GreyLayout(native, bits, True, _packed_rgb_copy(dtype, (red, green, blue), step))
    if name == "pal8" or re.match(r"(mono[bw]|(rgb|bgr)(4|8|444|555|565))", name):
        return GreyLayout(np.dtype(np.uint8), 8, not name.startswith("mono"), _converted_copy)
    raise ValueError(full_name)
