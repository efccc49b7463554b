"""Before and after on one sheet: the same field twice, and its most crowded part."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, PngImagePlugin
from scipy.ndimage import gaussian_filter, uniform_filter

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.render.annotation import draw_scale_bar, draw_time_legend, text_size, write_line
from cellstorm.render.contrast import Contrast, to_rgb
from cellstorm.render.grid import RegionNm
from cellstorm.render.picture import Picture

__all__ = ["WIDEFIELD_CONTRAST", "most_crowded", "side_by_side"]

WIDEFIELD_CONTRAST = Contrast(saturated_percent=0.2, dark_percent=1, gamma=1)
"""The background is black, as the camera's offset means nothing."""

_GAP_PX = 8
_BACKGROUND = (18, 18, 20)
_FRAME = (255, 255, 255)
_PANEL_PX = 720
# Height of the close-up in shares of its width.
_INSET_SHAPE = 2 / 3
_INSET_NM = 3000.0
# Of a large field a close-up of 3 µm cannot be found again; of a small one it is the field.
_INSET_LEAST_SHARE, _INSET_MOST_SHARE = 0.12, 0.4
_FILAMENT_NM = 50.0


def side_by_side(
    left: Picture,
    right: Picture,
    path: Path | str,
    *,
    titles: tuple[str, str] = ("widefield equivalent", "super-resolved"),
    colour_maps: tuple[str, str] = ("gray", "hot"),
    contrasts: tuple[Contrast, Contrast] = (WIDEFIELD_CONTRAST, Contrast()),
    inset: bool = True,
    panel_px: int = _PANEL_PX,
) -> tuple[int, int]:
    """Write a PNG with both pictures at one scale and their most crowded 3 µm below.

    Parameters
    ----------
    left, right
        Pictures with a pixel size; the field shown is what both cover. Usually the
        `widefield_equivalent` and a rendered table.
    path
        Ends in ``.png``.
    titles, colour_maps, contrasts
        For the left and the right; by default the widefield's darkest percent is black.
    inset
        Show the part of 3 µm with most in the right picture again, larger.
    panel_px
        Width of each of the two pictures on the sheet.

    Returns
    -------
    tuple[int, int]
        Width and height of the sheet, px.

    Raises
    ------
    ConfigurationError
        A picture has no pixel size, or the two show different places.
    OutputError
        The file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OutputError("pictures side by side are written as .png.", where=path)
    field = _common_field(left, right)
    rows = [field]
    if inset:
        part = _inset(right, field)
        if part is not None:
            rows.append(part)

    heights = [max(1, round(panel_px * (y1 - y0) / (x1 - x0))) for x0, x1, y0, y1 in rows]
    size = text_size(panel_px, panel_px)
    top = 2 * size
    sheet = Image.new(
        "RGB",
        (2 * panel_px + 3 * _GAP_PX, top + sum(heights) + _GAP_PX * len(rows)),
        _BACKGROUND,
    )
    for column, (picture, title, colours, contrast) in enumerate(
        zip((left, right), titles, colour_maps, contrasts, strict=True)
    ):
        x = _GAP_PX + column * (panel_px + _GAP_PX)
        write_line(sheet, title, (x, round(1.4 * size)), size)
        y = top
        for part, height in zip(rows, heights, strict=True):
            view = _view(picture, part, (panel_px, height))
            panel = Image.fromarray(to_rgb(view, contrast=contrast, colour_map=colours))
            if part is field and len(rows) > 1:
                _outline(panel, field, rows[1])
            if part is field and picture.legend is not None:
                draw_time_legend(panel, picture.legend)
            draw_scale_bar(panel, (part[1] - part[0]) / panel_px)
            sheet.paste(panel, (x, y))
            y += height + _GAP_PX
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "cellstorm")
    with atomic_file(path) as temporary:
        sheet.save(temporary, format="PNG", pnginfo=text)
    return sheet.size


def most_crowded(picture: Picture, width_nm: float, height_nm: float) -> RegionNm:
    """The rectangle of this size with most structure in it, ``(x0, x1, y0, y1)``.

    Structure is what stands out from its surroundings after molecules were smoothed into
    filaments: a crowd without gaps has as little of it as a place without molecules.

    Parameters
    ----------
    picture
        With a pixel size.
    width_nm, height_nm
        Size; cut to the picture's.
    """
    pixel_nm = picture.pixel_nm or 1.0
    values = picture.values.astype(np.float32)
    if picture.is_coloured:
        values = values.sum(axis=2)
    height, width = picture.shape
    rows = min(height, max(1, round(height_nm / pixel_nm)))
    columns = min(width, max(1, round(width_nm / pixel_nm)))
    smooth = gaussian_filter(values, _FILAMENT_NM / pixel_nm)
    # A few bright spots (dirt, beads) are not a crowd.
    lit = smooth[smooth > 0]
    smooth = np.minimum(smooth, np.percentile(lit, 95)) if lit.size else smooth
    mean = uniform_filter(smooth, size=(rows, columns))
    spread = uniform_filter(smooth**2, size=(rows, columns)) - mean**2
    # only centres whose rectangle lies inside
    inside = spread[rows // 2 : height - (rows - 1) // 2, columns // 2 : width - (columns - 1) // 2]
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    x0 = picture.origin_nm[0] + int(column) * pixel_nm
    y0 = picture.origin_nm[1] + int(row) * pixel_nm
    return x0, x0 + columns * pixel_nm, y0, y0 + rows * pixel_nm


def _field(picture: Picture) -> RegionNm:
    if picture.pixel_nm is None:
        raise ConfigurationError(
            "a picture without a pixel size cannot be shown at the scale of another.",
            todo="Give the movie's pixel size.",
        )
    x0, y0 = picture.origin_nm
    height, width = picture.shape
    return x0, x0 + width * picture.pixel_nm, y0, y0 + height * picture.pixel_nm


def _common_field(left: Picture, right: Picture) -> RegionNm:
    a, b = _field(left), _field(right)
    x0, x1, y0, y1 = max(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), min(a[3], b[3])
    if x0 >= x1 or y0 >= y1:
        raise ConfigurationError("the two pictures show different places.")
    return x0, x1, y0, y1


def _crop(picture: Picture, field: RegionNm) -> Picture:
    """The pixels that touch the field."""
    pixel_nm = picture.pixel_nm or 1.0
    left, top = (
        int(np.floor((corner - origin) / pixel_nm + 1e-6))
        for corner, origin in zip((field[0], field[2]), picture.origin_nm, strict=True)
    )
    right, bottom = (
        int(np.ceil((corner - origin) / pixel_nm - 1e-6))
        for corner, origin in zip((field[1], field[3]), picture.origin_nm, strict=True)
    )
    return Picture(
        values=picture.values[top:bottom, left:right],
        pixel_nm=picture.pixel_nm,
        origin_nm=(
            picture.origin_nm[0] + left * pixel_nm,
            picture.origin_nm[1] + top * pixel_nm,
        ),
        label=picture.label,
    )


def _inset(picture: Picture, field: RegionNm) -> RegionNm | None:
    width_nm = field[1] - field[0]
    inset_nm = min(max(_INSET_NM, _INSET_LEAST_SHARE * width_nm), _INSET_MOST_SHARE * width_nm)
    part = _crop(picture, field)
    if _INSET_SHAPE * inset_nm > field[3] - field[2] or not part.values.any():
        return None
    return most_crowded(part, inset_nm, _INSET_SHAPE * inset_nm)


def _view(picture: Picture, part: RegionNm, size: tuple[int, int]) -> Picture:
    """The part resampled to ``(width, height)``: smoothly when enlarged, else averaged.

    Values are resampled, not colours, so that thin lines keep their brightness.
    """
    pixel_nm = picture.pixel_nm or 1.0
    height, width = picture.shape
    x0, y0 = picture.origin_nm
    box = (
        max(0.0, (part[0] - x0) / pixel_nm),
        max(0.0, (part[2] - y0) / pixel_nm),
        min(float(width), (part[1] - x0) / pixel_nm),
        min(float(height), (part[3] - y0) / pixel_nm),
    )
    how = Image.Resampling.BICUBIC if size[0] > box[2] - box[0] else Image.Resampling.BOX
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, how, box=box))
        for plane in (
            np.moveaxis(picture.values, 2, 0) if picture.is_coloured else [picture.values]
        )
    ]
    values = np.stack(planes, axis=2) if picture.is_coloured else planes[0]
    return Picture(
        values=np.maximum(values, 0),
        pixel_nm=(part[1] - part[0]) / size[0],
        origin_nm=(part[0], part[2]),
        label=picture.label,
    )


def _outline(panel: Image.Image, field: RegionNm, part: RegionNm) -> None:
    x_scale = panel.width / (field[1] - field[0])
    y_scale = panel.height / (field[3] - field[2])
    box = (
        round((part[0] - field[0]) * x_scale),
        round((part[2] - field[2]) * y_scale),
        round((part[1] - field[0]) * x_scale) - 1,
        round((part[3] - field[2]) * y_scale) - 1,
    )
    ImageDraw.Draw(panel).rectangle(box, outline=_FRAME, width=2)
