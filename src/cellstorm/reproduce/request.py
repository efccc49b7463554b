"""What is asked for when a figure is made again."""

from pathlib import Path

from pydantic import Field

from cellstorm.parameters import Parameters

__all__ = ["Request"]


class Request(Parameters):
    """Which version of a figure, with what."""

    quick: bool = Field(False, description="small movies, to see that it works")
    model: Path | str | None = Field(
        None,
        description="model file or name of the image-to-image network; the one that comes along"
        " when not given",
    )
    movie: Path | None = Field(None, description="a real video for fig2")
    pixel_size_nm: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="edge of a pixel of the real video in the sample, nm; the file's own, or 100",
    )
    frames: int | None = Field(
        None, ge=20, description="length of the movies instead of the figure's own, frames"
    )
    workers: int | None = Field(
        None, ge=1, description="threads that localize; one per processor when not given"
    )

    def length(self, *, full: int, quick: int) -> int:
        """Frames of a movie of this version."""
        if self.frames is not None:
            return self.frames
        return quick if self.quick else full
