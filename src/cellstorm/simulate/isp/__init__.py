"""A phone's image processor: linear sensor values in, grey values for the coder out.

An `Isp` is a chain of optional stages; `Isp.start` runs it on a movie, block by block, and
`to_grey` rounds what comes out. `PRESETS` holds some by name.
"""

from cellstorm.simulate.isp.composite import Isp, IspRun
from cellstorm.simulate.isp.dark_clip import DarkClip
from cellstorm.simulate.isp.hot_pixels import HotPixelRemoval
from cellstorm.simulate.isp.lens_shading import LensShading
from cellstorm.simulate.isp.presets import PRESETS, isp_by_name
from cellstorm.simulate.isp.quantisation import to_grey
from cellstorm.simulate.isp.scaling import Scaling
from cellstorm.simulate.isp.sharpening import Sharpening
from cellstorm.simulate.isp.spatial_denoising import SpatialDenoising
from cellstorm.simulate.isp.temporal_denoising import TemporalDenoising
from cellstorm.simulate.isp.tone import GammaTone, MeasuredTone, SrgbTone, Tone

__all__ = [
    "PRESETS",
    "DarkClip",
    "GammaTone",
    "HotPixelRemoval",
    "Isp",
    "IspRun",
    "LensShading",
    "MeasuredTone",
    "Scaling",
    "Sharpening",
    "SpatialDenoising",
    "SrgbTone",
    "TemporalDenoising",
    "Tone",
    "isp_by_name",
    "to_grey",
]
