"""A picture: values on a grid in nanometres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picture", "TimeLegend"]


@dataclass(frozen=True)
class TimeLegend:
    """What the hues of a time-coloured picture stand for.

    Attributes
    ----------
    first_frame, last_frame
        Frames of the first and the last hue, counted from 0.
    frame_rate_hz
        For a legend in seconds; None gives one in frames.
    """

    first_frame: int
    last_frame: int
    frame_rate_hz: float | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """Values on a grid of square pixels.

    Attributes
    ----------
    values
        ``(y, x)`` float32, molecules (or photons, or grey values) per pixel; or
        ``(y, x, 3)`` float32 for a time-coloured picture: the same, shared out among
        red, green and blue of the screen.
    pixel_nm
        Edge of a pixel; None for a movie whose pixel size nobody knows.
    origin_nm
        ``(x, y)`` of the outer corner of the first pixel, from the movie's corner.
    label
        For a person: what is shown and how it was drawn.
    legend
        What the colours stand for; None for a picture without colours.
    """

    values: NDArray[np.float32]
    pixel_nm: float | None
    origin_nm: tuple[float, float] = (0.0, 0.0)
    label: str = ""
    legend: TimeLegend | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` in pixels."""
        return int(self.values.shape[0]), int(self.values.shape[1])

    @property
    def is_coloured(self) -> bool:
        """True for ``(y, x, 3)``."""
        return self.values.ndim == 3
