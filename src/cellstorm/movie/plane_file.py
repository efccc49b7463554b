"""Equally large uncompressed planes at known places of one or several files."""

import itertools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

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
        self._lock = threading.Lock()
        self._files: dict[int, BinaryIO] = {}

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
        flat = out.reshape(planes.size, -1).view(np.uint8)
        files, offsets = self._file_of_plane[planes], self._offsets[planes]
        follows = (np.diff(offsets) == self.plane_bytes) & (np.diff(files) == 0)
        starts = np.concatenate([[0], np.flatnonzero(~follows) + 1, [planes.size]])
        for first, last in itertools.pairwise(starts):
            self._read_into(int(files[first]), int(offsets[first]), flat[first:last])
        return out

    def close(self) -> None:
        """Close the files; reading opens them again."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_lock"], state["_files"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._files = {}

    def _read_into(self, number: int, offset: int, target: NDArray[np.uint8]) -> None:
        path = self.paths[number]
        # a shared file position needs a lock; the read itself is one system call
        with self._lock:
            try:
                file = self._files.get(number)
                if file is None:
                    # few open at a time: a set may have thousands of files
                    if len(self._files) >= 8:
                        self._files.pop(next(iter(self._files))).close()
                    file = self._files[number] = path.open("rb", buffering=0)
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


def _read_fully(file: BinaryIO, target: NDArray[np.uint8]) -> int:
    view = memoryview(target.data).cast("B")
    done = 0
    # one call reads 2 GiB at most on Linux
    while done < len(view):
        count = file.readinto(view[done:])  # type: ignore[attr-defined]
        if not count:
            break
        done += count
    return done
