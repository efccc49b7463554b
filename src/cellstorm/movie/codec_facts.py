"""What the encoder did: picture types, key frames, quantisers, rates."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK_SIZE_PX", "CodecFacts", "CodedFrames", "PictureType", "quantiser_step"]

BLOCK_SIZE_PX = {
    "h264": 16,
    "mpeg4": 16,
    "mpeg2video": 16,
    "mpeg1video": 16,
    "h263": 16,
    "vp8": 16,
    "hevc": 64,
    "vp9": 64,
    "av1": 64,
    "mjpeg": 8,
    "prores": 8,
    "dnxhd": 8,
}
"""Edge of the block that a codec (ffmpeg's name) quantises or predicts as one; 1 for others."""


class PictureType(IntEnum):
    """How a picture was coded (H.264 slice types, as ffmpeg reports them)."""

    UNKNOWN = 0
    I = 1  # noqa: E741 - the field's own name
    P = 2
    B = 3


def quantiser_step(qp: NDArray[np.generic]) -> NDArray[np.float32]:
    """Quantiser step in grey values of an orthonormal transform.

    Doubles every six QP, 0.625 at QP 0 (H.264 table 8-15; Richardson 2010, table 7.2).

    Parameters
    ----------
    qp
        Quantisation parameters of any shape; 0 to 51 for 8-bit H.264, 0 to 63 for 10 bits
        (QP' of H.264 equation 7-37, which is what decoders export).

    Returns
    -------
    NDArray[np.float32]
        Same shape, ADU of the luma as coded (8-bit ADU for 8-bit video, 10 for 10).
    """
    step: NDArray[np.float32] = 0.625 * np.exp2(np.asarray(qp, dtype=np.float32) / np.float32(6.0))
    return step


@dataclass(frozen=True)
class CodedFrames:
    """Per-frame codec facts of one chunk of ``n`` frames.

    Attributes
    ----------
    picture_types
        ``(n,)`` uint8, values of `PictureType`.
    key_frames
        ``(n,)`` bool.
    qp
        ``(n, ceil(height / block_size_px), ceil(width / block_size_px))`` float32, the
        luma quantisation parameter per block (QP', which is 0 at the finest step for any
        bit depth), or None where the decoder gives none
        (everything but H.264). For a chunk cut out of the movie (region of interest)
        the block grid still starts at the movie's own corner.
    block_size_px
        Edge of a block, 16 for H.264.
    grid_offset_px
        ``(x, y)``, how far left of and above the movie's corner the first block begins, less
        than a block; not zero where the video crops its pictures on the left or on top.
        ``qp`` then covers width + x and height + y.
    """

    picture_types: NDArray[np.uint8]
    key_frames: NDArray[np.bool_]
    qp: NDArray[np.float32] | None
    block_size_px: int = 16
    grid_offset_px: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class CodecFacts:
    """Codec facts of a whole movie, known from the container without decoding.

    Attributes
    ----------
    codec, profile, pixel_format
        ffmpeg's names, e.g. ``"h264"``, ``"High"``, ``"yuv420p"``.
    frame_bytes
        ``(frames,)`` int64 coded size of each picture, presentation order.
    key_frames
        ``(frames,)`` bool, presentation order; decoding can start at these.
    block_size_px
        Edge of the coding block: 16 (H.264 macroblock, MPEG-4), 64 (HEVC CTU, VP9/AV1
        superblock), 8 (MJPEG), 1 (lossless FFV1).
    has_qp
        True where the decoder can export the quantiser per block (H.264).
    color_range
        As flagged in the file; "unknown" when not flagged (players take limited).
    transfer
        Transfer characteristic as flagged, e.g. ``"bt709"``, or "unknown".
    rotation_deg
        Clockwise turn for display asked for by the container, 0 to 359 (frames are *not*
        rotated).
    bit_rate_bits_per_s
        Mean over the movie.
    """

    codec: str
    profile: str
    pixel_format: str
    frame_bytes: NDArray[np.int64]
    key_frames: NDArray[np.bool_]
    block_size_px: int
    has_qp: bool
    color_range: Literal["limited", "full", "unknown"]
    transfer: str
    rotation_deg: int
    bit_rate_bits_per_s: float
    bits_per_pixel: float

    @property
    def gop_length(self) -> int:
        """Median distance between key frames, in frames; the movie's length if only one."""
        positions = np.flatnonzero(self.key_frames)
        if positions.size < 2:
            return int(self.key_frames.size)
        return int(np.median(np.diff(positions)))
