"""The image-to-image network as the user configured it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.localize.gan.localizer import GanLocalizer
from cellstorm.localize.gan.model_file import load_gan
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.localize.model_names import find_model
from cellstorm.localize.movie_sample import sample_movie
from cellstorm.localize.trusted_threshold import trusted_threshold
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters

__all__ = ["GanMethod"]

_SHARE_LOOKED_AT = 0.015
_LEAST_PIXELS = 1 << 17
_MOST_PIXELS = 1 << 19


class GanMethod(Parameters):
    """Localization by the network of Diederich et al. 2019: a frame in, a finer picture out.

    Each frame becomes a picture of several times its resolution whose peaks are molecules.
    It is taken alone: neither its neighbours nor the codec's facts are looked at.
    """

    method: Literal["gan"] = "gan"
    model: Path | str | None = Field(
        None, description="model file, or a model's name; the one that comes along when not given"
    )
    threshold_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="least brightness of a molecule, of the frame's brightest; None: the model's",
    )
    floor: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="least brightness of a molecule in any frame; None: by what a sample holds",
    )
    batch_frames: int = Field(10, ge=1, le=256, description="frames computed at a time")

    def prepare(
        self, movie: Movie, camera: Camera, frames: FrameRange, region: Region
    ) -> GanLocalizer:
        """Open the model, and see on a sample how much there is to find.

        Raises
        ------
        ConfigurationError
            There is no such model, or it cannot be used.
        MovieError
            The movie cannot be read.
        """
        path = find_model(self.model, "gan")
        facts = load_gan(path, path.stat().st_mtime_ns).facts
        given = self.threshold_share
        localizer = GanLocalizer(
            model=path,
            model_name=facts.name,
            camera=camera,
            region=region,
            factor=facts.factor,
            threshold_share=facts.threshold_share if given is None else given,
            floor=facts.floor if self.floor is None else self.floor,
            reach_fine_px=facts.reach_fine_px,
            batch_frames=self.batch_frames,
        )
        if self.floor is not None or not facts.false_per_mpx:
            return localizer
        return localizer.model_copy(
            update={"floor": _movie_floor(movie, localizer, frames, facts.false_per_mpx)}
        )


def _movie_floor(
    movie: Movie,
    localizer: GanLocalizer,
    frames: FrameRange,
    false_per_mpx: Sequence[tuple[float, float, float]],
) -> float:
    """The least floor that can be trusted in the movie, from the model's own one on."""
    x0, x1, y0, y1 = localizer.region
    pixels = (frames[1] - frames[0]) * (x1 - x0) * (y1 - y0)
    sample = sample_movie(
        movie,
        localizer.region,
        frames,
        most_pixels=min(max(int(_SHARE_LOOKED_AT * pixels), _LEAST_PIXELS), _MOST_PIXELS),
    )
    inside = localizer.model_copy(update={"region": sample.tile})
    peaks = np.concatenate([inside.brightest(sample.cut(chunk)) for chunk in sample.chunks])
    found = {floor: int((peaks >= floor).sum()) for floor, _, _ in false_per_mpx}
    return trusted_threshold(found, sample.pixels, localizer.floor, false_per_mpx)
