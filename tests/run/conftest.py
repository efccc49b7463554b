"""A small real localizer and movies whose molecules are known exactly."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localize.localizer import FrameRange, MoleculeColumns, Region
from cellstorm.movie import ArrayMovie, FrameChunk, Movie
from cellstorm.parameters import Parameters


class BrightPixelLocalizer(Parameters):
    """Pixels at or over a level; the light is the sum over neighbouring frames."""

    level: float
    camera: Camera
    neighbours: int = 0
    mark: float = 0.0

    @property
    def halo_frames(self) -> int:
        return self.neighbours

    def localize(self, chunk: FrameChunk, *, first: int, last: int) -> MoleculeColumns:
        light = self.camera.to_photoelectrons(chunk.frames).astype(np.float64)
        grey = np.asarray(chunk.frames, dtype=np.float64)
        frame, y, x = np.nonzero(grey[first - chunk.start : last - chunk.start] >= self.level)
        frame = frame + first
        photons = np.zeros(frame.size)
        for step in range(-self.neighbours, self.neighbours + 1):
            place = frame + step - chunk.start
            there = (place >= 0) & (place < light.shape[0])
            photons[there] += light[place[there], y[there], x[there]]
        return {
            "frame": frame.astype(np.uint32),
            "x_px": x + 0.5,
            "y_px": y + 0.5,
            "photons": photons.astype(np.float32),
            "sigma_px": np.full(frame.size, 1.25, dtype=np.float32),
            "mark": np.full(frame.size, self.mark),
        }

    def summary(self) -> dict[str, str]:
        return {"level": f"{self.level:g}"}


class BrightPixelMethod(Parameters):
    """Decides a mark at random if none is given, so that deciding twice would show."""

    level: float = 200.0
    neighbours: int = 0
    mark: float | None = None

    def prepare(
        self, movie: Movie, camera: Camera, frames: FrameRange, region: Region
    ) -> BrightPixelLocalizer:
        return BrightPixelLocalizer(
            level=self.level,
            camera=camera,
            neighbours=self.neighbours,
            mark=float(np.random.default_rng().random()) if self.mark is None else self.mark,
        )


@pytest.fixture
def method() -> Callable[..., Any]:
    return BrightPixelMethod


def spots(frames: int, height: int = 16, width: int = 24) -> NDArray[np.uint8]:
    """Noise under 100, and one to three pixels over 200 in every frame."""
    rng = np.random.default_rng(5)
    movie = rng.integers(0, 100, (frames, height, width)).astype(np.uint8)
    for frame in movie:
        for _ in range(rng.integers(1, 4)):
            frame[rng.integers(height), rng.integers(width)] = rng.integers(200, 256)
    return movie


@pytest.fixture
def frames() -> NDArray[np.uint8]:
    return spots(1000)


@pytest.fixture
def movie(frames: NDArray[np.uint8]) -> Movie:
    return ArrayMovie(frames, 80.0)
