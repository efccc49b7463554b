"""The pictures of a report: the whole field and a close-up, super-resolved and widefield."""

import io
import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from cellstorm.errors import CellstormError
from cellstorm.html_page import png_uri
from cellstorm.render import (
    WIDEFIELD_CONTRAST,
    Contrast,
    GaussianMode,
    Picture,
    RegionNm,
    RenderMode,
    ShiftedHistogramMode,
    grid_of_rows,
    render_rows,
)
from cellstorm.render.annotation import length_label, nice_length_nm
from cellstorm.render.colour_maps import colour_table
from cellstorm.render.contrast import Levels, to_rgb
from cellstorm.render.side_by_side import most_crowded
from cellstorm.report.line_profiles import LineProfile
from cellstorm.report.marked_boxes import MarkedBox, marked_boxes
from cellstorm.report.options import ReportOptions
from cellstorm.report.part_to_show import part_to_show
from cellstorm.report.parts import Untold, as_text, told_or_why
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["Pane", "ReportPictures", "View", "draw_pictures"]

_FINEST_NM = 1.0
_USUAL_NM = 10.0
_MOST_JUDGED_PX = 1500
_MOST_BYTES = 2_200_000
_MOST_WIDEFIELD_PX = 1024
_CLOSE_UP_PX = 900
# of a large field 3 µm cannot be found again
_CLOSE_UP_NM, _CLOSE_UP_LEAST_SHARE = 3000.0, 0.125
_CLOSE_UP_SHAPE = 2 / 3
# a close-up shows less than this share of the field, or it is none
_CLOSE_UP_SHARE = 0.5
# a field that is longer than this is shown with empty ground beside it
_LONGEST_ASPECT = 2.4
_BAR_SHARE = 0.25
_SPARSE_PER_PX = 0.02
_PANEL_PX = 600
_UNCERTAINTIES = ("uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm")


@dataclass(frozen=True)
class Pane:
    """One picture in a view.

    Attributes
    ----------
    title, alt
        Over and instead of it.
    uri
        Its PNG.
    left, top, width, height
        Where it lies in the view, % of its width and height.
    """

    title: str
    alt: str
    uri: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class View:
    """Pictures of one place that are moved together.

    Attributes
    ----------
    name, title
        Of the anchor; over it.
    field_nm
        ``(x0, x1, y0, y1)`` shown.
    panes
        One or two.
    marked
        ``(left, top, width, height)`` of the close-up, % of the view; None for none.
    bar_nm, bar_label
        Scale bar of the whole view.
    caption
        Under it.
    boxes
        Of profiles.
    """

    name: str
    title: str
    field_nm: RegionNm
    panes: tuple[Pane, ...]
    marked: tuple[float, float, float, float] | None
    bar_nm: float
    bar_label: str
    caption: str
    boxes: tuple[MarkedBox, ...] = ()

    @property
    def width_nm(self) -> float:
        """Of what is shown."""
        return self.field_nm[1] - self.field_nm[0]

    @property
    def height_nm(self) -> float:
        """Of what is shown."""
        return self.field_nm[3] - self.field_nm[2]

    @property
    def bar_percent(self) -> float:
        """Length of the scale bar, % of the width."""
        return 100.0 * self.bar_nm / self.width_nm


@dataclass(frozen=True, eq=False)
class ReportPictures:
    """What is shown, and what a picture's sharpness is told from.

    Attributes
    ----------
    views
        The whole field, and a close-up where the field is larger than one.
    judged
        Super-resolved, with pixels fine enough to tell how sharp it is; of a large field its
        most crowded part.
    """

    views: tuple[View, ...]
    judged: Picture

    def with_profiles(self, lines: tuple[LineProfile, ...] | Untold) -> "ReportPictures":
        """The same with the boxes of profiles, numbered."""
        if isinstance(lines, Untold):
            return self
        boxes = [(one.number, one.box) for one in lines]
        views = (replace(view, boxes=marked_boxes(boxes, view.field_nm)) for view in self.views)
        return replace(self, views=tuple(views))


def draw_pictures(
    table: TableAtHand, widefield: Picture | None, options: ReportOptions
) -> ReportPictures | Untold:
    """Draw the table, row batch by row batch, beside the movie's own picture.

    Parameters
    ----------
    table
        The table.
    widefield
        The movie's mean, with its pixel size; None where there is no movie.
    options
        Sizes.
    """
    return told_or_why(lambda: _drawn(table, widefield, options))


