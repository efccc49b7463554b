"""Classical localization: frames in, molecules out, by filtering, detecting and fitting.

`GaussianMethod` is what a user chooses; its ``prepare`` looks at the movie and gives a
`GaussianLocalizer` with every number decided.
"""

from cellstorm.localize.gaussian.detectors import (
    CentroidDetector,
    LocalMaximumDetector,
    NonMaximumSuppression,
)
from cellstorm.localize.gaussian.filters import (
    BoxFilter,
    DifferenceOfBoxes,
    DifferenceOfGaussians,
    GaussianFilter,
    LoweredGaussianFilter,
    MedianFilter,
    NoFilter,
    WaveletFilter,
)
from cellstorm.localize.gaussian.localizer import GaussianLocalizer
from cellstorm.localize.gaussian.method import GaussianMethod
from cellstorm.localize.gaussian.precision import mortensen_px
from cellstorm.localize.gaussian.psf_width import PsfWidth, estimate_psf_width
from cellstorm.localize.gaussian.threshold import ThresholdFormula

__all__ = [
    "BoxFilter",
    "CentroidDetector",
    "DifferenceOfBoxes",
    "DifferenceOfGaussians",
    "GaussianFilter",
    "GaussianLocalizer",
    "GaussianMethod",
    "LocalMaximumDetector",
    "LoweredGaussianFilter",
    "MedianFilter",
    "NoFilter",
    "NonMaximumSuppression",
    "PsfWidth",
    "ThresholdFormula",
    "WaveletFilter",
    "estimate_psf_width",
    "mortensen_px",
]
