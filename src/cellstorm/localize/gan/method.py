"""The image-to-image network as the user configured it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.errors import ConfigurationError
from cellstorm.localize.gan.localizer import GanLocalizer
from cellstorm.localize.gan.model_file import load_gan
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters

__all__ = ["GanMethod"]


class GanMethod(Parameters):
    """Localization by the network of Diederich et al. 2019: a frame in, a finer picture out.

    Each frame becomes a picture of several times its resolution whose peaks are molecules.
    It is taken alone: neither its neighbours nor the codec's facts are looked at.
    """

    method: Literal["gan"] = "gan"
    model: Path | None = Field(None, description="model file; none comes along")
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
            No model is given, or it cannot be used.
        """
        if self.model is None:
            raise ConfigurationError(
                "--method gan needs a model, and none comes along.",
                todo="Give the file of a trained one with --model.",
            )
        modified_ns = self.model.stat().st_mtime_ns if self.model.exists() else 0
        facts = load_gan(self.model, modified_ns).facts
        given = self.threshold_share
        return GanLocalizer(
            model=self.model,
            model_name=facts.name,
            camera=camera,
            region=region,
            factor=facts.factor,
            threshold_share=facts.threshold_share if given is None else given,
            floor=facts.floor if self.floor is None else self.floor,
            reach_fine_px=facts.reach_fine_px,
            batch_frames=self.batch_frames,
        )
