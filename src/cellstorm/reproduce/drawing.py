"""Parts of the pictures: panels of fields in micrometres, plain axes, colours of methods."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cellstorm.localizations import Localizations
from cellstorm.render import Contrast, GaussianMode, Picture, RegionNm, render
from cellstorm.render.contrast import to_rgb
from cellstorm.reproduce.methods import CLASSICAL, GAN, NET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "bare", "drawn_molecules", "plain", "sheet", "show_picture"]

# Okabe and Ito 2008: told apart by colour-blind eyes
COLOURS = {
    GAN: "#d55e00",
    CLASSICAL: "#0072b2",
    NET: "#009e73",
    "emCCD": "#cc79a7",
    "truth": "#000000",
}
"""By the name of a method, a recording, or ``truth``."""

_SCALE_BARS_UM = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_BAR_SHARE = 0.25
_LEAST_WIDTH_NM = 8.0


def sheet(width_inches: float, height_inches: float) -> "Figure":
    """An empty picture."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def plain(axes: "Axes") -> None:
    """A light grid, and no frame but the axes."""
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def bare(axes: "Axes") -> None:
    """Neither ticks nor frame: a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def drawn_molecules(table: Localizations, *, pixel_nm: float, region_nm: RegionNm) -> Picture:
    """A table as Gaussians as wide as its molecules are uncertain.

    Parameters
    ----------
    table
        The molecules.
    pixel_nm
        Edge of a pixel of the picture.
    region_nm
        ``(x0, x1, y0, y1)``.
    """
    known = {"uncertainty_nm", "uncertainty_x_nm"} & set(table.columns)
    least = max(_LEAST_WIDTH_NM, 0.7 * pixel_nm)
    mode = (
        GaussianMode(min_width_nm=least, max_width_nm=max(60.0, 2.0 * least))
        if known
        else GaussianMode(width_nm=max(15.0, least))
    )
    return render(table, mode=mode, pixel_nm=pixel_nm, region_nm=region_nm)


def show_picture(
    axes: "Axes",
    picture: Picture,
    *,
    region_nm: RegionNm,
    colour_map: str,
    contrast: Contrast,
    title: str = "",
    scale_bar: bool = False,
) -> None:
    """Draw the part of a picture that lies in a region, in nanometres, y downwards.

    Parameters
    ----------
    axes
        To draw on.
    picture
        With a pixel size.
    region_nm
        ``(x0, x1, y0, y1)``.
    colour_map, contrast
        How values become colours; white is that of the whole picture.
    title
        Over it.
    scale_bar
        Draw one, about a quarter of the region long.
    """
    pixel_nm = picture.pixel_nm or 1.0
    height, width = picture.shape
    x0, y0 = picture.origin_nm
    levels = contrast.levels(picture)
    shown: NDArray[np.uint8] = to_rgb(
        picture, contrast=contrast, colour_map=colour_map, levels=levels
    )
    axes.imshow(
        shown,
        extent=(x0, x0 + width * pixel_nm, y0 + height * pixel_nm, y0),
        interpolation="nearest",
    )
    axes.set_xlim(region_nm[0], region_nm[1])
    axes.set_ylim(region_nm[3], region_nm[2])
    bare(axes)
    if title:
        axes.set_title(title, fontsize=9)
    if scale_bar:
        _draw_scale_bar(axes, region_nm)


def _draw_scale_bar(axes: "Axes", region_nm: RegionNm) -> None:
    from matplotlib.patheffects import withStroke

    x0, x1, y0, y1 = region_nm
    wanted_um = _BAR_SHARE * (x1 - x0) / 1e3
    length_um = max((one for one in _SCALE_BARS_UM if one <= wanted_um), default=_SCALE_BARS_UM[0])
    left, low = x0 + 0.05 * (x1 - x0), y1 - 0.06 * (y1 - y0)
    # widefield pictures can be white where the bar is
    edge = [withStroke(linewidth=5, foreground="black")]
    axes.plot(
        [left, left + 1e3 * length_um],
        [low, low],
        color="white",
        linewidth=3,
        path_effects=edge,
        solid_capstyle="butt",
    )
    axes.annotate(
        f"{length_um:g} µm",
        (left, low),
        xytext=(0, 4),
        textcoords="offset points",
        color="white",
        fontsize=8,
        path_effects=[withStroke(linewidth=2, foreground="black")],
    )
