"""Localization by an image-to-image network with everything decided: chunks in, molecules out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.localize.gan._peak_kernel import PEAK_COLUMNS, find_peaks
from cellstorm.localize.gan.model_file import GanModel, load_gan
from cellstorm.localize.gan.tiling import cycled_maps
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.localize.net.inputs import input_planes
from cellstorm.localize.pixel_flags import pixel_flags
from cellstorm.movie import FrameChunk
from cellstorm.parameters import Parameters

__all__ = ["GanLocalizer"]


class GanLocalizer(Parameters):
    """A trained generator and how its maps become molecules; see `GanMethod`."""

    method: Literal["gan"] = "gan"
    model: Path = Field(description="model file")
    model_name: str = Field(description="what the file calls itself")
    camera: Camera
    region: tuple[int, int, int, int] = Field(description="x0, x1, y0, y1, px")
    factor: int = Field(ge=1, description="fine pixels along one of the frame")
    threshold_share: float = Field(
        gt=0, lt=1, description="least brightness of a molecule, of the frame's brightest"
    )
    floor: float = Field(gt=0, lt=1, description="least brightness of a molecule in any frame")
    reach_fine_px: int = Field(ge=1, le=20, description="half edge of a molecule, fine px")
    batch_frames: int = Field(10, ge=1, le=256, description="frames computed at a time")
    tile_px: int = Field(128, ge=16, le=2048, description="edge of what is computed at once, px")

    @property
    def halo_frames(self) -> int:
        """None: a frame is looked at alone."""
        return 0

    def summary(self) -> dict[str, str]:
        """What was decided, for a person."""
        return {
            "network": f"{self.model_name} (image to image, {self.factor} x {self.factor})",
            "molecules": f"brightness over {self.threshold_share:g} of the frame's brightest"
            f" and over {self.floor:g}",
        }

    def localize(self, chunk: FrameChunk, *, first: int, last: int) -> MoleculeColumns:
        """Molecules of frames ``first`` to ``last`` of the movie; see `Localizer`."""
        return self.localize_and_draw(chunk, first=first, last=last)[0]

    def localize_and_draw(
        self, chunk: FrameChunk, *, first: int, last: int
    ) -> tuple[MoleculeColumns, NDArray[np.float64]]:
        """Molecules of frames ``first`` to ``last``, and the sum of their fine maps; see `Drawing`.

        The sum is the picture that Diederich et al. 2019 show (section 5.4). Maps are added
        as the network gives them, frames are not stretched: a dark frame adds nothing.

        Parameters
        ----------
        chunk
            Frames of the region.
        first, last
            Frames wanted, counted in the movie, the last exclusive.

        Returns
        -------
        tuple[MoleculeColumns, NDArray[np.float64]]
            As `localize`, and ``(factor height, factor width)``; fine pixel (0, 0) begins
            at the corner of the region.
        """
        model = load_gan(self.model, self.model.stat().st_mtime_ns)
        grey = chunk.frames[first - chunk.start : last - chunk.start]
        height, width = grey.shape[1:]
        drawn = np.zeros((self.factor * height, self.factor * width))
        rows = [np.empty((0, len(PEAK_COLUMNS)))]
        for start, maps in self._maps(model, grey, first):
            drawn += self._counted(maps).sum(axis=0, dtype=np.float64)
            found = find_peaks(maps, self._thresholds(maps), self.reach_fine_px)
            found[:, 0] += start
            rows.append(found)
        return self._columns(np.concatenate(rows), first, grey, model), drawn

    def brightest(self, chunk: FrameChunk) -> NDArray[np.float64]:
        """The brightest pixel of every molecule in the chunk, 0 to 1; thresholds as in a run."""
        model = load_gan(self.model, self.model.stat().st_mtime_ns)
        peak = PEAK_COLUMNS.index("peak")
        return np.concatenate(
            [np.empty(0)]
            + [
                find_peaks(maps, self._thresholds(maps), self.reach_fine_px)[:, peak]
                for _, maps in self._maps(model, chunk.frames, chunk.start)
            ]
        )

    def _maps(
        self, model: GanModel, grey: NDArray[np.generic], first: int
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """First frame and fine maps of one batch after the other."""
        for start in range(0, grey.shape[0], self.batch_frames):
            some = grey[start : start + self.batch_frames]
            light = input_planes(some, self.camera, None, self.region)[:, 0]
            yield (
                start,
                cycled_maps(
                    model.maps,
                    light,
                    first_frame=first + start,
                    factor=self.factor,
                    core_px=self.tile_px,
                    halo_px=model.facts.halo_px,
                    align_px=model.facts.align_px,
                ),
            )

    def _thresholds(self, maps: NDArray[np.float32]) -> NDArray[np.float64]:
        """The paper's share of each frame's brightest pixel, the floor at least."""
        brightest = maps.max(axis=(1, 2)).astype(np.float64)
        limits: NDArray[np.float64] = np.maximum(self.threshold_share * brightest, self.floor)
        return limits

    def _counted(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps without what lies under the floor, of which a long movie has very much.

        Of a frame without a molecule that is all.
        """
        low = self.threshold_share * self.floor
        holds = maps.max(axis=(1, 2), keepdims=True) >= self.floor
        return np.where(holds & (maps >= low), maps, np.float32(0.0))

    def _columns(
        self,
        rows: NDArray[np.float64],
        first: int,
        grey: NDArray[np.generic],
        model: GanModel,
    ) -> MoleculeColumns:
        facts = model.facts
        value = dict(zip(PEAK_COLUMNS, rows.T, strict=True))
        frame = value["frame"].astype(np.int64)
        x_px, y_px = (
            value[f"{axis}_fine_px"] / self.factor - shift_px
            for axis, shift_px in zip("xy", facts.shift_px, strict=True)
        )
        light = facts.brightness.photons(facts.intensity(value["mass"]))
        columns: MoleculeColumns = {
            "frame": (frame + first).astype(np.uint32),
            "x_px": x_px,
            "y_px": y_px,
            "photons": (self.camera.excess_noise_factor * light).astype(np.float32),
            "flags": pixel_flags(frame, x_px, y_px, grey, self.camera),
        }
        if facts.position_error_px is not None:
            error = facts.position_error_px(light).astype(np.float32)
            columns |= {
                "uncertainty_px": error,
                "uncertainty_x_px": error,
                "uncertainty_y_px": error,
            }
        return columns