def _drawn(table: TableAtHand, widefield: Picture | None, options: ReportOptions) -> ReportPictures:
    rough = grid_of_rows(table.rows, table.metadata, pixel_nm=1000.0)
    width_nm, height_nm = rough.width_px * 1000.0, rough.height_px * 1000.0
    longest_nm = max(width_nm, height_nm)
    pixel_nm = max(longest_nm / options.picture_px, _FINEST_NM)
    mode = _mode(table, width_nm, height_nm)
    while True:
        streamed = render_rows(table.rows, table.metadata, mode=mode, pixel_nm=pixel_nm)
        png = _png(streamed.picture, Contrast(), "hot")
        if len(png) <= _MOST_BYTES:
            break
        pixel_nm *= 1.3
    picture = streamed.picture
    close_up = _close_up(table, picture, widefield, options, mode)
    marked = None if close_up is None else close_up.field_nm
    told = f"{streamed.inside:,} localizations, {_how(mode)}, pixels of {as_text(pixel_nm, 2)} nm"
    whole = _view(
        "field",
        "The whole field",
        _region_of(picture),
        [("super-resolved", picture, png), *_widefield_pane(widefield)],
        told if widefield is None else f"{told}; widefield: {widefield.label}",
        marked,
    )
    judged = _judged(table, picture, mode)
    return ReportPictures((whole,) if close_up is None else (whole, close_up), judged)


def _judged(table: TableAtHand, picture: Picture, mode: RenderMode) -> Picture:
    """Molecules no wider than they are uncertain, and pixels of half of that."""
    x0, x1, y0, y1 = _region_of(picture)
    pixel_nm = min(_usual_error_nm(table) / 2.0, picture.pixel_nm or _USUAL_NM, _USUAL_NM)
    pixel_nm = max(pixel_nm, _FINEST_NM)
    fine = _as_uncertain(mode)
    if fine == mode and pixel_nm == picture.pixel_nm:
        return picture
    most_nm = _MOST_JUDGED_PX * pixel_nm
    width_nm, height_nm = min(most_nm, x1 - x0), min(most_nm, y1 - y0)
    is_all = (width_nm, height_nm) == (x1 - x0, y1 - y0)
    region = (x0, x1, y0, y1) if is_all else most_crowded(picture, width_nm, height_nm)
    return render_rows(
        table.rows, table.metadata, mode=fine, pixel_nm=pixel_nm, region_nm=region
    ).picture


def _usual_error_nm(table: TableAtHand) -> float:
    for name in _UNCERTAINTIES:
        if name in table.columns:
            value = table.values(name).median()
            if isinstance(value, int | float) and value > 0:
                return float(value)
    return _USUAL_NM


def _as_uncertain(mode: RenderMode) -> RenderMode:
    return mode.model_copy(update={"min_width_nm": 1.0}) if isinstance(mode, GaussianMode) else mode


def _mode(table: TableAtHand, width_nm: float, height_nm: float) -> RenderMode:
    if not any(name in table.columns for name in _UNCERTAINTIES):
        return ShiftedHistogramMode()
    # where molecules stand far apart, one has to be seen in the picture as it is shown first
    shown_px_nm = max(width_nm, height_nm) / _PANEL_PX
    sparse = table.count < _SPARSE_PER_PX * width_nm * height_nm / shown_px_nm**2
    return GaussianMode(min_width_nm=min(max(1.0, 0.7 * shown_px_nm) if sparse else 1.0, 100.0))


def _how(mode: RenderMode) -> str:
    if isinstance(mode, GaussianMode):
        return "each drawn as wide as it is uncertain"
    return "counted in squares (the table has no uncertainties)"


def _close_up(
    table: TableAtHand,
    picture: Picture,
    widefield: Picture | None,
    options: ReportOptions,
    mode: RenderMode,
) -> View | None:
    """The part to show; None where the field is hardly larger, or empty."""
    field = x0, x1, y0, y1 = _region_of(picture)
    width_nm = options.close_up_nm or max(_CLOSE_UP_NM, _CLOSE_UP_LEAST_SHARE * (x1 - x0))
    height_nm = _CLOSE_UP_SHAPE * width_nm
    if width_nm > _CLOSE_UP_SHARE * (x1 - x0) or height_nm > _CLOSE_UP_SHARE * (y1 - y0):
        return None
    region = part_to_show(table, field, width_nm, height_nm, usual_error_nm=_usual_error_nm(table))
    if region is None:
        region = most_crowded(picture, width_nm, height_nm)
    fine = _as_uncertain(mode)
    pixel_nm = max((region[1] - region[0]) / _CLOSE_UP_PX, _FINEST_NM)
    try:
        part = render_rows(
            table.rows, table.metadata, mode=fine, pixel_nm=pixel_nm, region_nm=region
        ).picture
    except CellstormError:
        return None
    if not part.values.any():
        return None
    panes = [("super-resolved", part, _png(part, Contrast(), "hot"))]
    panes += _widefield_pane(widefield, region)
    return _view(
        "close-up",
        "Close-up",
        region,
        panes,
        f"{(region[1] - region[0]) / 1e3:.2g} × {(region[3] - region[2]) / 1e3:.2g} µm, outlined"
        f" above, pixels of {as_text(pixel_nm, 2)} nm; the clearest lines that two"
        " halves of the movie agree on",
        None,
    )


