"""Light that no molecule in focus sends: a level, haze, molecules far out of focus, and how
all of it bleaches and flickers. A `Background` gives a `BackgroundLight`, which gives expected
photons per pixel for any stretch of frames."""

from cellstorm.simulate.background.haze import CellHaze, Haze, LowpassHaze, StructureHaze
from cellstorm.simulate.background.model import Background, BackgroundLight
from cellstorm.simulate.background.out_of_focus import OutOfFocus
from cellstorm.simulate.background.time_course import (
    Bleaching,
    DriftingFlicker,
    Flicker,
    PinkFlicker,
    SineFlicker,
    WhiteFlicker,
)

__all__ = [
    "Background",
    "BackgroundLight",
    "Bleaching",
    "CellHaze",
    "DriftingFlicker",
    "Flicker",
    "Haze",
    "LowpassHaze",
    "OutOfFocus",
    "PinkFlicker",
    "SineFlicker",
    "StructureHaze",
    "WhiteFlicker",
]
