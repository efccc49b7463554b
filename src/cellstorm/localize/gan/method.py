"""The image-to-image network as the user configured it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.localize.gan.localizer import GanLocalizer
from cellstorm.localize.gan.model_file import load_gan
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.localize.model_names import find_model
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters

__all__ = ["GanMethod"]


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
        description="least brightness of a molecule in any frame; None: the model's",
    )
    batch_frames: int = Field(10, ge=1, le=256, description="frames computed at a time")

    def prepare(
        self, movie: Movie, camera: Camera, frames: FrameRange, region: Region
    ) -> GanLocalizer:
        """Open the model; the movie itself decides nothing.

        Raises
        ------
        ConfigurationError
            There is no such model, or it cannot be used.
        """
        path = find_model(self.model, "gan")
        facts = load_gan(path, path.stat().st_mtime_ns).facts
        given = self.threshold_share
        return GanLocalizer(
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
