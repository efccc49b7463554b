"""FFV1: video without loss."""

from typing import ClassVar, Literal

from pydantic import Field

from cellstorm.simulate.codec.encoder import EncoderSettings
from cellstorm.simulate.codec.video import VideoCodec

__all__ = ["Ffv1Codec"]


class Ffv1Codec(VideoCodec):
    """FFV1 version 3 (ffmpeg's own): lossless grey video of 8 to 16 bits."""

    suffixes: ClassVar[tuple[str, ...]] = (".mkv", ".avi")
    memory_format: ClassVar[str] = "matroska"
    block_size_px: ClassVar[int] = 1
    needs_even_size: ClassVar[bool] = False

    kind: Literal["ffv1"] = "ffv1"
    gop: int = Field(31, ge=1, le=10_000, description="frames from key frame to key frame, frames")
    bit_depth: Literal[8, 10, 12, 14, 16] = Field(8, description="bits of a grey value")

    def encoder_settings(self) -> EncoderSettings:
        """What ffmpeg is told: slices with checksums."""
        return EncoderSettings(
            encoder="ffv1",
            pixel_format="gray" if self.bit_depth == 8 else f"gray{self.bit_depth}le",
            bit_depth=self.bit_depth,
            is_full_range=True,
            gop=self.gop,
            options={"level": "3", "slices": "4"},
        )
