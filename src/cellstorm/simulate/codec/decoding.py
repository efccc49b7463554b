"""A coded clip back into grey frames and codec facts, from a file or from memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

from cellstorm.movie.codec_facts import BLOCK_SIZE_PX, CodedFrames, PictureType
from cellstorm.movie.h264_cropping import h264_cropping_px
from cellstorm.movie.luma import grey_layout
from cellstorm.movie.quantisers import MACROBLOCK_PX, macroblock_qp

__all__ = ["DecodedBlock", "decode_blocks"]


@dataclass(frozen=True)
class DecodedBlock:
    """Consecutive frames of a clip.

    Attributes
    ----------
    frames
        ``(n, height, width)`` uint8 or uint16, luma as coded.
    coding
        What the codec did to them.
    """

    frames: NDArray[Any]
    coding: CodedFrames


def decode_blocks(
    source: Path | BytesIO,
    *,
    with_qp: bool = False,
    frames_per_block: int = 64,
) -> Iterator[DecodedBlock]:
    """Decode a clip from front to back.

    Unlike `open_movie` it needs no file on disk, and cannot seek.

    Parameters
    ----------
    source
        The clip.
    with_qp
        Keep the quantisation parameters of H.264.
    frames_per_block
        Frames that are held at once.
    """
    given: Any = str(source) if isinstance(source, Path) else BytesIO(source.getbuffer())
    with av.open(given) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        # else a picture cropped on the left is moved to the next aligned address
        context.flags |= Flags.unaligned
        stream.thread_type = "NONE"
        if with_qp:
            context.options = {"export_side_data": "venc_params"}
        codec = context.codec.canonical_name
        left, top = h264_cropping_px(context.extradata) if codec == "h264" else (0, 0)
        offset_px = (left % MACROBLOCK_PX, top % MACROBLOCK_PX)
        block_size_px = BLOCK_SIZE_PX.get(codec, 1)
        frames: list[NDArray[Any]] = []
        types: list[int] = []
        keys: list[bool] = []
        qps: list[NDArray[np.int32] | None] = []
        layout = None
        for picture in container.decode(stream):
            if layout is None:
                layout = grey_layout(picture.format)
                rows = -(-(picture.height + offset_px[1]) // MACROBLOCK_PX)
                columns = -(-(picture.width + offset_px[0]) // MACROBLOCK_PX)
            frame = np.empty((picture.height, picture.width), layout.dtype)
            layout.copy(picture, frame)
            frames.append(frame)
            types.append(int(picture.pict_type))
            keys.append(bool(picture.key_frame))
            qps.append(macroblock_qp(picture, rows, columns) if with_qp else None)
            if len(frames) == frames_per_block:
                yield _block(frames, types, keys, qps, offset_px, block_size_px)
                frames, types, keys, qps = [], [], [], []
        if frames:
            yield _block(frames, types, keys, qps, offset_px, block_size_px)


def _block(
    frames: list[NDArray[Any]],
    types: list[int],
    keys: list[bool],
    qps: list[NDArray[np.int32] | None],
    grid_offset_px: tuple[int, int],
    block_size_px: int,
) -> DecodedBlock:
    kinds = np.array(types, dtype=np.uint8)
    kinds[kinds > PictureType.B] = PictureType.UNKNOWN
    known = [qp for qp in qps if qp is not None]
    coding = CodedFrames(
        picture_types=kinds,
        key_frames=np.array(keys, dtype=np.bool_),
        qp=np.stack(known).astype(np.float32) if len(known) == len(frames) else None,
        block_size_px=block_size_px,
        grid_offset_px=grid_offset_px,
    )
    return DecodedBlock(np.stack(frames), coding)
