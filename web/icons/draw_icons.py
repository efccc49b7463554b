"""Draws the app's icons: a ring of molecules, blurred on the left and resolved on the right.

Run ``python web/icons/draw_icons.py``; it writes ``web/public/icon.svg`` and the PNGs that
phones ask for.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_FOLDER = Path(__file__).resolve().parent.parent / "public"
_BACK = (20, 15, 12)
_COUNT = 12
_SIZES_PX = {"icon-192.png": 192, "icon-512.png": 512, "apple-touch-icon.png": 180}
# maskable icons may be cut to a circle of 80 % of the width
_MASKABLE_SCALE = 0.78


class _Spot(NamedTuple):
    """One molecule; lengths are shares of the icon's width."""

    x: float
    y: float
    sigma: float
    sharpness: float


def _spots() -> list[_Spot]:
    spots = []
    for index in range(_COUNT):
        angle = 2 * math.pi * (index + 0.5) / _COUNT
        sharpness = 0.5 * (1 + math.cos(angle))
        sigma = 0.078 * (1 - sharpness) + 0.022 * sharpness
        spots.append(
            _Spot(0.5 + 0.29 * math.cos(angle), 0.5 + 0.29 * math.sin(angle), sigma, sharpness)
        )
    return spots


def _colour(spot: _Spot) -> tuple[int, int, int]:
    # dim red where it is blurred, nearly white where it is resolved
    dim, bright = np.array((215, 60, 10)), np.array((255, 214, 150))
    red, green, blue = (dim + (bright - dim) * spot.sharpness**1.5).astype(int)
    return int(red), int(green), int(blue)


def draw(width_px: int, scale: float = 1.0) -> NDArray[np.uint8]:
    """The icon as ``(width, width, 3)``, its drawing ``scale`` times as large as usual."""
    axis = ((np.arange(width_px) + 0.5) / width_px - 0.5) / scale + 0.5
    light = np.zeros((width_px, width_px, 3)) + np.array(_BACK)
    for spot in _spots():
        distance2 = (axis[None, :] - spot.x) ** 2 + (axis[:, None] - spot.y) ** 2
        profile = np.exp(-0.5 * distance2 / spot.sigma**2)
        strength = 0.62 + 0.9 * spot.sharpness
        light += strength * profile[..., None] * (np.array(_colour(spot)) - np.array(_BACK))
    picture: NDArray[np.uint8] = np.clip(np.rint(light), 0, 255).astype(np.uint8)
    return picture


def svg() -> str:
    """The same as a drawing of gradients."""
    back = "#{:02x}{:02x}{:02x}".format(*_BACK)
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">',
        "<defs>",
    ]
    circles = [f'<rect width="512" height="512" fill="{back}"/>', '<g style="isolation:isolate">']
    for index, spot in enumerate(_spots()):
        colour = "#{:02x}{:02x}{:02x}".format(*_colour(spot))
        stops = "".join(
            f'<stop offset="{share:.2f}" stop-color="{colour}" stop-opacity="{opacity:.3f}"/>'
            for share in (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
            for opacity in (
                min(1.0, (0.62 + 0.9 * spot.sharpness) * math.exp(-0.5 * (3 * share) ** 2)),
            )
        )
        lines.append(f'<radialGradient id="m{index}">{stops}</radialGradient>')
        circles.append(
            f'<circle cx="{512 * spot.x:.1f}" cy="{512 * spot.y:.1f}"'
            f' r="{512 * 3 * spot.sigma:.1f}" fill="url(#m{index})"/>'
        )
    return "\n".join([*lines, "</defs>", *circles, "</g>", "</svg>"]) + "\n"


def main() -> None:
    """Write all icons."""
    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / "icon.svg").write_text(svg(), encoding="utf-8")
    for name, width_px in _SIZES_PX.items():
        _save(draw(width_px), name)
    _save(draw(512, _MASKABLE_SCALE), "icon-maskable-512.png")


def _save(picture: NDArray[np.uint8], name: str) -> None:
    # a palette makes the files a third as large, without a visible difference
    Image.fromarray(picture).quantize(160).save(_FOLDER / name, optimize=True)


if __name__ == "__main__":
    main()
