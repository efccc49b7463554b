"""H.264 as x264 codes it."""

from functools import cache
from typing import ClassVar, Literal

import llvmlite.binding as llvm  # type: ignore[import-untyped]

from cellstorm.simulate.codec.encoder import EncoderSettings
from cellstorm.simulate.codec.phone_codec import PhoneCodec

__all__ = ["H264Codec"]

# What x264 may use of a processor with AVX-512. Its macroblock tree for that reads beyond
# the end of a row of macroblocks, so that the same frames give other bytes now and then
# (x264 165, frames 64 or 70 px wide); with these the bytes are the ones it should give.
_INSTRUCTIONS_UP_TO_AVX2 = "MMX2,SSE2Fast,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2"


@cache
def _has_avx512() -> bool:
    return bool(llvm.get_host_cpu_features().get("avx512f", False))


class H264Codec(PhoneCodec):
    """H.264 (x264): what nearly every phone records.

    CRF 0 is lossless for 8 bits. A constant QP is the same in I, P and B pictures.
    """

    block_size_px: ClassVar[int] = 16  # macroblock

    kind: Literal["h264"] = "h264"

    def encoder_settings(self) -> EncoderSettings:
        """What ffmpeg is told; one thread, no scene cuts."""
        options: dict[str, str] = {
            "preset": self.preset,
            "bf": str(self.b_pictures),
            "sc_threshold": "0",
            "threads": "1",
        }
        keys: list[str] = []
        if self.b_pictures:
            options["b_strategy"] = "0"
        if self.constant_qp is not None:
            # x264 counts QP' of H.264 section 7.4.2.1.1, which is 0 at the finest step
            options["qp"] = str(self.constant_qp + 6 * (self.bit_depth - 8))
            keys.append("ipratio=1:pbratio=1")
        elif self.crf is not None:
            options["crf"] = f"{self.crf:g}"
        left, top = self.shift_px
        if _has_avx512():
            keys.append(f"asm={_INSTRUCTIONS_UP_TO_AVX2}")
        if left or top:
            keys.append(f"crop-rect={left},{top},0,0")
        if keys:
            options["x264-params"] = ":".join(keys)
        return EncoderSettings(
            encoder="libx264",
            pixel_format=self.pixel_format,
            bit_depth=self.bit_depth,
            is_full_range=self.value_range == "full",
            gop=self.gop,
            options=options,
            bit_rate_bits_per_s=self.bit_rate_bits_per_s,
            padding_px=(left, top),
        )
