"""Draws ``logo.png``: run ``python -m cellstorm.simulate.structures._draw_logo`` to make it anew.

A cell under a storm: cloud, lightning and rain inside a membrane. The rain falls in
lines that draw closer from left to right, so that the picture has fine detail to lose.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

__all__ = ["draw_logo"]

_SIZE = 512
# drawn larger and scaled down, which rounds the corners of single-bit shapes less badly
_OVERSAMPLING = 8


def draw_logo() -> Image.Image:
    """The logo, 512 x 512 px, one bit, white on black."""
    side = _SIZE * _OVERSAMPLING
    picture = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(picture)
    _membrane(pen)
    _rain(pen)
    _lightning(pen)
    _cloud(pen)
    small = picture.resize((_SIZE, _SIZE), Image.Resampling.BOX)
    return small.point(lambda level: 255 * (level >= 128)).convert("1")


def _scaled(*values: float) -> list[float]:
    return [_OVERSAMPLING * value for value in values]


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, level: int) -> None:
    pen.ellipse(_scaled(x - radius, y - radius, x + radius, y + radius), fill=level)


def _outline(swell: float) -> list[float]:
    """A slightly uneven round, as a cell's edge is."""
    points: list[float] = []
    for degree in range(720):
        angle = math.radians(degree / 2.0)
        radius = 236.0 + 9.0 * math.sin(3.0 * angle + 0.6) + 6.0 * math.sin(5.0 * angle) - swell
        points += _scaled(256.0 + radius * math.cos(angle), 256.0 + radius * math.sin(angle))
    return points


def _membrane(pen: ImageDraw.ImageDraw) -> None:
    """Two thin lines, as a membrane has two leaflets."""
    for swell, level in ((0.0, 255), (4.0, 0), (9.0, 255), (13.0, 0)):
        pen.polygon(_outline(swell), fill=level)


def _cloud(pen: ImageDraw.ImageDraw) -> None:
    bumps = ((160, 190, 52), (222, 150, 66), (304, 158, 60), (360, 196, 46))
    for grown, level in ((9.0, 0), (0.0, 255), (-7.0, 0)):
        for x, y, radius in bumps:
            _disc(pen, x, y, radius + grown, level)
        pen.rounded_rectangle(
            _scaled(118 - grown, 182 - grown, 398 + grown, 242 + grown),
            radius=_OVERSAMPLING * (30.0 + grown),
            fill=level,
        )
    # organelles: what is blurred to a spot first
    for x, y, radius in (
        (176, 200, 12),
        (226, 160, 18),
        (230, 210, 7),
        (296, 190, 14),
        (350, 208, 9),
    ):
        _disc(pen, x, y, radius, 255)


def _lightning(pen: ImageDraw.ImageDraw) -> None:
    bolt = [(276, 236), (212, 336), (252, 336), (222, 430), (312, 310), (270, 310), (318, 236)]
    for grown, level in ((12.0, 0), (0.0, 255)):
        points: list[float] = []
        for x, y in bolt:
            points += _scaled(x, y)
        if grown:
            pen.line(
                [*points, *points[:2]],
                fill=level,
                width=round(2 * grown * _OVERSAMPLING),
                joint="curve",
            )
        pen.polygon(points, fill=level)


def _rain(pen: ImageDraw.ImageDraw) -> None:
    x, gap = 112.0, 26.0
    while x < 402.0:
        drop = 120.0 - 0.0026 * (x - 250.0) ** 2
        pen.line(
            _scaled(x, 258, x - 0.28 * drop, 258 + drop), fill=255, width=round(2.5 * _OVERSAMPLING)
        )
        x += gap
        gap = max(5.0, gap * 0.905)


if __name__ == "__main__":
    draw_logo().save(Path(__file__).with_name("logo.png"), optimize=True)
