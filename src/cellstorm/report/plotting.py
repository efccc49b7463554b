"""Drawings whose colours are the page's own and whose axes have units."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cellstorm.html_page import figure_svg
from cellstorm.report.parts import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ACCENT", "BAND", "INK", "MAIN", "SOFT", "Axis", "draw"]

# stand-ins that no data has; the page's style sheet says what they are, by day and by night
INK, SOFT, LINE, MAIN, ACCENT, BAND = (
    "#0a0b01",
    "#0a0b02",
    "#0a0b03",
    "#0a0b04",
    "#0a0b05",
    "#0a0b06",
)
_VARIABLES = {
    INK: "ink",
    SOFT: "soft",
    LINE: "line",
    MAIN: "main",
    ACCENT: "accent",
    BAND: "band",
}
_WIDTH_INCHES, _HEIGHT_INCHES = 4.9, 3.3
_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10.5,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.labelcolor": INK,
}


@dataclass(frozen=True)
class Axis:
    """What an axis shows, and in which unit."""

    name: str
    unit: str

    def __post_init__(self) -> None:
        if not self.unit:
            raise ValueError(f"the axis {self.name!r} needs a unit")

    @property
    def label(self) -> str:
        """``"distance, nm"``."""
        return f"{self.name}, {self.unit}"


def draw(
    title: str,
    *,
    alt: str,
    caption: str,
    x: Axis,
    y: Axis,
    paint: Callable[["Axes"], None],
    grid: bool = True,
    height: float = 1.0,
) -> Drawing:
    """Draw onto one pair of axes.

    Parameters
    ----------
    title, alt, caption
        Over it, instead of it, under it.
    x, y
        The axes.
    paint
        Draws; colours are those of this module.
    grid
        Lines behind it.
    height
        Of the drawing, relative to the usual one.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_SETTINGS):
        figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES * height), layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.subplots()
        axes.patch.set_alpha(0.0)
        axes.grid(grid)
        axes.set_xlabel(x.label)
        axes.set_ylabel(y.label)
        paint(axes)
        svg = _for_the_page(figure_svg(figure), title, alt)
    return Drawing(title=title, caption=caption, alt=alt, svg=svg, units=(x.unit, y.unit))


def _for_the_page(svg: str, title: str, alt: str) -> str:
    """The drawing as part of a page: no head of its own, no size, no clashing names."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    own = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{own}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{own}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{own}-\1"', svg)
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, f"var(--{variable})")
    head, _, rest = svg.partition(">")
    box = re.search(r'viewBox="[^"]+"', head)
    shown = alt.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return (
        f'<svg {"" if box is None else box[0]} role="img" aria-label="{shown}"'
        ' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"{rest}"
    )
