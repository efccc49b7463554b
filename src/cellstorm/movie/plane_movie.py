"""Movies that are nothing but numbers in a file, described somewhere else."""

from pathlib import Path
from typing import Any

import numpy as np

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.fingerprint import fingerprint_of_files
from cellstorm.movie.grey import as_grey_dtype, grey_bits, grey_dtype, require_grey_values
from cellstorm.movie.plane_file import PlaneFiles
from cellstorm.movie.truncation import truncated_file, truncation_notice

__all__ = ["PlaneMovie"]


class PlaneMovie(Movie):
    """Frames stored one after the other without gaps, from the file's first byte on.

    Parameters
    ----------
    path
        The file.
    shape
        ``(frames, height, width)`` as described.
    dtype
        As stored, with byte order.
    kind
        What the file is called in messages, e.g. ``".dax"``.
    format_name
        For a person.
    pixel_size_nm
        Edge of a pixel in the sample, nm.
    source
        The file that described it, for messages.

    Raises
    ------
    MovieError
        The description says that there is nothing, or no whole frame is there.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        *,
        kind: str,
        format_name: str,
        pixel_size_nm: float | None = None,
        source: Path,
    ) -> None:
        frames, height, width = shape
        if min(shape) < 1:
            raise MovieError(
                f"it describes a movie of {frames} frames of {width} x {height} px,"
                " which is empty.",
                where=source,
                todo="Correct the description.",
            )
        self.path: Path = path
        self.shape = shape
        self.dtype = grey_dtype(dtype, path)
        self.bit_depth = grey_bits(dtype)
        self.format_name = format_name
        self.pixel_size_nm = pixel_size_nm
        self._kind = kind
        plane_bytes = height * width * dtype.itemsize
        stored = path.stat().st_size
        self._planes = PlaneFiles(
            [path],
            np.zeros(frames, dtype=np.intp),
            plane_bytes * np.arange(frames, dtype=np.int64),
            (height, width),
            dtype,
        )
        self._readable = min(frames, stored // plane_bytes)
        if self._readable == 0:
            raise truncated_file(kind, path, 0, frames)
        if self._readable < frames:
            self.notices = (truncation_notice(self._readable, frames),)
        elif stored > frames * plane_bytes:
            self.notices = (
                f"The file is larger than {source.name} says: {stored} bytes for"
                f" {frames * plane_bytes}. Check frames, width, height and data type there.",
            )

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        if stop > self._readable:
            raise truncated_file(self._kind, self.path, self._readable, self.shape[0])
        frames = as_grey_dtype(self._planes.read(np.arange(start, stop)), self.dtype)
        require_grey_values(frames, start, self.path)
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the file's size, head and tail."""
        return fingerprint_of_files([self.path])
