"""From a table of molecules to a picture.

In comes `cellstorm.localizations.Localizations`; out goes a `Picture`, values on a grid
in nanometres whose sum is the number of molecules: a histogram, Gaussians by
uncertainty, an averaged shifted or a jittered histogram, or coloured by time. Pictures
are saved as PNG or TIFF, beside the movie's own widefield-equivalent if wanted; fields
too large for memory are drawn and written in tiles.
"""

from cellstorm.render.colour_maps import COLOUR_MAPS
from cellstorm.render.contrast import Contrast
from cellstorm.render.grid import DEFAULT_PIXEL_NM, Grid, RegionNm, grid_for, molecules_inside
from cellstorm.render.modes import (
    MODE_NAMES,
    GaussianMode,
    HistogramMode,
    JitteredMode,
    RenderMode,
    ShiftedHistogramMode,
    mode_named,
)
from cellstorm.render.picture import Picture, TimeLegend
from cellstorm.render.picture_files import (
    PICTURE_EXTENSIONS,
    check_picture_path,
    render_to_file,
    save_picture,
)
from cellstorm.render.rendering import MOST_PIXELS_IN_MEMORY, Tile, render, render_tiles
from cellstorm.render.side_by_side import WIDEFIELD_CONTRAST, side_by_side
from cellstorm.render.streaming import StreamedPicture, grid_of_rows, render_rows
from cellstorm.render.time_colour import time_coloured
from cellstorm.render.widefield import widefield_equivalent

__all__ = [
    "COLOUR_MAPS",
    "DEFAULT_PIXEL_NM",
    "MODE_NAMES",
    "MOST_PIXELS_IN_MEMORY",
    "PICTURE_EXTENSIONS",
    "WIDEFIELD_CONTRAST",
    "Contrast",
    "GaussianMode",
    "Grid",
    "HistogramMode",
    "JitteredMode",
    "Picture",
    "RegionNm",
    "RenderMode",
    "ShiftedHistogramMode",
    "StreamedPicture",
    "Tile",
    "TimeLegend",
    "check_picture_path",
    "grid_for",
    "grid_of_rows",
    "mode_named",
    "molecules_inside",
    "render",
    "render_rows",
    "render_tiles",
    "render_to_file",
    "save_picture",
    "side_by_side",
    "time_coloured",
    "widefield_equivalent",
]
