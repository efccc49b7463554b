"""How a simulated movie is written down: blocks of grey frames in, a video or TIFF out.

Each codec is a frozen model that can be used alone: ``H264Codec(crf=28).encode(path,
blocks, view)``. `Codec` is the choice of all of them.
"""

from cellstorm.simulate.codec.base import MovieCodec
from cellstorm.simulate.codec.decoding import DecodedBlock, decode_blocks
from cellstorm.simulate.codec.ffv1 import Ffv1Codec
from cellstorm.simulate.codec.h264 import H264Codec
from cellstorm.simulate.codec.hevc import HevcCodec
from cellstorm.simulate.codec.mjpeg import MjpegCodec
from cellstorm.simulate.codec.quality import (
    jpeg_scale_of_quality,
    qp_of_quality,
    vp9_crf_of_quality,
)
from cellstorm.simulate.codec.uncoded import NoCodec
from cellstorm.simulate.codec.union import MOVIE_SUFFIXES, Codec, VideoCodecChoice
from cellstorm.simulate.codec.value_range import GreyValues, to_full_range, to_limited_range
from cellstorm.simulate.codec.video import LossyCodec, VideoCodec
from cellstorm.simulate.codec.vp9 import Vp9Codec

__all__ = [
    "MOVIE_SUFFIXES",
    "Codec",
    "DecodedBlock",
    "Ffv1Codec",
    "GreyValues",
    "H264Codec",
    "HevcCodec",
    "LossyCodec",
    "MjpegCodec",
    "MovieCodec",
    "NoCodec",
    "VideoCodec",
    "VideoCodecChoice",
    "Vp9Codec",
    "decode_blocks",
    "jpeg_scale_of_quality",
    "qp_of_quality",
    "to_full_range",
    "to_limited_range",
    "vp9_crf_of_quality",
]
