"""A recording in memory with the molecules in it, wherever they are known from."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localize.net.inputs import input_planes

__all__ = ["PairedRecording"]

Origin = Literal["simulated", "experimental", "degraded"]


@dataclass(frozen=True, eq=False)
class PairedRecording:
    """Frames as a network sees them, and their molecules.

    Attributes
    ----------
    light
        ``(n, height, width)`` float16, the plane ``light`` of
        `cellstorm.localize.net.inputs.input_planes`.
    x_px, y_px
        ``(molecules,)`` float32 from the frame's outer corner, by frame.
    photons
        ``(molecules,)`` float32 light in that frame, excess noise taken out.
    first_row
        ``(n + 1,)`` int64, where each frame's molecules begin.
    origin
        Where it comes from.
    name
        What to call it in messages.
    grid_shift_px
        ``(x, y)``, how far left of and above the corner the codec's block grid begins.
    """

    light: NDArray[np.float16]
    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    photons: NDArray[np.float32]
    first_row: NDArray[np.int64]
    origin: Origin
    name: str
    grid_shift_px: tuple[int, int] = (0, 0)

    @classmethod
    def of(
        cls,
        frames: NDArray[np.generic],
        camera: Camera,
        *,
        frame: NDArray[np.integer],
        x_px: NDArray[np.floating],
        y_px: NDArray[np.floating],
        photons: NDArray[np.floating],
        origin: Origin,
        name: str,
        grid_shift_px: tuple[int, int] = (0, 0),
    ) -> Self:
        """Put frames and molecules together.

        Parameters
        ----------
        frames
            ``(n, height, width)`` grey values.
        camera
            What they mean.
        frame
            ``(molecules,)`` from 0, in any order; what lies outside the frames is left out.
        x_px, y_px, photons
            ``(molecules,)`` of each, photons as `camera` counts them.
        origin, name, grid_shift_px
            As the attributes.
        """
        count, height, width = frames.shape
        inside = (frame >= 0) & (frame < count)
        inside &= (x_px >= 0) & (x_px < width) & (y_px >= 0) & (y_px < height)
        kept = np.flatnonzero(inside)
        kept = kept[np.argsort(frame[kept], kind="stable")]
        light = input_planes(frames, camera, None, (0, width, 0, height))[:, 0]
        return cls(
            light=light.astype(np.float16),
            x_px=np.asarray(x_px, np.float32)[kept],
            y_px=np.asarray(y_px, np.float32)[kept],
            photons=(photons[kept] / camera.excess_noise_factor).astype(np.float32),
            first_row=np.searchsorted(frame[kept], np.arange(count + 1)),
            origin=origin,
            name=name,
            grid_shift_px=grid_shift_px,
        )

    @property
    def molecules(self) -> int:
        """How many there are in all frames."""
        return int(self.x_px.size)

    def rows(self, frame: int) -> slice:
        """The molecules of a frame."""
        return slice(int(self.first_row[frame]), int(self.first_row[frame + 1]))

    def shifted(self, *, x_px: float = 0.0, y_px: float = 0.0) -> Self:
        """The same with its molecules moved against the frames.

        Parameters
        ----------
        x_px, y_px
            To the right and down, px.
        """
        moved = {**vars(self)}
        moved["x_px"] = (self.x_px + x_px).astype(np.float32)
        moved["y_px"] = (self.y_px + y_px).astype(np.float32)
        return type(self)(**moved)
