"""From expected light to the linear values of a sensor: noise, defects, saturation."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.parameters import Parameters
from cellstorm.simulate._sensing_kernel import expose

__all__ = ["Sensor", "SensorDefects"]


class SensorDefects(Parameters):
    """How the pixels of a sensor differ from each other, and from one minute to the next.

    All off by default. What a camera's own maps say is recorded as well: these defects
    come on top of it.
    """

    fixed_pattern_offset_e: float = Field(
        0.0,
        ge=0,
        le=1e4,
        description="spread of the pixels' offsets (normal), photoelectrons RMS",
    )
    response_non_uniformity: float = Field(
        0.0, ge=0, le=0.3, description="relative spread of the pixels' sensitivity (normal), RMS"
    )
    hot_pixels_per_megapixel: float = Field(
        0.0, ge=0, le=1e6, description="pixels with a dark current, per 10^6 pixels"
    )
    hot_pixel_e: float = Field(
        200.0,
        gt=0,
        le=1e6,
        description="mean dark signal of a hot pixel (exponential between pixels; with shot"
        " noise), photoelectrons per frame",
    )
    row_noise_e: float = Field(
        0.0, ge=0, le=1e4, description="noise common to a row of one frame, photoelectrons RMS"
    )
    offset_drift_e: float = Field(
        0.0,
        ge=-1e4,
        le=1e4,
        description="how much higher the offset is at the start, photoelectrons",
    )
    offset_drift_time_s: float = Field(
        120.0, gt=0, le=1e6, description="time in which the drift falls to 1/e, seconds"
    )


class Sensor:
    """One particular sensor, its defects drawn once; `record` exposes frames on it.

    A pixel that expects ``m`` photoelectrons counts ``n ~ Poisson(m)``. Electron
    multiplication turns them into ``Gamma(n / (F^2 - 1))`` of scale ``F^2 - 1``, whose
    mean is ``n`` and whose total variance is ``F^2 m`` (Robbins & Hadwen 2003; for
    ``F^2 = 2`` the exponential multiplication of single electrons, Basden et al. 2003).
    Read noise, the gain and the offset of the camera follow. From the knee ``s`` on
    (``saturation_adu``) the values bend towards the largest code ``t``,

        ``s + (t - s) (1 - exp(-(v - s) / (t - s)))``,

    which continues the straight line with its slope and never passes ``t``. Where the
    camera has a tone curve, ``s`` and ``t`` are made linear first, because values here are.

    Parameters
    ----------
    camera
        Gain, offset, noise, excess noise, knee and per-pixel maps. Its tone curve, dark
        clip and video range are left to what comes after the sensor.
    defects
        Differences between the pixels.
    height_px, width_px
        Size of the sensor.
    random
        Draws the defects; not kept.
    frame_rate_hz
        Needed for drift in seconds.

    Raises
    ------
    CameraError
        The camera's maps do not have the size of the sensor.
    """

    def __init__(
        self,
        camera: Camera,
        defects: SensorDefects,
        height_px: int,
        width_px: int,
        random: np.random.Generator,
        *,
        frame_rate_hz: float = 30.0,
    ) -> None:
        camera.check_shape(height_px, width_px)
        shape = (height_px, width_px)
        self._defects = defects
        self._frame_rate_hz = frame_rate_hz
        self._excess = camera.excess_noise_factor - 1.0
        maps = camera.maps
        gain = _of_pixels(maps.gain_e_per_adu if maps else None, camera.gain_e_per_adu, shape)
        offset = _of_pixels(maps.offset_adu if maps else None, camera.offset_adu, shape)
        noise = _of_pixels(None, camera.read_noise_e, shape)
        if maps is not None and maps.variance_adu2 is not None:
            # the map was measured on rounded values; ours are still to be rounded
            noise = np.sqrt(np.maximum(maps.variance_adu2 - 1.0 / 12.0, 0.0)) * gain
        # every defect is drawn whether it is used or not, so that turning one on
        # leaves the others as they were
        pattern, sensitivity = random.standard_normal((2, *shape), dtype=np.float32)
        hot = random.random(shape) < defects.hot_pixels_per_megapixel * 1e-6
        glow = random.exponential(defects.hot_pixel_e, shape)
        offset = offset + defects.fixed_pattern_offset_e * pattern / gain
        response = np.maximum(1.0 + defects.response_non_uniformity * sensitivity, 0.0)
        dark = np.where(hot, glow, 0.0)
        self._hot = hot
        planes = [
            np.ascontiguousarray(plane, dtype=np.float32)
            for plane in (response, dark, noise, 1.0 / gain, offset)
        ]
        if all(plane.min() == plane.max() for plane in planes):
            planes = [np.ascontiguousarray(plane[:1, :1]) for plane in planes]
        self._planes = planes
        top = float(2**camera.bit_depth - 1)
        knee = top if camera.saturation_adu is None else min(camera.saturation_adu, top)
        if camera.tone_curve is not None:
            knee, top = (float(v) for v in camera.tone_curve.linearise(np.array([knee, top])))
        self._knee_adu, self._top_adu = knee, top

    @property
    def hot_pixels(self) -> NDArray[np.bool_]:
        """``(height, width)``, which pixels are hot."""
        return self._hot

    def record(
        self,
        expected: NDArray[np.float32],
        random: np.random.Generator,
        *,
        first_frame: int = 0,
    ) -> NDArray[np.float32]:
        """Expose consecutive frames.

        Parameters
        ----------
        expected
            ``(n, height, width)`` float32 expected photoelectrons; below zero counts as
            zero.
        random
            Gives one number per frame, the seed of that frame's noise: frames exposed
            in blocks, one after the other, are those exposed in one go.
        first_frame
            Number of the first of these frames in the movie, for the drift.

        Returns
        -------
        NDArray[np.float32]
            ``(n, height, width)`` linear ADU, neither rounded nor clipped at black.
        """
        expected = np.ascontiguousarray(expected, dtype=np.float32)
        count = expected.shape[0]
        seeds = np.asarray(random.integers(0, 2**64, size=count, dtype=np.uint64))
        time_s = (first_frame + np.arange(count)) / self._frame_rate_hz
        drift = self._defects.offset_drift_e * np.exp(-time_s / self._defects.offset_drift_time_s)
        recorded = np.empty_like(expected)
        response, dark_e, noise_e, inverse_gain, offset_adu = self._planes
        expose(
            expected,
            seeds,
            response,
            dark_e,
            noise_e,
            inverse_gain,
            offset_adu,
            drift.astype(np.float32),
            self._defects.row_noise_e,
            self._excess,
            self._knee_adu,
            self._top_adu,
            recorded,
        )
        return recorded


def _of_pixels(
    pixel_map: NDArray[np.float32] | None, otherwise: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    values = np.asarray(otherwise if pixel_map is None else pixel_map, dtype=np.float64)
    return np.broadcast_to(values, shape)
