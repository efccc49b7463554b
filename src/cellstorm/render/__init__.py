"""From a table of molecules to a picture.

In comes `cellstorm.localizations.Localizations`; out goes a `Picture`, values on a grid
in nanometres whose sum is the number of molecules: a histogram, Gaussians by
uncertainty, an averaged shifted or a jittered histogram.
"""

from cellstorm.render.grid import DEFAULT_PIXEL_NM, RegionNm
from cellstorm.render.modes import (
    MODE_NAMES,
    GaussianMode,
    HistogramMode,
    JitteredMode,
    RenderMode,
    ShiftedHistogramMode,
    mode_named,
)
from cellstorm.render.picture import Picture
from cellstorm.render.rendering import Tile, render, render_tiles

__all__ = [
    "DEFAULT_PIXEL_NM",
    "MODE_NAMES",
    "GaussianMode",
    "HistogramMode",
    "JitteredMode",
    "Picture",
    "RegionNm",
    "RenderMode",
    "ShiftedHistogramMode",
    "Tile",
    "mode_named",
    "render",
    "render_tiles",
]
