"""Image processors that are known by name."""

from cellstorm.simulate.isp.composite import Isp
from cellstorm.simulate.isp.dark_clip import DarkClip
from cellstorm.simulate.isp.hot_pixels import HotPixelRemoval
from cellstorm.simulate.isp.lens_shading import LensShading
from cellstorm.simulate.isp.sharpening import Sharpening
from cellstorm.simulate.isp.spatial_denoising import SpatialDenoising
from cellstorm.simulate.isp.temporal_denoising import TemporalDenoising
from cellstorm.simulate.isp.tone import GammaTone

__all__ = ["PRESETS", "isp_by_name"]

PRESETS: dict[str, Isp] = {
    "none": Isp(),
    "phone": Isp(
        hot_pixels=HotPixelRemoval(threshold_sigma=6.0),
        spatial_denoising=SpatialDenoising(sigma_px=0.7, strength_sigma=1.0),
        temporal_denoising=TemporalDenoising(least_share=0.6, gate_sigma=1.5),
        sharpening=Sharpening(amount=0.3, sigma_px=1.0),
    ),
    "learn2fluct": Isp(
        spatial_denoising=SpatialDenoising(sigma_px=0.7, strength_sigma=2.0),
        dark_clip=DarkClip(threshold_adu=6.0, mode="subtract"),
    ),
    "aggressive": Isp(
        hot_pixels=HotPixelRemoval(threshold_sigma=3.0),
        lens_shading=LensShading(corner_light=0.6),
        spatial_denoising=SpatialDenoising(sigma_px=1.2, strength_sigma=2.0),
        temporal_denoising=TemporalDenoising(least_share=0.3, gate_sigma=2.5),
        tone=GammaTone(gamma=1.4, toe=0.05),
        sharpening=Sharpening(amount=1.0, sigma_px=1.2),
        dark_clip=DarkClip(threshold_adu=6.0, mode="subtract"),
    ),
}
"""``none`` does nothing, ``phone`` is mild, ``aggressive`` what a night mode does;
``learn2fluct`` imitates a real recording (docs/simulation_realism.md)."""


def isp_by_name(name: str) -> Isp:
    """A preset; ``off`` is ``none``.

    Raises
    ------
    ValueError
        There is none of that name; says which there are.
    """
    known = {"off": PRESETS["none"], **PRESETS}
    if name not in known:
        raise ValueError(f"there is no preset {name!r}; it can be {', '.join(known)}")
    return known[name]
