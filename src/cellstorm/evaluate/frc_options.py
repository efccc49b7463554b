"""The options of a Fourier ring correlation."""

from pydantic import Field

from cellstorm.evaluate.frc_curve import SplitName, ThresholdName
from cellstorm.parameters import Parameters
from cellstorm.refine import Linking

__all__ = ["FEWEST_BLOCKS", "FEWEST_SMOOTHED", "FrcOptions", "smoothing_span"]

FEWEST_BLOCKS = 6
"""Under so many parts their spread says nothing."""
FEWEST_SMOOTHED = 5
"""Rings; over fewer nothing is smoothed."""


class FrcOptions(Parameters):
    """How a Fourier ring correlation is made."""

    threshold: ThresholdName = Field("1/7", description="where the curve stops telling")
    split: SplitName = Field(
        "blocks",
        description="what is dealt into halves: blocks of frames; linked blinks; or odd and even"
        " frames, which is too optimistic where molecules are on for more than one",
    )
    blocks: int = Field(20, ge=FEWEST_BLOCKS, le=200, description="parts the table is cut into")
    pixel_nm: float | None = Field(
        None,
        ge=0.1,
        le=1000,
        allow_inf_nan=False,
        description="pixel of the histograms, nm; None: a tenth of the resolution found",
    )
    tile_px: int = Field(
        1024, ge=64, le=8192, description="largest tile of the field transformed at once, px"
    )
    most_tiles: int = Field(
        24, ge=1, description="of more tiles with localizations so many are drawn at random"
    )
    smoothing: float = Field(
        0.05, ge=0, le=0.5, description="share of the curve that a smoothed value is made of"
    )
    precision_nm: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="standard error of a position, nm, to say what limits the resolution;"
        " None: the median of the table's uncertainties",
    )
    linking: Linking = Field(
        Linking(), description="what one blink is, for the split by linked blinks"
    )
    seed: int = Field(0, ge=0, description="draws tiles, and deals linked blinks into groups")


def smoothing_span(options: FrcOptions, rings: int) -> int:
    """Rings that a smoothed value is made of; odd."""
    return max(FEWEST_SMOOTHED, round(options.smoothing * rings)) // 2 * 2 + 1
