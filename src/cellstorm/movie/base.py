"""What every movie offers, whatever file it came from."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cellstorm.movie.codec_facts import CodecFacts, CodedFrames

__all__ = ["FrameChunk", "Movie"]


@dataclass(frozen=True)
class FrameChunk:
    """Consecutive frames of a movie with what the codec did to them.

    Attributes
    ----------
    start
        Index of the first frame, counted from 0 in the movie.
    frames
        ``(n, height, width)``, the movie's dtype, ADU.
    coding
        Codec facts of these frames; None for uncoded movies.
    """

    start: int
    frames: NDArray[np.generic]
    coding: CodedFrames | None = None

    @property
    def stop(self) -> int:
        """Index after the last frame."""
        return self.start + int(self.frames.shape[0])

    def between(self, first: int, last: int) -> Self:
        """Frames ``first`` to ``last`` (exclusive, counted in the movie) of it, as views."""
        low, high = first - self.start, last - self.start
        coding = self.coding
        if coding is not None:
            coding = replace(
                coding,
                picture_types=coding.picture_types[low:high],
                key_frames=coding.key_frames[low:high],
                qp=None if coding.qp is None else coding.qp[low:high],
            )
        return type(self)(first, self.frames[low:high], coding)


class Movie(ABC):
    """A grey movie that is read in chunks, never whole.

    Attributes
    ----------
    path
        The file, or None for a movie in memory.
    shape
        ``(frames, height, width)``.
    dtype
        uint8, uint16, int16, int32, uint32, float32 or float64.
    bit_depth
        Bits that a grey value can use (8 for ordinary video, 10, 12, 14, 16).
    format_name
        For a person: ``"MP4 video, H.264"``, ``"OME-TIFF"``.
    pixel_size_nm
        From the file's metadata, None when it says nothing.
    timestamps_s
        ``(frames,)`` float64 presentation times from the first frame, or None.
    codec
        None for uncoded movies.
    notices
        What the user should know: "colour frames were turned into luminance".

    Reading is safe from several threads.
    """

    path: Path | None
    shape: tuple[int, int, int]
    dtype: np.dtype[np.generic]
    bit_depth: int
    format_name: str
    pixel_size_nm: float | None = None
    timestamps_s: NDArray[np.float64] | None = None
    codec: CodecFacts | None = None
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name if self.path is not None else "movie in memory"

    @property
    def frame_rate_hz(self) -> float | None:
        """Frame rate from the timestamps, pauses and dropped frames left aside."""
        if self.timestamps_s is None or self.timestamps_s.size < 2:
            return None
        steps = np.diff(self.timestamps_s)
        # the mean of ordinary steps: Matroska rounds each time to a millisecond, so that
        # the median alone can be 1 % off
        ordinary = steps[np.abs(steps - np.median(steps)) <= 0.5 * np.median(steps)]
        step = float(ordinary.mean()) if ordinary.size else 0.0
        return 1.0 / step if step > 0 else None

    @abstractmethod
    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive) with their codec facts.

        Raises
        ------
        MovieError
            The file cannot be read there; the message says which frames can.
        ValueError
            The range lies outside the movie.
        """

    def check_range(self, start: int, stop: int) -> None:
        """Refuse a range outside the movie.

        Raises
        ------
        ValueError
            Unless ``0 <= start <= stop <= frames``.
        """
        if not 0 <= start <= stop <= self.shape[0]:
            raise ValueError(
                f"frames {start}:{stop} lie outside the movie of {self.shape[0]} frames"
            )

    def read(self, start: int, stop: int) -> NDArray[np.generic]:
        """Frames ``start`` to ``stop`` (exclusive) as ``(n, height, width)``."""
        return self.read_chunk(start, stop).frames

    @abstractmethod
    def fingerprint(self) -> str:
        """A short hash that tells this movie from another or a changed one.

        Cheap (size plus head and tail of the file), stable between runs and machines.
        """

    def chunk_starts(self, start: int, stop: int, frames_per_chunk: int) -> list[int]:
        """Where to cut ``start`` to ``stop`` so that chunks begin at key frames.

        Chunks are at most ``frames_per_chunk`` long; a cut falls on a key frame where
        one lies within the second half of a chunk, otherwise at full length.
        """
        starts = [start]
        keys = (
            np.flatnonzero(self.codec.key_frames)
            if self.codec is not None
            else np.zeros(0, dtype=np.int64)
        )
        while stop - starts[-1] > frames_per_chunk:
            here = starts[-1]
            near = keys[(keys > here + frames_per_chunk // 2) & (keys <= here + frames_per_chunk)]
            starts.append(int(near[-1]) if near.size else here + frames_per_chunk)
        return starts

    def close(self) -> None:  # noqa: B027 - most movies hold nothing open
        """Release file handles; reading afterwards opens them again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
