"""One thread reads, some compute, results come out in order; memory is bounded."""

import contextlib
import os
import threading
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from cellstorm.localize.localizer import (
    Drawing,
    FrameRange,
    Localizer,
    MoleculeColumns,
    Region,
)
from cellstorm.movie import FrameChunk, Movie
from cellstorm.run.reading import read_chunks

__all__ = ["ChunkResult", "default_workers", "localized_chunks"]

# Chunks read ahead of the workers: one that waits, one being read.
_READ_AHEAD = 2


@dataclass(frozen=True)
class ChunkResult:
    """What came of one chunk.

    Attributes
    ----------
    first, last
        Its frames, the last exclusive.
    columns
        Its molecules.
    light
        ``(height, width)`` float64, sum of its frames, ADU.
    drawn
        Sum of what the localizer drew of its frames; None where that is not wanted.
    """

    first: int
    last: int
    columns: MoleculeColumns
    light: NDArray[np.float64]
    drawn: NDArray[np.float64] | None = None


def default_workers() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def localized_chunks(
    movie: Movie,
    localizer: Localizer,
    chunks: list[FrameRange],
    *,
    frames: FrameRange,
    region: Region,
    workers: int,
    draw: bool = False,
) -> Generator[ChunkResult]:
    """Molecules of each chunk, in the order of the chunks.

    Threads are enough: decoding and the numerical kernels let go of Python's lock. Closing
    the generator (or an error, or Ctrl-C in the loop over it) stops reading and forgets the
    rest; chunks being worked on come to their end in the background.

    Parameters
    ----------
    movie, localizer
        What to localize and how.
    chunks
        Consecutive frame ranges.
    frames, region
        Of the whole run.
    workers
        Threads that localize; reading has one of its own.
    draw
        Keep what a `Drawing` localizer draws.

    Raises
    ------
    CellstormError
        Whatever reading or localizing raises, when its chunk's turn comes.
    """
    stop = threading.Event()
    places = threading.Semaphore(workers + _READ_AHEAD)
    ordered: SimpleQueue[Future[ChunkResult] | BaseException | None] = SimpleQueue()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="localize")

    def read() -> None:
        try:
            source = read_chunks(
                movie, chunks, frames=frames, region=region, halo_frames=localizer.halo_frames
            )
            for first, last in chunks:
                # a place is taken before reading, so that no chunk waits outside the count
                while not places.acquire(timeout=0.1):
                    if stop.is_set():
                        return
                if stop.is_set():
                    return
                chunk = next(source)
                ordered.put(pool.submit(_localize, localizer, chunk, first, last, draw))
                del chunk
            ordered.put(None)
        except BaseException as error:
            ordered.put(error)

    reader = threading.Thread(target=read, name="read", daemon=True)
    reader.start()
    try:
        while (item := ordered.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            result = item.result()
            del item
            places.release()
            yield result
            del result
    finally:
        stop.set()
        # a chunk can take seconds, in which nobody who pressed Ctrl-C wants to wait
        pool.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(RuntimeError):
            reader.join()


def _localize(
    localizer: Localizer, chunk: FrameChunk, first: int, last: int, draw: bool
) -> ChunkResult:
    drawn = None
    if draw and isinstance(localizer, Drawing):
        columns, drawn = localizer.localize_and_draw(chunk, first=first, last=last)
    else:
        columns = localizer.localize(chunk, first=first, last=last)
    own = chunk.frames[first - chunk.start : last - chunk.start]
    return ChunkResult(first, last, columns, own.sum(axis=0, dtype=np.float64), drawn)
