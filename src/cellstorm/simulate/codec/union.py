"""All codecs as one choice, told apart by ``kind``."""

from typing import Annotated

from pydantic import Field

from cellstorm.simulate.codec.ffv1 import Ffv1Codec
from cellstorm.simulate.codec.h264 import H264Codec
from cellstorm.simulate.codec.hevc import HevcCodec
from cellstorm.simulate.codec.mjpeg import MjpegCodec
from cellstorm.simulate.codec.uncoded import NoCodec
from cellstorm.simulate.codec.vp9 import Vp9Codec

__all__ = ["MOVIE_SUFFIXES", "Codec", "VideoCodecChoice"]

Codec = Annotated[
    H264Codec | HevcCodec | Vp9Codec | MjpegCodec | Ffv1Codec | NoCodec,
    Field(discriminator="kind"),
]
"""What a simulated movie can be coded with."""

VideoCodecChoice = Annotated[
    H264Codec | HevcCodec | Vp9Codec | MjpegCodec | Ffv1Codec, Field(discriminator="kind")
]
"""What a second generation can be coded with."""

for _codec in (H264Codec, HevcCodec, Vp9Codec, MjpegCodec):
    # the choice holds the codecs and they hold the choice
    _codec.model_rebuild(_types_namespace={"VideoCodecChoice": VideoCodecChoice})

MOVIE_SUFFIXES: tuple[str, ...] = tuple(
    dict.fromkeys(
        suffix
        for codec in (H264Codec, HevcCodec, Vp9Codec, MjpegCodec, Ffv1Codec, NoCodec)
        for suffix in codec.suffixes
    )
)
"""Extensions of all files that a movie can be kept in."""
