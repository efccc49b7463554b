"""What a grey value means: recorded numbers in, photoelectrons and their variance out.

A `Camera` describes offset, gain, noise, clipping and response; it comes from a preset, a
YAML file (`load_camera`) or, without either, from the movie itself (`estimate_camera`).
"""

from cellstorm.camera.model import Camera
from cellstorm.camera.pixel_maps import PixelMaps
from cellstorm.camera.presets import PRESETS, load_camera
from cellstorm.camera.self_calibration import estimate_camera
from cellstorm.camera.tone_curve import ToneCurve

__all__ = ["PRESETS", "Camera", "PixelMaps", "ToneCurve", "estimate_camera", "load_camera"]
