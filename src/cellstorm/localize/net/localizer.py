"""Localization by a network with everything decided: chunks in, molecules out."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.localize.net._molecule_kernel import COLUMN_NAMES, collect_molecules
from cellstorm.localize.net.block_pull import undo_block_pull
from cellstorm.localize.net.inputs import CODING_NOISE, input_planes, with_ends
from cellstorm.localize.net.model_file import NetworkModel, load_model
from cellstorm.localize.net.occupied import map_runs
from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.localize.net.refinement import Refinement
from cellstorm.localize.net.validity import outside_conditions
from cellstorm.localize.pixel_flags import pixel_flags
from cellstorm.movie import FrameChunk
from cellstorm.parameters import Parameters

__all__ = ["LEAST_PROBABILITY", "NetLocalizer"]

LEAST_PROBABILITY = 0.03
"""Pixels under it cannot add up to a molecule."""


class NetLocalizer(Parameters):
    """A trained network and how its maps become molecules; see `NetMethod`."""

    method: Literal["net"] = "net"
    model: Path = Field(description="model file")
    model_name: str = Field(description="what the file calls itself")
    camera: Camera
    region: tuple[int, int, int, int] = Field(description="x0, x1, y0, y1, px")
    context_frames: int = Field(ge=1, description="frames looked at for one")
    least_mass: float = Field(gt=0, lt=1, description="probability that makes a molecule")
    join_px: float = Field(gt=0, description="distance within which pixels mean one molecule, px")
    codec_facts: bool = Field(True, description="tell the network what the encoder did")
    skip_empty: bool = Field(True, description="compute only where a molecule can be")
    psf_sigma_px: float | None = Field(
        None, gt=0, description="width of the PSF that the network is told, px"
    )
    refinement: Refinement | None = Field(None, description="fits the molecules once more")
    recording: RecordingConditions | None = Field(
        None, description="what the movie is like, by a sample of it"
    )

    @property
    def halo_frames(self) -> int:
        """Frames needed on either side: what the network looks at, of a whole block."""
        return self.context_frames // 2 + self.block_frames - 1

    @property
    def block_frames(self) -> int:
        """Frames that are fitted together; 1 where nothing is."""
        return 1 if self.refinement is None else self.refinement.block_frames

    def summary(self) -> dict[str, str]:
        """What was decided, for a person."""
        decided = {
            "network": f"{self.model_name} ({self.context_frames} frames at a time)",
            "molecules": f"probability over {self.least_mass:g} within {self.join_px:g} px",
        }
        if self.recording is not None and self.recording.sigma_px is not None:
            decided["PSF width"] = f"{self.recording.sigma_px:.2f} px (measured)"
        if self.refinement is not None:
            width_px = self.refinement.sigma_px
            decided["refinement"] = (
                f"likelihood fit of each molecule's frames, {width_px:.2f} px wide"
            )
        return decided

    @property
    def notices(self) -> tuple[str, ...]:
        """A sentence for each condition of the movie that the network was not trained for."""
        if self.recording is None:
            return ()
        return outside_conditions(self.recording, self._network().facts.conditions)

    def localize(self, chunk: FrameChunk, *, first: int, last: int) -> MoleculeColumns:
        """Molecules of frames ``first`` to ``last`` of the movie; see `Localizer`."""
        if self.refinement is None:
            return self._found(chunk, first, last)
        block = self.block_frames
        # where the movie begins or ends a block is shorter
        begin = max(first // block * block, chunk.start)
        end = min(-(-last // block) * block, chunk.stop)
        found = self._found(chunk, begin, end)
        seen = chunk.between(begin, end)
        if not self.codec_facts:
            seen = replace(seen, coding=None)
        found = self.refinement.refined(found, seen, self.camera, self.region)
        wanted = slice(*np.searchsorted(found["frame"], (first, last)))
        return {name: values[wanted] for name, values in found.items()}

    def _found(self, chunk: FrameChunk, first: int, last: int) -> MoleculeColumns:
        """What the network finds in frames ``first`` to ``last``."""
        network = self._network()
        reach = self.context_frames // 2
        chunk = chunk.between(max(chunk.start, first - reach), min(chunk.stop, last + reach))
        height, width = chunk.frames.shape[1:]
        planes = input_planes(
            chunk.frames,
            self.camera,
            chunk.coding if self.codec_facts else None,
            self.region,
            self.psf_sigma_px,
        )[:, : len(network.facts.planes)]
        planes = with_ends(planes, begin=first - chunk.start, end=last - chunk.start, reach=reach)
        rows = [np.empty((0, len(COLUMN_NAMES)))]
        for start, maps in map_runs(
            network,
            planes,
            self.context_frames,
            skip_empty=self.skip_empty and network.on_processor,
            least_mass=self.least_mass,
        ):
            found = collect_molecules(
                np.ascontiguousarray(maps[:, :, :height, :width]),
                LEAST_PROBABILITY,
                self.least_mass,
                self.join_px,
            )
            found[:, 0] += start
            rows.append(found)
        inside = np.concatenate(rows)
        # what lies outside the picture belongs to nobody
        inside = inside[
            (inside[:, 1] >= 0)
            & (inside[:, 1] < width)
            & (inside[:, 2] >= 0)
            & (inside[:, 2] < height)
        ]
        if self.codec_facts and chunk.coding is not None:
            corner_px = (
                self.region[0] + chunk.coding.grid_offset_px[0],
                self.region[2] + chunk.coding.grid_offset_px[1],
            )
            noise = planes[reach:, CODING_NOISE]
            undo_block_pull(inside, network.facts.block_pull, noise, corner_px)
        grey = chunk.frames[first - chunk.start : last - chunk.start]
        return self._columns(inside, first, grey, network)

    def _network(self) -> NetworkModel:
        return load_model(self.model, self.model.stat().st_mtime_ns)

    def _columns(
        self,
        rows: NDArray[np.float64],
        first: int,
        grey: NDArray[np.generic],
        network: NetworkModel,
    ) -> MoleculeColumns:
        value = dict(zip(COLUMN_NAMES, rows.T, strict=True))
        frame = value["frame"].astype(np.int64)
        probability = value["probability"]
        position_scale, light_scale = network.facts.position_scale, network.facts.light_scale
        x_error = position_scale.scaled(np.sqrt(value["variance_x_px2"]), probability)
        y_error = position_scale.scaled(np.sqrt(value["variance_y_px2"]), probability)
        excess = self.camera.excess_noise_factor
        photons = excess * np.exp(value["log_photons"])
        light_error = light_scale.scaled(np.sqrt(value["variance_log_photons"]), probability)
        return {
            "frame": (frame + first).astype(np.uint32),
            "x_px": value["x_px"],
            "y_px": value["y_px"],
            "photons": photons.astype(np.float32),
            "background_photons": (excess * np.exp(value["log_background"])).astype(np.float32),
            "uncertainty_px": np.sqrt(0.5 * (x_error**2 + y_error**2)).astype(np.float32),
            "uncertainty_x_px": x_error.astype(np.float32),
            "uncertainty_y_px": y_error.astype(np.float32),
            "uncertainty_photons": (photons * light_error).astype(np.float32),
            "probability": probability.astype(np.float32),
            "flags": pixel_flags(frame, value["x_px"], value["y_px"], grey, self.camera),
        }
