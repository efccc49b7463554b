"""Localization as Diederich et al. 2019 published it: every frame becomes a finer picture whose
peaks are molecules; out come a table and the sum of all pictures. Runs on ONNX Runtime."""

from cellstorm.localize.gan.brightness import BrightnessScale
from cellstorm.localize.gan.localizer import GanLocalizer
from cellstorm.localize.gan.method import GanMethod
from cellstorm.localize.gan.model_file import GanFacts, GanModel, MeasuredLaw, load_gan

__all__ = [
    "BrightnessScale",
    "GanFacts",
    "GanLocalizer",
    "GanMethod",
    "GanModel",
    "MeasuredLaw",
    "load_gan",
]
