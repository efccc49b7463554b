"""VP9 as libvpx codes it."""

from typing import ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from cellstorm.simulate.codec.encoder import EncoderSettings
from cellstorm.simulate.codec.quality import vp9_crf_of_quality
from cellstorm.simulate.codec.video import LossyCodec

__all__ = ["Vp9Codec"]

_DEFAULT_CRF = 32.0


class Vp9Codec(LossyCodec):
    """VP9 (libvpx): what video sites and some messengers make of a clip.

    The rate is given in one of three ways; without any, ``crf`` becomes 32. Every picture is
    shown, in the order in which it is coded (no hidden reference pictures), and the block grid
    stays at the corner: VP9 has no cropping window. PyAV's own wheels (18.1) come with a libvpx
    for 8 bits only; 10 bits are refused with them.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".webm", ".mkv", ".mp4")
    memory_format: ClassVar[str] = "webm"
    block_size_px: ClassVar[int] = 64

    kind: Literal["vp9"] = "vp9"
    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("crf", "bit_rate_kbit_s", "quality_percent"),
    )

    bit_rate_kbit_s: float | None = Field(None, gt=0, le=1e6, description="mean bit rate, kbit/s")
    quality_percent: float | None = Field(
        None, ge=0, le=100, description="video quality as MATLAB counts it, 0 to 100 %"
    )
    crf: float | None = Field(
        None, ge=0, le=63, description="constant quality; 32 if no other rate is given"
    )
    speed: int = Field(8, ge=0, le=9, description="libvpx's cpu-used: 9 searches the least")
    value_range: Literal["full", "limited"] = Field(
        "full", description="limited maps grey values to 16 to 235 (8 bits)"
    )
    bit_depth: Literal[8, 10] = Field(8, description="bits of a grey value")

    @field_validator("crf")
    @classmethod
    def _is_the_rate_without_another(cls, crf: float | None, info: ValidationInfo) -> float | None:
        return cls._default_rate(crf, _DEFAULT_CRF, info)

    @model_validator(mode="after")
    def _has_one_rate(self) -> Self:
        self._refuse_two_of_a_kind()
        return self

    def encoder_settings(self) -> EncoderSettings:
        """What ffmpeg is told; one thread, key frames only where they are due."""
        options = {
            "deadline": "realtime",
            "cpu-used": str(self.speed),
            "lag-in-frames": "0",
            "auto-alt-ref": "0",
            "row-mt": "0",
            "threads": "1",
            # an interval that is as short as it is long leaves no room for scene cuts
            "keyint_min": str(self.gop),
        }
        bit_rate = None
        if self.bit_rate_kbit_s is not None:
            bit_rate = round(1000 * self.bit_rate_kbit_s)
        else:
            crf = self.crf
            if self.quality_percent is not None:
                crf = vp9_crf_of_quality(self.quality_percent)
            options["crf"] = f"{crf:g}"
            options["b"] = "0"
        return EncoderSettings(
            encoder="libvpx-vp9",
            pixel_format="yuv420p" if self.bit_depth == 8 else "yuv420p10le",
            bit_depth=self.bit_depth,
            is_full_range=self.value_range == "full",
            gop=self.gop,
            options=options,
            bit_rate_bits_per_s=bit_rate,
        )
