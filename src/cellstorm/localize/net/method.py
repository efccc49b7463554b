"""The network as the user configured it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.localize.model_names import find_model
from cellstorm.localize.net.localizer import NetLocalizer
from cellstorm.localize.net.model_file import load_model
from cellstorm.localize.net.movie_threshold import movie_threshold
from cellstorm.localize.net.recording_measurement import measure_recording
from cellstorm.localize.net.refinement import Refinement
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters

__all__ = ["NetMethod"]

# the sample is localized by one thread, the movie by several: together under 5 % of a run
_SHARE_LOOKED_AT = 0.015
_LEAST_PIXELS = 1 << 17
_MOST_PIXELS = 1 << 20


class NetMethod(Parameters):
    """Localization by a trained network that knows what the encoder did.

    One network for all recordings that its model file names: light, PSF width, codec and
    density may vary from movie to movie and within one.
    """

    method: Literal["net"] = "net"
    model: Path | None = Field(
        None, description="model file, or name of a known model; None: the one that comes along"
    )
    least_mass: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="probability that makes a molecule; None: by what a sample holds",
    )
    codec_facts: bool = Field(True, description="tell the network what the encoder did")
    skip_empty: bool = Field(True, description="compute only where a molecule can be (not on GPUs)")
    refine: bool = Field(True, description="fit one place to all frames of a molecule")

    def prepare(
        self, movie: Movie, camera: Camera, frames: FrameRange, region: Region
    ) -> NetLocalizer:
        """Open the model, and see on a sample whether the movie is one it was trained for.

        Raises
        ------
        ConfigurationError
            The model file cannot be used.
        MovieError
            The movie cannot be read.
        """
        path = find_model(self.model, "net")
        facts = load_model(path, path.stat().st_mtime_ns).facts
        localizer = NetLocalizer(
            model=path,
            model_name=facts.name,
            camera=camera,
            region=region,
            context_frames=facts.context_frames,
            least_mass=facts.least_mass if self.least_mass is None else self.least_mass,
            join_px=facts.join_px,
            codec_facts=self.codec_facts,
            skip_empty=self.skip_empty,
        )
        x0, x1, y0, y1 = region
        pixels = (frames[1] - frames[0]) * (x1 - x0) * (y1 - y0)
        share = min(max(int(_SHARE_LOOKED_AT * pixels), _LEAST_PIXELS), _MOST_PIXELS)
        recording = measure_recording(movie, localizer, frames=frames, most_pixels=share)
        changes: dict[str, object] = {"recording": recording}
        if self.least_mass is None:
            changes["least_mass"] = movie_threshold(
                recording, facts.least_mass, facts.false_per_mpx
            )
        if recording.sigma_px is not None:
            changes["psf_sigma_px"] = recording.sigma_px
            if self.refine:
                changes["refinement"] = Refinement.usual(
                    recording.sigma_px, region, facts.refined_block_pull
                )
        return localizer.model_copy(update=changes)
