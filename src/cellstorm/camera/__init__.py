"""What a grey value means: recorded numbers in, photoelectrons and their variance out.

A `Camera` describes offset, gain, noise, clipping and response; it comes from a preset, a
YAML file (`load_camera`), a measurement (`calibrate`, with `measure_dark`,
`measure_tone_curve` and `measure_grating` for single parts of it) or, without any of these,
from the movie itself (`estimate_camera`).
"""

from cellstorm.camera.calibration import Calibration, calibrate
from cellstorm.camera.calibration_report import write_calibration_report
from cellstorm.camera.dark_series import DarkSeries, measure_dark
from cellstorm.camera.gop_rhythm import FrameRhythm, RhythmCorrectedMovie, measure_rhythm
from cellstorm.camera.model import Camera
from cellstorm.camera.pixel_maps import PixelMaps
from cellstorm.camera.pixel_size import OpticalPath, measure_grating
from cellstorm.camera.presets import PRESETS, load_camera
from cellstorm.camera.raw_burst import RawBurst, open_stills
from cellstorm.camera.self_calibration import estimate_camera
from cellstorm.camera.tone_curve import ToneCurve
from cellstorm.camera.tone_measurement import measure_tone_curve

__all__ = [
    "PRESETS",
    "Calibration",
    "Camera",
    "DarkSeries",
    "FrameRhythm",
    "OpticalPath",
    "PixelMaps",
    "RawBurst",
    "RhythmCorrectedMovie",
    "ToneCurve",
    "calibrate",
    "estimate_camera",
    "load_camera",
    "measure_dark",
    "measure_grating",
    "measure_rhythm",
    "measure_tone_curve",
    "open_stills",
    "write_calibration_report",
]
