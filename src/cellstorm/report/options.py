"""The options of a report."""

from pydantic import Field

from cellstorm.evaluate import (
    DecorrelationOptions,
    FrcOptions,
    LineSearch,
    NenaOptions,
    ProfileBox,
)
from cellstorm.parameters import Parameters

__all__ = ["ReportOptions"]


class ReportOptions(Parameters):
    """How a report is made."""

    picture_px: int = Field(
        1800, ge=64, le=8192, description="longest side of the super-resolved picture, px"
    )
    close_up_nm: float | None = Field(
        None,
        ge=100,
        le=1e6,
        allow_inf_nan=False,
        description="width of the close-up, nm; None: an eighth of the field's, 3 um or more",
    )
    widefield_frames: int = Field(
        2000, ge=1, description="frames summed for the widefield; of longer movies eight stretches"
    )
    drift_localizations: int = Field(
        1_000_000,
        ge=1000,
        description="of larger tables so many at random tell the drift that is left",
    )
    blink_localizations: int = Field(
        5_000_000,
        ge=1000,
        description="of larger tables the middle frames with about so many tell the blinks",
    )
    seed: int = Field(0, ge=0, description="draws the localizations that tell the drift")
    profiles: tuple[ProfileBox, ...] = Field(
        (), max_length=24, description="boxes to take profiles across, before those found"
    )
    lines: LineSearch = Field(
        LineSearch(), description="of thin lines to take profiles across; most_lines=0 finds none"
    )
    frc: FrcOptions = Field(FrcOptions(), description="of the Fourier ring correlation")
    nena: NenaOptions = Field(NenaOptions(), description="of the precision from steps")
    decorrelation: DecorrelationOptions = Field(
        DecorrelationOptions(), description="of the decorrelation of the picture"
    )
