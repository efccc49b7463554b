"""Which axis of a many-dimensional stack is what: frames, colours, y, x."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import MovieError

__all__ = ["COLOUR_NOTICE", "StackAxes", "stack_axes"]

COLOUR_NOTICE = "Colour frames were turned into luminance (BT.709 weights)."


@dataclass(frozen=True)
class StackAxes:
    """A stack of planes laid out as frames.

    Attributes
    ----------
    planes
        ``(frames, 1 or 3)``: number of each frame's plane (or red, green and blue
        planes) when the leading axes are flattened in their order.
    height, width
        Of a plane.
    samples
        Colour samples within a pixel or plane: 1, 3 or 4.
    samples_first
        True where the samples lie before y.
    notices
        What was done to the axes.
    """

    planes: NDArray[np.intp]
    height: int
    width: int
    samples: int
    samples_first: bool
    notices: tuple[str, ...]

    @property
    def is_colour(self) -> bool:
        """Whether frames have to be turned into luminance."""
        return self.samples > 1 or self.planes.shape[1] == 3


def stack_axes(axes: str, shape: tuple[int, ...], where: Path | None) -> StackAxes:
    """Sort the axes of a stack.

    Parameters
    ----------
    axes
        One letter an axis: Y, X, S (colour samples), C (channels); all others (T, Z,
        I, Q, ...) count as frames and are flattened in their order.
    shape
        Lengths of these axes.
    where
        The file, for messages.

    Raises
    ------
    MovieError
        No y or x; two or more than three channels; samples that are no RGB(A).
    """
    if "Y" not in axes or "X" not in axes or 0 in shape:
        raise MovieError(
            f"the stack has axes {axes} of lengths {shape}, which are no frames.", where=where
        )
    length = dict(zip(axes, shape, strict=True))
    samples = length.get("S", 1)
    channels = length.get("C", 1)
    if samples not in (1, 3, 4) or channels not in (1, 3) or (samples > 1 and channels > 1):
        raise MovieError(
            f"the stack has {channels * samples} channels, not one.",
            where=where,
            todo="Split the channels (ImageJ: Image > Color > Split Channels) and give one.",
        )
    first = min(axes.index(axis) for axis in "YXS" if axis in axes)
    leading = [(axis, size) for axis, size in zip(axes[:first], shape[:first], strict=True)]
    if set(axes[first:]) - set("YXS") or axes.index("X") < axes.index("Y"):
        raise MovieError(
            f"the axes are in the order {axes}; frames must lie as (…, y, x).",
            where=where,
            todo="Save the stack with time first and y, x last.",
        )
    planes: NDArray[np.intp] = np.arange(
        int(np.prod([size for _, size in leading], dtype=np.int64)), dtype=np.intp
    )
    planes = planes.reshape(tuple(size for _, size in leading))
    names = [axis for axis, _ in leading]
    if "C" in names:
        planes = np.moveaxis(planes, names.index("C"), -1)
    planes = planes.reshape(-1, channels if "C" in names else 1)
    notices = []
    long = [f"{axis} ({size})" for axis, size in leading if axis != "C" and size > 1]
    if len(long) > 1:
        notices.append(f"The axes {' and '.join(long)} were laid one after the other as frames.")
    if samples > 1 or channels == 3:
        notices.append(COLOUR_NOTICE)
    return StackAxes(
        planes=planes,
        height=length["Y"],
        width=length["X"],
        samples=samples,
        samples_first="S" in axes and axes.index("S") < axes.index("Y"),
        notices=tuple(notices),
    )
