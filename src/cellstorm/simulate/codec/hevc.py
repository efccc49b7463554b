"""HEVC as x265 codes it."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from cellstorm.simulate.codec.encoder import (
    Destination,
    EncoderSettings,
    crop_by_parameter_sets,
)
from cellstorm.simulate.codec.phone_codec import PhoneCodec
from cellstorm.simulate.codec.value_range import GreyValues
from cellstorm.simulate.codec.video import intermediate
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["HevcCodec"]

_SMALLEST_PX = 16  # x265 takes nothing smaller
_LOOKAHEAD = 20


class HevcCodec(PhoneCodec):
    """HEVC (x265): what newer phones record when they may.

    A constant QP is the same in I, P and B pictures. CRF 0 is not lossless. A grid shift
    is written by copying the coded video once, since x265 cannot crop.
    """

    block_size_px: ClassVar[int] = 64  # largest coding tree unit

    kind: Literal["hevc"] = "hevc"

    def check_size(self, width_px: int, height_px: int) -> None:
        """Refuse odd sizes and those under 16 px."""
        super().check_size(width_px, height_px)
        for name, size in (("width_px", width_px), ("height_px", height_px)):
            if size < _SMALLEST_PX:
                raise ValueError(f"{name}: hevc needs at least {_SMALLEST_PX} (given: {size})")

    def encoder_settings(self) -> EncoderSettings:
        """What ffmpeg is told; one thread, no scene cuts."""
        options: dict[str, str] = {"preset": self.preset}
        # with a pool of one thread x265 now and then waits for itself for ever
        keys = (
            f"bframes={self.b_pictures}:keyint={self.gop}:min-keyint={self.gop}:scenecut=0:"
            f"pools=none:frame-threads=1:wpp=0:range={self.value_range}:log-level=none"
        )
        if self.b_pictures:
            # else pictures before a key frame refer to what lies before it, and fast presets
            # look less far ahead than B pictures reach
            keys += f":b-adapt=0:open-gop=0:rc-lookahead={_LOOKAHEAD}"
        if self.constant_qp is not None:
            options["qp"] = str(self.constant_qp)
            keys += ":ipratio=1:pbratio=1"
        elif self.crf is not None:
            options["crf"] = f"{self.crf:g}"
        options["x265-params"] = keys
        return EncoderSettings(
            encoder="libx265",
            pixel_format=self.pixel_format,
            bit_depth=self.bit_depth,
            is_full_range=self.value_range == "full",
            gop=self.gop,
            options=options,
            bit_rate_bits_per_s=self.bit_rate_bits_per_s,
            padding_px=self.shift_px,
        )

    def _write_once(
        self, destination: Destination, blocks: Iterable[GreyValues], view: FieldOfView
    ) -> None:
        if self.shift_px == (0, 0):
            super()._write_once(destination, blocks, view)
            return
        with intermediate(destination, self.suffixes[0]) as padded:
            super()._write_once(padded, blocks, view)
            crop_by_parameter_sets(
                padded,
                destination,
                self.memory_format,
                stream_filter="hevc_metadata",
                cropping_px=self.shift_px,
            )
