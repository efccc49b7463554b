"""What a simulated movie looks at: its size in pixels, nanometres, frames and seconds."""

from dataclasses import dataclass

__all__ = ["FieldOfView"]


@dataclass(frozen=True)
class FieldOfView:
    """The part of the sample that is filmed, and for how long.

    Attributes
    ----------
    width_px, height_px
        Size of a frame.
    pixel_size_nm
        Edge of a pixel in the sample.
    frames
        Length of the movie.
    frame_rate_hz
        Frames per second.
    """

    width_px: int
    height_px: int
    pixel_size_nm: float
    frames: int
    frame_rate_hz: float

    @property
    def width_nm(self) -> float:
        """Width in the sample."""
        return self.width_px * self.pixel_size_nm

    @property
    def height_nm(self) -> float:
        """Height in the sample."""
        return self.height_px * self.pixel_size_nm

    @property
    def area_um2(self) -> float:
        """Area in the sample."""
        return self.width_nm * self.height_nm / 1e6
