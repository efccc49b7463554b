"""What is written onto pictures: scale bar, colour legend, words."""

import math
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cellstorm.errors import CellstormError
from cellstorm.render.colour_maps import time_hues
from cellstorm.render.picture import TimeLegend

__all__ = ["draw_scale_bar", "draw_time_legend", "nice_length_nm", "text_size", "write_line"]

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
# Bars are about this share of the picture's width, and nothing is written on tiny pictures.
_BAR_SHARE = 0.2
_LEAST_WIDTH_PX = 80


def text_size(width_px: int, height_px: int) -> int:
    """Height of letters that can be read in a picture of this size, px."""
    return int(np.clip(round(math.sqrt(width_px * height_px) / 32), 11, 220))


def nice_length_nm(longest_nm: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten that is not above ``longest_nm``."""
    power = 10.0 ** math.floor(math.log10(longest_nm))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest_nm * (1 + 1e-9))


def length_label(length_nm: float) -> str:
    """``"500 nm"``, ``"2 µm"``, ``"1 mm"``."""
    for factor, unit in ((1e6, "mm"), (1e3, "µm")):
        if length_nm >= factor * (1 - 1e-9):
            return f"{length_nm / factor:g} {unit}"
    return f"{length_nm:g} nm"


def draw_scale_bar(image: Image.Image, pixel_nm: float, *, label: bool = True) -> None:
    """Draw a bar of a round length into the lower right corner.

    Parameters
    ----------
    image
        RGB, changed in place; tiny ones are left alone.
    pixel_nm
        Length of a pixel of ``image``.
    label
        Write the length above the bar.
    """
    width, height = image.size
    if width < _LEAST_WIDTH_PX or height < _LEAST_WIDTH_PX:
        return
    size = text_size(width, height)
    length_nm = nice_length_nm(_BAR_SHARE * width * pixel_nm)
    bar = round(length_nm / pixel_nm)
    thick = max(2, round(size / 4))
    margin = max(5, round(0.8 * size))
    right, bottom = width - margin, height - margin
    draw = ImageDraw.Draw(image)
    rim = max(1, thick // 4)
    draw.rectangle(
        (right - bar - rim, bottom - thick - rim, right - 1 + rim, bottom - 1 + rim), fill=_BLACK
    )
    draw.rectangle((right - bar, bottom - thick, right - 1, bottom - 1), fill=_WHITE)
    if label:
        centre = (right - bar / 2, bottom - thick - rim - size / 4)
        write_line(image, length_label(length_nm), centre, size, anchor="middle")


def draw_time_legend(image: Image.Image, legend: TimeLegend) -> None:
    """Draw the hues with their first and last time into the lower left corner."""
    width, height = image.size
    if width < 2 * _LEAST_WIDTH_PX or height < _LEAST_WIDTH_PX:
        return
    size = text_size(width, height)
    length, thick, margin = round(0.25 * width), max(3, round(size / 2)), max(5, round(0.8 * size))
    hues = np.rint(255 * time_hues()).astype(np.uint8)[None]
    strip = Image.fromarray(hues).resize((length, thick), Image.Resampling.BILINEAR)
    left, top = margin, height - margin - thick
    draw = ImageDraw.Draw(image)
    draw.rectangle((left - 1, top - 1, left + length, top + thick), fill=_BLACK)
    image.paste(strip, (left, top))
    first, last = _times(legend)
    baseline = top - size / 4
    write_line(image, first, (left, baseline), size)
    write_line(image, last, (left + length, baseline), size, anchor="right")


def write_line(
    image: Image.Image,
    text: str,
    at_px: tuple[float, float],
    size: int,
    *,
    anchor: Literal["left", "middle", "right"] = "left",
) -> None:
    """Write white letters with a dark rim, their baseline at this place."""
    font = _font(size)
    draw = ImageDraw.Draw(image)
    width = font.getlength(text.replace("µ", "u"))
    x = at_px[0] - {"left": 0.0, "middle": width / 2, "right": width}[anchor]
    baseline = at_px[1]
    strokes = [(x, baseline, text.replace("µ", "u"))]
    # The font that comes with Pillow has no µ: a u, and an l let down over its left stem.
    bearing_px = _left_bearing_px(font, "u") - _left_bearing_px(font, "l")
    descent_px = font.getbbox("p", anchor="ls")[3]
    strokes += [
        (
            x + font.getlength(text[:index].replace("µ", "u")) + bearing_px,
            baseline + descent_px,
            "l",
        )
        for index, letter in enumerate(text)
        if letter == "µ"
    ]
    for rim_px, colour in ((max(2, round(size / 10)), _BLACK), (0, _WHITE)):
        for left, bottom, letters in strokes:
            draw.text(
                (left, bottom), letters, font=font, anchor="ls", fill=colour, stroke_width=rim_px
            )


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise CellstormError(
            "this Pillow was built without FreeType: nothing can be written onto pictures.",
            todo="Install Pillow from its wheels, or leave the scale bar out.",
        )
    return font


def _left_bearing_px(font: ImageFont.FreeTypeFont, letter: str) -> float:
    """From a letter's origin to its first inked column, found at ten times the size."""
    inked = font.font_variant(size=10 * font.size).getmask(letter).getbbox()
    return inked[0] / 10 if inked is not None else 0.0


def _times(legend: TimeLegend) -> tuple[str, str]:
    if legend.frame_rate_hz is None:
        return f"frame {legend.first_frame}", f"{legend.last_frame}"
    first, last = (
        frame / legend.frame_rate_hz for frame in (legend.first_frame, legend.last_frame)
    )
    if last >= 180:
        return f"{first / 60:.0f} min", f"{last / 60:.0f} min"
    return f"{first:.0f} s", f"{last:.0f} s"
