"""Reading a movie chunk by chunk, each with the neighbours its localizer needs."""

from collections.abc import Iterator

import numpy as np

from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.movie import CodedFrames, FrameChunk, Movie

__all__ = ["read_chunks"]


def read_chunks(
    movie: Movie,
    chunks: list[FrameRange],
    *,
    frames: FrameRange,
    region: Region,
    halo_frames: int,
) -> Iterator[FrameChunk]:
    """Chunks in order, cut to the region, with up to ``halo_frames`` more on either side.

    Every frame is read once: what two chunks share is handed on, because going back in a
    video means decoding again from the last key frame.

    Parameters
    ----------
    movie
        Read from front to back.
    chunks
        Consecutive ranges ``(first, last)`` without their neighbours.
    frames
        The range of the run; neighbours outside of it are not read.
    region
        ``(x0, x1, y0, y1)`` in pixels.
    halo_frames
        Neighbours wanted on either side.
    """
    start, stop = frames
    before: FrameChunk | None = None
    for first, last in chunks:
        begin, end = max(start, first - halo_frames), min(stop, last + halo_frames)
        if before is not None and begin < before.stop:
            shared = before.between(begin, before.stop)
            chunk = (
                shared
                if shared.stop >= end
                else _join(shared, _read(movie, shared.stop, end, region))
            )
        else:
            chunk = _read(movie, begin, end, region)
        before = chunk if halo_frames else None
        yield chunk


def _read(movie: Movie, start: int, stop: int, region: Region) -> FrameChunk:
    chunk = movie.read_chunk(start, stop)
    x0, x1, y0, y1 = region
    if (x0, x1, y0, y1) == (0, movie.shape[2], 0, movie.shape[1]):
        return chunk
    return FrameChunk(start, np.ascontiguousarray(chunk.frames[:, y0:y1, x0:x1]), chunk.coding)


def _join(one: FrameChunk, other: FrameChunk) -> FrameChunk:
    coding = None
    if one.coding is not None and other.coding is not None:
        qp = None
        if one.coding.qp is not None and other.coding.qp is not None:
            qp = np.concatenate([one.coding.qp, other.coding.qp])
        coding = CodedFrames(
            np.concatenate([one.coding.picture_types, other.coding.picture_types]),
            np.concatenate([one.coding.key_frames, other.coding.key_frames]),
            qp,
            one.coding.block_size_px,
            one.coding.grid_offset_px,
        )
    return FrameChunk(one.start, np.concatenate([one.frames, other.frames]), coding)
