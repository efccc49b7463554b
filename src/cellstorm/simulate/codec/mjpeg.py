"""Motion JPEG: every frame a picture of its own."""

from typing import ClassVar, Literal

from pydantic import Field

from cellstorm.simulate.codec.encoder import EncoderSettings
from cellstorm.simulate.codec.quality import jpeg_scale_of_quality
from cellstorm.simulate.codec.video import LossyCodec

__all__ = ["MjpegCodec"]


class MjpegCodec(LossyCodec):
    """Motion JPEG (ffmpeg's own): 8 x 8 blocks, full range, 8 bits.

    What webcams and older cameras record, and what MATLAB writes into an AVI. All frames
    are key frames.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".avi", ".mov", ".mkv", ".mp4")
    memory_format: ClassVar[str] = "avi"
    block_size_px: ClassVar[int] = 8

    kind: Literal["mjpeg"] = "mjpeg"
    gop: Literal[1] = Field(1, description="every frame is a key frame")
    quality_percent: float = Field(90.0, ge=0, le=100, description="JPEG quality, 0 to 100 %")
    bit_depth: Literal[8] = Field(8, description="bits of a grey value")

    def encoder_settings(self) -> EncoderSettings:
        """What ffmpeg is told: one scale for all quantiser matrices."""
        scale = str(jpeg_scale_of_quality(self.quality_percent))
        return EncoderSettings(
            encoder="mjpeg",
            pixel_format="yuvj420p",
            bit_depth=8,
            is_full_range=True,
            gop=1,
            options={"qmin": scale, "qmax": scale},
        )
