"""Equally large uncompressed planes at known places of one or several files."""

import itertools
from collections.abc import Sequence
from io import RawIOBase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import MovieError

__all__ = ["PlaneFiles"]


class PlaneFiles:
    """Reads planes by number; nothing is mapped, so that memory stays with the reader.

    Parameters
    ----------
    paths
        The files.
    file_of_plane
        ``(planes,)`` index into ``paths``.
    offsets
        ``(planes,)`` byte where each plane begins.
    shape, dtype
        Of one plane, as stored.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        file_of_plane: NDArray[np.intp],
        offsets: NDArray[np.int64],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        self.paths = tuple(paths)
        self._file_of_plane = file_of_plane
        self._offsets = offsets
        self._shape = shape
        self._dtype = dtype
        self.plane_bytes = int(np.prod(shape)) * dtype.itemsize

    def is_whole(self) -> NDArray[np.bool_]:
        """``(planes,)``: which planes lie within their file."""
        sizes = np.array([path.stat().st_size for path in self.paths], dtype=np.int64)
        whole: NDArray[np.bool_] = self._offsets + self.plane_bytes <= sizes[self._file_of_plane]
        return whole

    def read(self, planes: NDArray[np.intp]) -> NDArray[Any]:
        """Planes by number, in one read where they follow each other in a file.

        Returns
        -------
        NDArray
            ``(planes, *shape)``, the dtype as stored.

        Raises
        ------
        MovieError
            A file is shorter than it was, or gone.
        """
        out = np.empty((planes.size, *self._shape), dtype=self._dtype)
        if not planes.size:
            return out
        flat = out.reshape(planes.size, -1).view(np.uint8)
        files, offsets = self._file_of_plane[planes], self._offsets[planes]
        follows = (np.diff(offsets) == self.plane_bytes) & (np.diff(files) == 0)
        starts = np.concatenate([[0], np.flatnonzero(~follows) + 1, [planes.size]])
        for first, last in itertools.pairwise(starts):
            self._read_into(self.paths[files[first]], int(offsets[first]), flat[first:last])
        return out

    def _read_into(self, path: Path, offset: int, target: NDArray[np.uint8]) -> None:
        # a file of one's own for each read: threads need not wait for each other, and
        # nothing stays open of a set of thousands of files
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(offset)
                count = _read_fully(file, target)
        except OSError as error:
            raise MovieError(f"cannot be read ({error.strerror}).", where=path) from error
        if count < target.nbytes:
            raise MovieError(
                "the file became shorter while it was being read.",
                where=path,
                todo="Run again when nothing writes to it any more.",
            )


def _read_fully(file: RawIOBase, target: NDArray[np.uint8]) -> int:
    view = memoryview(target.data).cast("B")
    done = 0
    # one call reads 2 GiB at most on Linux
    while done < len(view):
        count = file.readinto(view[done:])
        if not count:
            break
        done += count
    return done
