"""Movies in memory and in NumPy's own files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.fingerprint import fingerprint_of_bytes, fingerprint_of_files
from cellstorm.movie.grey import (
    as_grey_dtype,
    grey_bits,
    grey_dtype,
    luminance,
    require_grey_values,
)
from cellstorm.movie.stack_axes import COLOUR_NOTICE

__all__ = ["ArrayMovie", "open_npy", "open_npz"]


class ArrayMovie(Movie):
    """A movie whose frames are an array: in memory or a memory-mapped file.

    Parameters
    ----------
    array
        ``(frames, height, width)``; ``(height, width)`` is one frame and
        ``(frames, height, width, 3 or 4)`` becomes luminance.
    pixel_size_nm
        Edge of a pixel in the sample, nm.
    path
        The file it came from, for messages.
    format_name
        For a person.

    Raises
    ------
    MovieError
        Another number of axes, no frame or pixel at all, or values that are no grey
        values.
    """

    def __init__(
        self,
        array: ArrayLike,
        pixel_size_nm: float | None = None,
        *,
        path: Path | None = None,
        format_name: str = "array in memory",
    ) -> None:
        values: NDArray[Any] = array if isinstance(array, np.ndarray) else np.asarray(array)
        if values.ndim == 2:
            values = values[np.newaxis]
        self._is_colour = values.ndim == 4 and values.shape[-1] in (3, 4)
        if values.ndim != 3 and not self._is_colour:
            raise MovieError(
                f"an array of shape {values.shape} is not a movie.",
                where=path,
                todo="Give it as (frames, height, width).",
            )
        if 0 in values.shape:
            raise MovieError(
                f"the movie is empty: its shape is {values.shape}.",
                where=path,
                todo="Check how it was saved.",
            )
        self._array = values
        self.path = path
        self.shape = (int(values.shape[0]), int(values.shape[1]), int(values.shape[2]))
        self.dtype = grey_dtype(values.dtype, path)
        self.bit_depth = grey_bits(values.dtype)
        self.format_name = format_name
        self.pixel_size_nm = pixel_size_nm
        self.notices = (COLOUR_NOTICE,) if self._is_colour else ()

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        values = self._array[start:stop]
        if self._is_colour:
            values = luminance(values[..., 0], values[..., 1], values[..., 2])
        frames = as_grey_dtype(values, self.dtype)
        require_grey_values(frames, start, self.path)
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the file; of shape, dtype and all values for an array in memory."""
        if self.path is not None:
            return fingerprint_of_files([self.path])
        frames = self._array
        header = f"{frames.shape} {frames.dtype.str}".encode()
        return fingerprint_of_bytes(
            [header, *(np.ascontiguousarray(frame).tobytes() for frame in frames)]
        )


def open_npy(path: Path) -> ArrayMovie:
    """Open a ``.npy`` file without loading it.

    Raises
    ------
    MovieError
        The file is damaged, truncated, or holds no movie.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise MovieError(
            "the NumPy file is damaged, truncated, or holds Python objects.",
            where=path,
            todo="Save the frames again with numpy.save as (frames, height, width).",
        ) from error
    return ArrayMovie(array, path=path, format_name="NumPy array (.npy)")


def open_npz(path: Path) -> ArrayMovie:
    """Open a ``.npz`` archive that holds one array (it is loaded whole).

    Raises
    ------
    MovieError
        The archive is damaged, or holds no or several arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = list(archive.files)
            array = archive[names[0]] if len(names) == 1 else None
    except Exception as error:
        # zipfile's BadZipFile and zlib.error have no base class in common
        raise MovieError(
            "the NumPy archive is damaged or truncated.",
            where=path,
            todo="Save the frames again with numpy.savez as one array (frames, height, width).",
        ) from error
    if array is None:
        listing = ", ".join(names) or "none"
        raise MovieError(
            f"the archive holds {len(names)} arrays ({listing}); a movie is exactly one.",
            where=path,
            todo="Save the movie alone, as .npy or as a .npz of one array.",
        )
    return ArrayMovie(array, path=path, format_name="NumPy archive (.npz)")
