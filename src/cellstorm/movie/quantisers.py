"""Quantisation parameters that the H.264 decoder exports beside a picture."""

import struct
from typing import Any, cast

import numpy as np
from av import VideoFrame
from av.sidedata.encparams import VideoEncParams
from numpy.typing import NDArray

__all__ = ["MACROBLOCK_PX", "macroblock_qp"]

MACROBLOCK_PX = 16

# AVVideoEncParams (libavutil/video_enc_params.h): number of blocks, offset of the first
# and bytes per block, type, base QP; the padding is that of 64-bit machines.
_HEADER = struct.Struct("@IQQii") if struct.calcsize("N") == 8 else struct.Struct("@IIIii")
_H264 = 1


def macroblock_qp(
    frame: VideoFrame, rows: int, columns: int, *, first_row: int = 0, first_column: int = 0
) -> NDArray[np.int32] | None:
    """QP of each macroblock of the visible picture.

    Parameters
    ----------
    frame
        Decoded with ``export_side_data=venc_params``.
    rows, columns
        Macroblocks that cover the picture.
    first_row, first_column
        Whole macroblocks that are cropped away on top and on the left.

    Returns
    -------
    NDArray[np.int32] or None
        ``(rows, columns)``; None where the decoder exported nothing. For more than 8
        bits it counts from 0 too (QP' of H.264 section 7.4.2.1.1).
    """
    for side_data in cast("Any", frame.side_data):
        if type(side_data) is not VideoEncParams:
            continue
        # PyAV's stubs do not say that side data is a buffer
        data = cast("memoryview", side_data)
        count, offset, block_bytes, kind, base = _HEADER.unpack_from(data)
        if kind != _H264 or count == 0:
            return None
        # a block is five int32: x, y, width, height, QP minus base
        blocks = np.frombuffer(data, np.int32, count * (block_bytes // 4), offset)
        delta = blocks[4 :: block_bytes // 4]
        if count != rows * columns:
            # interlaced pictures are padded to whole pairs of macroblocks
            stored_columns = int(blocks[:: block_bytes // 4].max()) // MACROBLOCK_PX + 1
            delta = delta.reshape(-1, stored_columns)
            delta = delta[first_row : first_row + rows, first_column : first_column + columns]
            if delta.shape != (rows, columns):
                return None
        qp: NDArray[np.int32] = delta.reshape(rows, columns) + np.int32(base)
        return qp
    return None
