"""Which value becomes white: values of any range to the 256 levels of a screen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.parameters import Parameters
from cellstorm.render.colour_maps import colour_table
from cellstorm.render.picture import Picture

__all__ = ["Contrast", "Levels", "to_rgb"]

# Quantiles of large pictures are taken from about this many of their values.
_SAMPLE = 4_000_000
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Levels:
    """The values shown as black and as white."""

    black: float
    white: float


class Contrast(Parameters):
    """How values are stretched; 0 is black unless a share of dark pixels is cut off."""

    saturated_percent: float = Field(
        0.3, ge=0, lt=100, description="brightest share of the lit pixels shown as white, %"
    )
    dark_percent: float | None = Field(
        None, ge=0, lt=100, description="darkest share shown as black, %; None: 0 is black"
    )
    gamma: float = Field(0.7, gt=0, le=10, description="exponent; under 1 lifts what is faint")
    white: float | None = Field(
        None, gt=0, description="value shown as white, instead of a share; to compare pictures"
    )

    def levels(self, picture: Picture) -> Levels:
        """What is black and white in this picture."""
        brightness = _brightness(picture.values)
        step = max(1, brightness.size // _SAMPLE)
        sample = brightness.ravel()[::step]
        black = 0.0
        if self.dark_percent is not None and sample.size:
            black = float(np.percentile(sample, self.dark_percent))
        if self.white is not None:
            return Levels(black, max(self.white, np.nextafter(black, np.inf)))
        # Tails of a Gaussian are lit by less than a thousandth of a molecule's peak: with
        # them in, what share is bright would depend on how far tails are drawn.
        peak = float(sample.max(initial=0.0))
        lit = sample[sample > black + 1e-3 * (peak - black)]
        if lit.size == 0:
            return Levels(black, black + 1.0)
        white = float(np.percentile(lit, 100.0 - self.saturated_percent))
        return Levels(black, max(white, float(lit.min())))


def to_rgb(
    picture: Picture, *, contrast: Contrast, colour_map: str, levels: Levels | None = None
) -> NDArray[np.uint8]:
    """The picture as a screen shows it, ``(y, x, 3)`` sRGB.

    Parameters
    ----------
    picture
        Coloured pictures keep their hues; others take those of ``colour_map``.
    contrast
        The stretch.
    colour_map
        Name of a map.
    levels
        Black and white of another picture, to show two alike.
    """
    levels = levels or contrast.levels(picture)
    table = colour_table(colour_map)
    height, width = picture.shape
    out = np.empty((height, width, 3), dtype=np.uint8)
    for first in range(0, height, _ROWS_AT_ONCE):
        part = picture.values[first : first + _ROWS_AT_ONCE]
        brightness = _brightness(part)
        shown = np.clip((brightness - levels.black) / (levels.white - levels.black), 0.0, 1.0)
        shown **= contrast.gamma
        if picture.is_coloured:
            hue = part / np.maximum(brightness, np.finfo(np.float32).tiny)[..., None]
            pixels = np.rint(255.0 * hue * shown[..., None]).astype(np.uint8)
        else:
            pixels = table[np.rint(255.0 * shown).astype(np.uint8)]
        out[first : first + _ROWS_AT_ONCE] = pixels
    return out


def _brightness(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.max(axis=2) if values.ndim == 3 else values
