"""What a recording is like, in the words of a model's conditions."""

from pydantic import Field

from cellstorm.parameters import Parameters

__all__ = ["RecordingConditions", "Spread"]

Spread = tuple[float, float, float]
"""Three quantiles, rising."""


class RecordingConditions(Parameters):
    """What a recording is like, as far as a sample of it tells.

    Light is in photoelectrons as the camera used counts them, positions and areas in
    pixels. What cannot be told is None.
    """

    frames: int = Field(ge=1, description="frames looked at")
    molecules: int = Field(ge=0, description="molecules found in them")
    pixels: int = Field(0, ge=0, description="pixels looked at, of all these frames")
    found_by_mass: tuple[tuple[float, int], ...] = Field(
        (), description="how many of the molecules have at least that probability"
    )
    sigma_px: float | None = Field(description="most frequent width of bright molecules, px")
    photons: Spread | None = Field(description="10, 50 and 90 % of the molecules' light, photons")
    background_photons: Spread = Field(
        description="1, 50 and 99 % of the pixels' light without molecules, photons/px"
    )
    molecules_per_px_frame: float = Field(ge=0, description="molecules found, per px and frame")
    on_frames: float | None = Field(description="frames that a molecule is seen in, mean")
    gain_e_per_adu: float = Field(description="of the camera used, photoelectrons per grey value")
    offset_adu: float = Field(description="of the camera used, grey values")
    read_noise_e: float = Field(description="of the camera used, photoelectrons RMS")
    excess_noise_factor: float = Field(description="of the camera used")
    camera_estimated: bool = Field(description="the camera was guessed from the movie")
    bit_depth: int = Field(description="bits of a grey value")
    codec: str | None = Field(None, description="ffmpeg's name; None: uncoded")
    value_range: str | None = Field(None, description="full, limited or unknown; None: uncoded")
    median_qp: float | None = Field(None, description="of the blocks, on the scale of 8-bit video")
    bits_per_pixel: float | None = Field(None, description="of the coded movie")
    gop_frames: int | None = Field(None, description="frames between key frames")
    b_picture_share: float | None = Field(None, description="share of B pictures")