def _widefield_pane(
    widefield: Picture | None, region: RegionNm | None = None
) -> list[tuple[str, Picture, bytes]]:
    if widefield is None or widefield.pixel_nm is None:
        return []
    if region is None:
        shown = _binned(widefield)
        return [("widefield", shown, _png(shown, WIDEFIELD_CONTRAST, "gray"))]
    pixel_nm = widefield.pixel_nm
    height, width = widefield.shape
    left, right = (
        min(max(bound, 0), width)
        for bound in (math.floor(region[0] / pixel_nm) - 1, math.ceil(region[1] / pixel_nm) + 1)
    )
    top, bottom = (
        min(max(bound, 0), height)
        for bound in (math.floor(region[2] / pixel_nm) - 1, math.ceil(region[3] / pixel_nm) + 1)
    )
    if right <= left or bottom <= top:
        return []
    part = replace(
        widefield,
        values=widefield.values[top:bottom, left:right],
        origin_nm=(left * pixel_nm, top * pixel_nm),
    )
    return [("widefield", part, _png(part, WIDEFIELD_CONTRAST, "gray"))]


def _binned(picture: Picture) -> Picture:
    """Averaged over squares until it is small enough for a page."""
    step = math.ceil(max(picture.shape) / _MOST_WIDEFIELD_PX)
    if step == 1 or picture.pixel_nm is None:
        return picture
    height, width = (size // step for size in picture.shape)
    values = picture.values[: height * step, : width * step]
    values = values.reshape(height, step, width, step).mean(axis=(1, 3), dtype=np.float32)
    return replace(picture, values=values, pixel_nm=picture.pixel_nm * step)


def _view(
    name: str,
    title: str,
    field: RegionNm,
    panes: list[tuple[str, Picture, bytes]],
    caption: str,
    marked: RegionNm | None,
) -> View:
    x0, x1, y0, y1 = _not_too_long(field)
    width_nm, height_nm = x1 - x0, y1 - y0

    def placed(region: RegionNm) -> tuple[float, float, float, float]:
        return (
            100.0 * (region[0] - x0) / width_nm,
            100.0 * (region[2] - y0) / height_nm,
            100.0 * (region[1] - region[0]) / width_nm,
            100.0 * (region[3] - region[2]) / height_nm,
        )

    bar_nm = nice_length_nm(_BAR_SHARE * width_nm)
    size = f"{width_nm / 1e3:.3g} by {height_nm / 1e3:.3g} µm"
    return View(
        name=name,
        title=title,
        field_nm=(x0, x1, y0, y1),
        panes=tuple(
            Pane(label, f"{title}, {label}: {size}.", png_uri(png), *placed(_region_of(picture)))
            for label, picture, png in panes
        ),
        marked=None if marked is None else placed(marked),
        bar_nm=bar_nm,
        bar_label=length_label(bar_nm),
        caption=caption,
    )


def _not_too_long(field: RegionNm) -> RegionNm:
    x0, x1, y0, y1 = field
    more_x = max((y1 - y0) / _LONGEST_ASPECT - (x1 - x0), 0.0) / 2
    more_y = max((x1 - x0) / _LONGEST_ASPECT - (y1 - y0), 0.0) / 2
    return x0 - more_x, x1 + more_x, y0 - more_y, y1 + more_y


def _region_of(picture: Picture) -> RegionNm:
    pixel_nm = picture.pixel_nm or 1.0
    height, width = picture.shape
    x0, y0 = picture.origin_nm
    return x0, x0 + width * pixel_nm, y0, y0 + height * pixel_nm


def _png(picture: Picture, contrast: Contrast, colours: str) -> bytes:
    """With the map's 256 colours as its palette: a third of the bytes of three channels."""
    levels: Levels = contrast.levels(picture)
    grey = to_rgb(picture, contrast=contrast, colour_map="gray", levels=levels)[..., 0]
    image = Image.fromarray(np.ascontiguousarray(grey))
    if colours != "gray":
        image.putpalette(colour_table(colours).tobytes())
    memory = io.BytesIO()
    image.save(memory, format="PNG", compress_level=9)
    return memory.getvalue()
