"""Colour maps: brightness to colour, and time to hue.

Each is a curve through a few anchors of our own; all brightness maps go from black and
get lighter all the way, so that they keep their order when printed in grey.
"""

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from cellstorm.errors import ConfigurationError

__all__ = ["COLOUR_MAPS", "colour_table", "time_hues"]

# sRGB, equally spaced from dark to bright
_ANCHORS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "gray": ((0, 0, 0), (255, 255, 255)),
    "hot": ((0, 0, 0), (150, 0, 0), (245, 75, 0), (255, 190, 20), (255, 255, 255)),
    "cyan-hot": ((0, 0, 0), (0, 60, 120), (0, 145, 195), (95, 220, 235), (255, 255, 255)),
    "fire": (
        (0, 0, 0),
        (35, 0, 105),
        (125, 5, 140),
        (225, 60, 40),
        (250, 150, 0),
        (255, 225, 70),
        (255, 255, 255),
    ),
    "ember": (
        (0, 0, 5),
        (45, 18, 90),
        (120, 35, 125),
        (195, 60, 110),
        (245, 115, 90),
        (253, 190, 130),
        (252, 253, 205),
    ),
    "lagoon": (
        (12, 0, 25),
        (60, 30, 105),
        (55, 85, 140),
        (35, 135, 140),
        (60, 185, 110),
        (165, 220, 50),
        (250, 245, 130),
    ),
}
# One channel is always full: brightness is then the density's alone. On the average of all
# the channels are alike: what was seen at all times is white, not tinted.
_HUES = (
    (160, 50, 255),
    (30, 95, 255),
    (0, 215, 255),
    (110, 255, 80),
    (255, 195, 0),
    (255, 90, 40),
    (255, 20, 170),
)
_LEVELS = 256

COLOUR_MAPS: tuple[str, ...] = tuple(_ANCHORS)
"""Names of the brightness maps."""


@functools.cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """The 256 colours of a map, ``(256, 3)`` sRGB, from dark to bright.

    Raises
    ------
    ConfigurationError
        There is no map of this name.
    """
    if name not in _ANCHORS:
        raise ConfigurationError(
            f"there is no colour map {name!r}; there are {', '.join(COLOUR_MAPS)}."
        )
    return np.rint(_through(_ANCHORS[name])).astype(np.uint8)


@functools.cache
def time_hues() -> NDArray[np.float32]:
    """256 hues from early (violet) to late (red), ``(256, 3)``, the largest channel 1."""
    hues = _through(_HUES)
    full: NDArray[np.float32] = (hues / hues.max(axis=1, keepdims=True)).astype(np.float32)
    return full


def _through(anchors: tuple[tuple[int, int, int], ...]) -> NDArray[np.float64]:
    # monotone cubics: no overshoot, so no colour out of range
    curve = PchipInterpolator(np.linspace(0.0, 1.0, len(anchors)), np.array(anchors, float))
    values: NDArray[np.float64] = curve(np.linspace(0.0, 1.0, _LEVELS))
    return values
