"""A movie of blinking molecules for the fake camera, with the number of every frame in it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["BlinkingClip", "frame_numbers", "make_clip"]

BITS = 12
CELL_PX = 8
_DARK, _BRIGHT = 20, 120

_GAIN_E_PER_GREY = 0.7
_OFFSET_GREY = 4.0
_READ_NOISE_E = 2.5
_SIGMA_PX = 1.3
_SPOT_REACH_PX = 7


@dataclass(frozen=True)
class BlinkingClip:
    """Frames as a camera gives them, and where the molecules are."""

    frames: NDArray[np.uint8]
    """``(n, height, width)`` luma"""
    region: tuple[int, int, int, int]
    """``(x, y, width, height)`` of the part with molecules, px"""
    frame_rate_hz: int

    def write_y4m(self, path: Path) -> Path:
        """Write as the raw video that Chromium's fake camera plays in a loop."""
        count, height, width = self.frames.shape
        chroma = bytes([128]) * (width * height // 2)
        with path.open("wb") as file:
            header = f"YUV4MPEG2 W{width} H{height} F{self.frame_rate_hz}:1 Ip A1:1 C420jpeg\n"
            file.write(header.encode())
            for index in range(count):
                file.write(b"FRAME\n" + self.frames[index].tobytes() + chroma)
        return path

    def cut(self) -> NDArray[np.uint8]:
        """The frames of the region alone."""
        x, y, width, height = self.region
        return np.ascontiguousarray(self.frames[:, y : y + height, x : x + width])


def make_clip(
    *,
    frames: int = 90,
    width: int = 640,
    height: int = 480,
    region_px: int = 256,
    molecules_per_frame: float = 9.0,
    numbered: bool = True,
    seed: int = 1,
    frame_rate_hz: int = 30,
) -> BlinkingClip:
    """Molecules blink on filaments and a ring in the middle of a dim, noisy field.

    The number of each frame stands in the lowest rows of the region as `BITS` cells of
    `CELL_PX`, dark for 0 and bright for 1.
    """
    rng = np.random.default_rng(seed)
    x0, y0 = (width - region_px) // 2 // 2 * 2, (height - region_px) // 2 // 2 * 2
    axis_y, axis_x = np.mgrid[:height, :width]
    glow = 6.0 + 10.0 * np.exp(
        -((axis_x - width / 2) ** 2 + (axis_y - height / 2) ** 2) / (0.9 * region_px) ** 2
    )
    places = _structure(rng, region_px, 1500)
    # in small regions some stand too near to the edge for a whole spot
    places = places[
        ((places > _SPOT_REACH_PX + 1) & (places < region_px - _SPOT_REACH_PX - 1)).all(1)
    ]
    made = np.empty((frames, height, width), np.uint8)
    lit: NDArray[np.intp] = np.empty(0, np.intp)
    for index in range(frames):
        # each stays on for two frames in the mean
        lit = np.concatenate(
            [
                lit[rng.random(lit.size) < 0.5],
                rng.choice(len(places), rng.poisson(0.5 * molecules_per_frame), replace=False),
            ]
        )
        light = glow.copy()
        for place in places[lit]:
            photons = rng.gamma(4.0, 250.0)
            _add_spot(light, x0 + place[0], y0 + place[1], photons)
        electrons = rng.poisson(light) + rng.normal(0.0, _READ_NOISE_E, light.shape)
        grey = np.clip(electrons / _GAIN_E_PER_GREY + _OFFSET_GREY, 0, 255)
        # raw video of this kind has black at 16 and white at 235, as most phone video
        made[index] = np.rint(16 + grey * (235 - 16) / 255).astype(np.uint8)
        if numbered:
            _write_number(made[index, y0 + region_px - CELL_PX :, x0:], index)
    return BlinkingClip(made, (x0, y0, region_px, region_px), frame_rate_hz)


def frame_numbers(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Read the numbers back from ``(n, height, width)`` frames of the region."""
    rows = frames[:, -CELL_PX:, : BITS * CELL_PX].astype(float)
    cells = rows.reshape(len(frames), CELL_PX, BITS, CELL_PX).mean((1, 3))
    bits = cells > 0.5 * (_DARK + _BRIGHT)
    numbers: NDArray[np.int64] = (bits * (1 << np.arange(BITS))).sum(1).astype(np.int64)
    return numbers


def _write_number(corner: NDArray[np.uint8], number: int) -> None:
    for bit in range(BITS):
        value = _BRIGHT if number >> bit & 1 else _DARK
        corner[:CELL_PX, bit * CELL_PX : (bit + 1) * CELL_PX] = value


def _structure(rng: np.random.Generator, size_px: int, count: int) -> NDArray[np.float64]:
    third = count // 3
    angle = rng.uniform(0, 2 * np.pi, third)
    ring = 0.5 + 0.2 * np.stack([np.cos(angle), np.sin(angle)], 1)
    along = rng.uniform(0.1, 0.9, (2, third))
    straight = np.stack([along[0], 0.2 + 0.5 * along[0] ** 2], 1)
    wave = np.stack([along[1], 0.72 + 0.08 * np.sin(9 * along[1])], 1)
    places: NDArray[np.float64] = size_px * np.concatenate([ring, straight, wave])
    return places


def _add_spot(light: NDArray[np.float64], x: float, y: float, photons: float) -> None:
    reach = _SPOT_REACH_PX
    left, top = int(x) - reach, int(y) - reach
    across = np.arange(left, left + 2 * reach + 1) + 0.5 - x
    down = np.arange(top, top + 2 * reach + 1) + 0.5 - y
    profile = np.exp(-0.5 * (across[None] ** 2 + down[:, None] ** 2) / _SIGMA_PX**2)
    window = light[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    window += photons * profile / (2 * np.pi * _SIGMA_PX**2)
