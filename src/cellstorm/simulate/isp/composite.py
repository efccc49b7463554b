"""A phone's image processor as a chain of optional stages."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.camera import Camera, PixelMaps, ToneCurve
from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.isp.dark_clip import DarkClip
from cellstorm.simulate.isp.hot_pixels import HotPixelRemoval
from cellstorm.simulate.isp.lens_shading import LensShading
from cellstorm.simulate.isp.noise import SensorNoise
from cellstorm.simulate.isp.scaling import Scaling
from cellstorm.simulate.isp.sharpening import Sharpening
from cellstorm.simulate.isp.spatial_denoising import SpatialDenoising
from cellstorm.simulate.isp.temporal_denoising import TemporalDenoising
from cellstorm.simulate.isp.tone import Tone

__all__ = ["Isp", "IspRun"]


class Isp(Parameters):
    """What happens between the sensor and the coder, in the order of the fields.

    A stage that is None is left out; without any, values pass as they are but for the
    camera's own tone curve and dark clip.
    """

    hot_pixels: HotPixelRemoval | None = Field(None, description="removal of hot pixels")
    lens_shading: LensShading | None = Field(None, description="dark corners, corrected")
    spatial_denoising: SpatialDenoising | None = Field(None, description="bilateral filter")
    temporal_denoising: TemporalDenoising | None = Field(None, description="recursive filter")
    tone: Tone | None = Field(None, description="tone curve; the camera's own if None")
    sharpening: Sharpening | None = Field(None, description="unsharp mask")
    scaling: Scaling | None = Field(None, description="sensor pixels to video pixels")
    dark_clip: DarkClip | None = Field(None, description="the darkest values become 0")

    def check(self, camera: Camera) -> None:
        """Refuse a camera that these stages cannot follow.

        Raises
        ------
        ValueError
            Both name a tone curve, the dark clip leaves nothing, or the camera has
            per-pixel maps while the video has other pixels than the sensor.
        """
        if self.tone is not None and camera.tone_curve is not None:
            raise ValueError("isp.tone and camera.tone_curve are both given; leave one of them out")
        if self.dark_clip is not None and self.dark_clip.threshold_adu >= _top(camera):
            raise ValueError(
                f"isp.dark_clip.threshold_adu must lie under the camera's largest grey value,"
                f" {_top(camera):g}"
            )
        if self.scaling is not None and camera.maps is not None:
            raise ValueError("camera.maps cannot be kept when isp.scaling makes other pixels")

    def sensor_shape(self, height_px: int, width_px: int) -> tuple[int, int]:
        """``(height, width)`` that the sensor must record for a video of the given size."""
        if self.scaling is None:
            return height_px, width_px
        return self.scaling.sensor_shape(height_px, width_px)

    def light(self, height_px: int, width_px: int) -> NDArray[np.float32] | None:
        """What the lens lets through to each of ``(height, width)`` sensor pixels.

        Multiply the expected light by it; None where all of it arrives.
        """
        if self.lens_shading is None:
            return None
        return self.lens_shading.light(height_px, width_px)

    def start(self, camera: Camera, view: FieldOfView) -> "IspRun":
        """A processor for one movie.

        Raises
        ------
        ValueError
            As `check`.
        """
        return IspRun(self, camera, view)

    def recorded_camera(self, camera: Camera) -> Camera:
        """The camera as someone who knows everything would describe the video's.

        Tone curve, dark clip and scaling become part of it. With scaling, light counts
        per video pixel, so gain and read noise grow by the pixel's area and edge. What
        has no place in a camera is left out: denoising (which makes noise smaller and
        correlated), sharpening and the noise of lit-up corners.

        Raises
        ------
        ValueError
            As `check`.
        """
        self.check(camera)
        top = _top(camera)
        changed: dict[str, object] = {}
        knee, clip = camera.saturation_adu, camera.dark_clip_adu
        curve = self.tone_curve(camera)
        if self.tone is not None and curve is not None and knee is not None:
            knee = min(float(curve.bend(np.array(knee))), top)
        offset, gain, maps = camera.offset_adu, camera.gain_e_per_adu, camera.maps
        if self.dark_clip is not None:
            black, stretch = self.dark_clip.threshold_adu, self.dark_clip.stretch(top)
            if self.dark_clip.mode == "clip":
                clip = black if clip is None else max(clip, black)
            else:
                clip = 0.0 if clip is None else max((clip - black) * stretch, 0.0)
                knee = None if knee is None else (knee - black) * stretch
                if curve is not None:
                    grey = tuple((value - black) * stretch for value in curve.grey)
                    curve = curve.model_copy(update={"grey": grey})
                else:
                    offset, gain = (offset - black) * stretch, gain / stretch
                    maps = None if maps is None else _stretched(maps, black, stretch)
        if self.scaling is not None:
            edge = self.scaling.sensor_pixels
            gain *= edge**2
            changed["read_noise_e"] = camera.read_noise_e * edge
        changed |= {
            "offset_adu": offset,
            "gain_e_per_adu": gain,
            "saturation_adu": knee,
            "dark_clip_adu": clip,
            "tone_curve": curve,
            "maps": maps,
        }
        return camera.model_copy(update=changed)

    def tone_curve(self, camera: Camera) -> ToneCurve | None:
        """The tone curve in force, the processor's or the camera's."""
        return camera.tone_curve if self.tone is None else self.tone.curve(_top(camera))


class IspRun:
    """A running `Isp`: `process` takes one block of frames after the other.

    Parameters
    ----------
    isp
        The stages.
    camera
        The sensor's camera.
    view
        Size of the video.

    Raises
    ------
    ValueError
        As `Isp.check`.
    """

    def __init__(self, isp: Isp, camera: Camera, view: FieldOfView) -> None:
        isp.check(camera)
        self._isp = isp
        self._camera = camera
        self._view = view
        self._noise = SensorNoise.of(camera)
        self._curve = isp.tone_curve(camera)
        denoising = isp.temporal_denoising
        self._follow = None if denoising is None else denoising.start(self._noise)

    def process(self, adu: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next frames as they go to the coder, neither rounded nor cut at the top.

        Parameters
        ----------
        adu
            ``(n, sensor height, sensor width)`` float32 linear ADU, consecutive.

        Returns
        -------
        NDArray[np.float32]
            ``(n, height, width)`` full-range grey values; the same array if there is
            nothing to do.
        """
        isp, noise = self._isp, self._noise
        frames = adu
        if isp.hot_pixels is not None:
            frames = isp.hot_pixels(frames, noise)
        if isp.lens_shading is not None:
            frames = isp.lens_shading(frames, noise.offset_adu)
        if isp.spatial_denoising is not None:
            frames = isp.spatial_denoising(frames, noise)
        if self._follow is not None:
            frames = self._follow(frames)
        if self._curve is not None:
            frames = self._curve.bend(frames).astype(np.float32)
        if isp.sharpening is not None:
            frames = isp.sharpening(frames)
        if isp.scaling is not None:
            frames = isp.scaling(frames, self._view.height_px, self._view.width_px)
        clip = self._camera.dark_clip_adu
        if clip is not None:
            frames = np.where(frames <= np.float32(clip), np.float32(0.0), frames)
        if isp.dark_clip is not None:
            frames = isp.dark_clip(frames, _top(self._camera))
        return frames


def _top(camera: Camera) -> float:
    return float(2**camera.bit_depth - 1)


def _stretched(maps: PixelMaps, black: float, stretch: float) -> PixelMaps:
    """Maps of values from which black was taken and which were stretched."""
    offset, gain, variance = maps.offset_adu, maps.gain_e_per_adu, maps.variance_adu2
    return PixelMaps(
        offset_adu=None if offset is None else (offset - black) * stretch,
        gain_e_per_adu=None if gain is None else gain / stretch,
        variance_adu2=None if variance is None else variance * stretch**2,
    )
