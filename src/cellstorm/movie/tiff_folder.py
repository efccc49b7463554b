"""A folder of numbered TIFF files as one movie."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.fingerprint import fingerprint_of_bytes, fingerprint_of_files
from cellstorm.movie.tiff import TiffMovie
from cellstorm.movie.tiff_series import opened_tiff

__all__ = ["TiffFolderMovie", "open_tiff_folder"]


class TiffFolderMovie(Movie):
    """A folder of numbered TIFFs, one after the other in the order of their numbers.

    Parameters
    ----------
    folder
        The folder.
    paths
        Its TIFF files in order.

    Raises
    ------
    MovieError
        The first or the last file cannot be opened, or they differ in size or dtype.
    """

    def __init__(self, folder: Path, paths: Sequence[Path]) -> None:
        self.path: Path = folder
        self._paths = tuple(paths)
        first, last = TiffMovie(paths[0]), TiffMovie(paths[-1])
        if first.shape[0] == last.shape[0] == 1:
            # thousands of single frames: each is opened when it is read
            counts = [1] * len(paths)
        else:
            counts = [TiffMovie(path).shape[0] for path in paths]
        self._starts = np.concatenate([[0], np.cumsum(counts)]).tolist()
        self.shape = (self._starts[-1], *first.shape[1:])
        self.dtype, self.bit_depth = first.dtype, first.bit_depth
        self.pixel_size_nm = first.pixel_size_nm
        self.format_name = f"folder of {len(paths)} TIFF files"
        self.notices = first.notices
        self._check(last)

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        frames = np.empty((stop - start, *self.shape[1:]), dtype=self.dtype)
        here = start
        while here < stop:
            number = bisect_right(self._starts, here) - 1
            begin, end = self._starts[number], min(stop, self._starts[number + 1])
            with TiffMovie(self._paths[number]) as part:
                self._check(part)
                frames[here - start : end - start] = part.read(here - begin, end - begin)
            here = end
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the first and last file and of all sizes."""
        sizes = " ".join(str(path.stat().st_size) for path in self._paths)
        ends = fingerprint_of_files([self._paths[0], self._paths[-1]])
        return fingerprint_of_bytes([sizes.encode(), ends.encode()])

    def _check(self, part: TiffMovie) -> None:
        if part.shape[1:] != self.shape[1:] or part.dtype != self.dtype:
            height, width = part.shape[1:]
            raise MovieError(
                f"this file has {width} x {height} px of {part.dtype}, the first one of the"
                f" folder {self.shape[2]} x {self.shape[1]} px of {self.dtype}.",
                where=part.path,
                todo="Keep the files of one recording in a folder of their own.",
            )


def open_tiff_folder(folder: Path) -> Movie | None:
    """Open a folder of TIFF files; None if there are none in it.

    A folder that holds one OME or MicroManager set opens as that set.
    """
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in (".tif", ".tiff") and not path.name.startswith(".")
    ]
    if not paths:
        return None
    paths.sort(key=_by_number)
    if len(paths) == 1:
        return TiffMovie(paths[0])
    with opened_tiff(paths[0]) as (_, stack):
        is_set = stack.is_set
    return TiffMovie(paths[0]) if is_set else TiffFolderMovie(folder, paths)


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that puts frame_10 after frame_9."""
    parts = re.split(r"(\d+)", path.stem)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in parts]
