"""What a grey value means: from recorded numbers to photoelectrons and their noise."""

import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cellstorm.atomic_file import atomic_file
from cellstorm.camera.pixel_maps import PixelMaps
from cellstorm.camera.tone_curve import ToneCurve
from cellstorm.errors import CameraError
from cellstorm.parameters import Parameters

__all__ = ["Camera"]

Region = tuple[int, int, int, int]


class Camera(Parameters):
    """A camera as its recorded grey values show it.

    A grey value of the file becomes photoelectrons in this order: the coder's limited
    range is undone (``grey = 16 + 219/255 ADU`` for 8 bits, BT.601/709), the tone curve is
    made straight, the offset is taken away, and what is left is multiplied by the gain.
    ``saturation_adu`` and ``dark_clip_adu`` are on the scale before the tone curve, all
    other ADU after it. Photons here are photoelectrons: the quantum efficiency is part of
    how bright an emitter is.
    """

    name: str = Field("camera", description="what to call it")
    offset_adu: float = Field(0.0, allow_inf_nan=False, description="grey value of no light, ADU")
    gain_e_per_adu: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="photoelectrons per ADU, electron multiplication included",
    )
    read_noise_e: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="read noise, photoelectrons RMS"
    )
    excess_noise_factor: float = Field(
        1.0,
        ge=1,
        allow_inf_nan=False,
        description="F^2, variance over mean of the detected light: 1 (CMOS), 2 (EM)",
    )
    saturation_adu: float | None = Field(
        None, allow_inf_nan=False, description="the response is linear up to here, ADU"
    )
    dark_clip_adu: float | None = Field(
        None, allow_inf_nan=False, description="values at or under this were clipped, ADU"
    )
    tone_curve: ToneCurve | None = Field(None, description="measured grey -> linear ADU")
    bit_depth: int = Field(8, ge=1, le=32, description="bits of a grey value")
    value_range: Literal["full", "limited"] = Field(
        "full", description="limited: luma between 16 and 235 (x 2^(bits-8))"
    )
    maps: PixelMaps | None = Field(None, description="per-pixel offset, gain and variance")
    estimated: bool = Field(False, description="guessed from a movie, not measured")
    notes: str = Field("", description="where the numbers come from and how sure they are")

    @model_validator(mode="after")
    def _clips_lie_apart(self) -> Self:
        if (
            self.saturation_adu is not None
            and self.dark_clip_adu is not None
            and self.saturation_adu <= self.dark_clip_adu
        ):
            raise ValueError("saturation_adu must lie over dark_clip_adu")
        return self

    def to_photoelectrons(
        self, frames: NDArray[np.generic], region: Region | None = None
    ) -> NDArray[np.float32]:
        """Photoelectrons of recorded grey values.

        Parameters
        ----------
        frames
            ``(..., height, width)`` of any integer or floating type, ADU as in the file.
        region
            ``(x0, x1, y0, y1)``, the part of the movie that ``frames`` shows; needed only
            for cameras with maps when it is not the whole field.

        Returns
        -------
        NDArray[np.float32]
            Same shape; noise around no light is kept, so values can be negative.

        Raises
        ------
        CameraError
            The maps do not have the shape of the frames.
        """
        frames = np.asarray(frames)
        maps = self._maps_for(frames.shape, region)
        if self.tone_curve is not None and frames.dtype in (np.uint8, np.uint16) and maps is None:
            table = _lookup_table(self, 8 * frames.dtype.itemsize)
            return np.asarray(table[frames.astype(np.intp)])
        linear = self._linear_adu(frames)
        offset, gain = self._offset_and_gain(maps)
        linear -= offset
        linear *= gain
        return linear.astype(np.float32, copy=False)

    def to_adu(self, photoelectrons: NDArray[np.generic]) -> NDArray[np.float64]:
        """Recorded grey values before rounding and clipping: the way back.

        Parameters
        ----------
        photoelectrons
            ``(..., height, width)``; with maps, of the whole field.
        """
        light = np.asarray(photoelectrons, dtype=np.float64)
        offset, gain = self._offset_and_gain(self._maps_for(light.shape, None))
        grey: NDArray[np.float64] = light / gain + offset
        if self.tone_curve is not None:
            grey = self.tone_curve.bend(grey)
        if self.value_range == "limited":
            black, scale = self._limited_range()
            grey = black + grey / scale
        return grey

    def variance(
        self, expected_e: NDArray[np.floating[Any]], region: Region | None = None
    ) -> NDArray[np.float32]:
        """Variance of the photoelectrons of pixels with the given expectation.

        ``F^2 * expected + read noise^2 + rounding`` (Robbins & Hadwen 2003 for F^2 of
        electron multiplication; a rounding step's variance is 1/12 of its square).

        Parameters
        ----------
        expected_e
            ``(..., height, width)`` expected photoelectrons; below zero counts as zero.
        region
            As for `to_photoelectrons`.

        Returns
        -------
        NDArray[np.float32]
            Same shape, photoelectrons^2.
        """
        expected = np.asarray(expected_e)
        light = np.maximum(expected, 0.0) * self.excess_noise_factor
        maps = self._maps_for(expected.shape, region)
        if self.tone_curve is None or (maps is not None and maps.variance_adu2 is not None):
            dark: float | NDArray[np.floating[Any]] = self._dark_variance(maps)
        else:
            # where the curve is flat, one grey step spans much light
            linear = expected / self.gain_e_per_adu + self.offset_adu
            dark = self.read_noise_e**2 + self._rounding_variance(self.tone_curve.slope(linear))
        return np.asarray(light + dark, dtype=np.float32)

    def read_variance_e2(
        self, shape: tuple[int, int], region: Region | None = None
    ) -> NDArray[np.float32]:
        """Variance of every pixel without light: read noise and rounding.

        Parameters
        ----------
        shape
            ``(height, width)`` of the wanted part.
        region
            As for `to_photoelectrons`.

        Returns
        -------
        NDArray[np.float32]
            ``(height, width)``, photoelectrons^2.
        """
        maps = self._maps_for(shape, region)
        dark = self._dark_variance(maps)
        return np.array(np.broadcast_to(np.asarray(dark, dtype=np.float32), shape))

    def saturated(self, frames: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Where grey values lie at or over the knee (the largest code if none is known).

        Parameters
        ----------
        frames
            Any shape, ADU as in the file.
        """
        values = np.asarray(frames)
        limit = self.saturation_grey
        # among whole numbers the comparison is several times faster
        return np.asarray(values >= (math.ceil(limit) if values.dtype.kind in "iu" else limit))

    @property
    def saturation_grey(self) -> float:
        """Grey value in the file from which on the response is not linear."""
        knee = self.saturation_adu
        if knee is None:
            knee = float(2**self.bit_depth - 1)
        return self._as_recorded(knee)

    @property
    def dark_clip_grey(self) -> float | None:
        """Grey value in the file at or under which values were clipped."""
        return None if self.dark_clip_adu is None else self._as_recorded(self.dark_clip_adu)

    def save(self, path: Path | str) -> None:
        """Write the camera as YAML; maps go into an ``.npz`` of the same name beside it.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        path = Path(path)
        text = self.model_copy(update={"maps": None}).to_yaml()
        if self.maps is not None:
            beside = path.with_suffix(".npz")
            self.maps.save(beside)
            text = text.replace("maps: null", f"maps: {beside.name}")
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def check_shape(self, height: int, width: int, *, where: str | Path | None = None) -> None:
        """Refuse a movie that the maps do not fit.

        Raises
        ------
        CameraError
            The maps have another shape than the movie.
        """
        if self.maps is not None and self.maps.shape != (height, width):
            have_height, have_width = self.maps.shape
            raise CameraError(
                f"the maps of camera {self.name!r} are {have_width} x {have_height} px"
                f" but the movie has {width} x {height} px.",
                where=where,
                todo="Cut the maps to the part of the sensor that was recorded.",
            )

    def _maps_for(self, shape: tuple[int, ...], region: Region | None) -> PixelMaps | None:
        if self.maps is None:
            return None
        maps = self.maps if region is None else self.maps.cut(region)
        if maps.shape != tuple(shape[-2:]):
            raise CameraError(
                f"the maps of camera {self.name!r} are {maps.shape[1]} x {maps.shape[0]} px"
                f" but the frames have {shape[-1]} x {shape[-2]} px."
            )
        return maps

    def _limited_range(self) -> tuple[float, float]:
        """Grey value of black, and ADU per grey value, of limited-range luma."""
        return 16.0 * 2.0 ** (self.bit_depth - 8), 255.0 / 219.0

    def _as_recorded(self, adu: float) -> float:
        if self.value_range == "full":
            return adu
        black, scale = self._limited_range()
        return black + adu / scale

    def _linear_adu(self, grey: NDArray[np.generic]) -> NDArray[np.floating[Any]]:
        """A new array; float64 where float32 could not hold the integers."""
        exact = np.float64 if grey.dtype.itemsize > 2 and grey.dtype.kind in "iu" else np.float32
        linear: NDArray[np.floating[Any]] = grey.astype(
            np.float64 if grey.dtype == np.float64 else exact
        )
        if self.value_range == "limited":
            black, scale = self._limited_range()
            linear -= black
            linear *= scale
        return linear if self.tone_curve is None else self.tone_curve.linearise(linear)

    def _offset_and_gain(
        self, maps: PixelMaps | None
    ) -> tuple[float | NDArray[np.float32], float | NDArray[np.float32]]:
        if maps is None:
            return self.offset_adu, self.gain_e_per_adu
        return (
            self.offset_adu if maps.offset_adu is None else maps.offset_adu,
            self.gain_e_per_adu if maps.gain_e_per_adu is None else maps.gain_e_per_adu,
        )

    def _rounding_variance(
        self, adu_per_step: float | NDArray[np.float64] = 1.0
    ) -> float | NDArray[np.float64]:
        scale = self._limited_range()[1] if self.value_range == "limited" else 1.0
        return (self.gain_e_per_adu * scale * adu_per_step) ** 2 / 12.0

    def _dark_variance(self, maps: PixelMaps | None) -> float | NDArray[np.float32]:
        """Read noise and rounding; a straight tone curve's average slope where bent."""
        if maps is not None and maps.variance_adu2 is not None:
            gain = self.gain_e_per_adu if maps.gain_e_per_adu is None else maps.gain_e_per_adu
            return np.asarray(maps.variance_adu2 * gain**2, dtype=np.float32)
        slope = 1.0
        if self.tone_curve is not None:
            slope = float(self.tone_curve.slope(np.asarray(self.offset_adu)))
        return self.read_noise_e**2 + float(self._rounding_variance(slope))


@lru_cache(maxsize=16)
def _lookup_table(camera: Camera, bits: int) -> NDArray[np.float32]:
    """Photoelectrons of every code of an unsigned integer of ``bits`` bits."""
    return camera.to_photoelectrons(np.arange(2**bits, dtype=np.float64))
