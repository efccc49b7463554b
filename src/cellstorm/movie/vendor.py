"""Camera makers' formats, read by the packages that know them (extra ``vendor``)."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.fingerprint import fingerprint_of_files
from cellstorm.movie.grey import (
    as_grey_dtype,
    grey_bits,
    grey_dtype,
    luminance,
    require_grey_values,
)
from cellstorm.movie.length import length_nm
from cellstorm.movie.stack_axes import stack_axes
from cellstorm.movie.truncation import truncated_file, truncation_notice

__all__ = ["VendorMovie", "open_nd2", "open_spe"]

ReadPlane = Callable[[int], NDArray[Any]]


class VendorMovie(Movie):
    """A movie whose planes another package reads, one at a time.

    Parameters
    ----------
    path
        The file.
    open_planes
        A context in which ``read_plane(k)`` gives the k-th plane as stored; each reading
        thread opens its own.
    axes, shape
        Letters and lengths of the whole stack's axes, planes last.
    readable_frames
        Frames that are whole.
    dtype, bit_depth, format_name, pixel_size_nm
        See `Movie`.
    reopen
        Opens the same file in another process.

    Raises
    ------
    MovieError
        Several channels, or values that are no grey values.
    """

    def __init__(
        self,
        path: Path,
        *,
        open_planes: Callable[[], AbstractContextManager[ReadPlane]],
        axes: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        bit_depth: int,
        format_name: str,
        pixel_size_nm: float | None,
        reopen: Callable[[Path], Movie],
        readable_frames: int | None = None,
    ) -> None:
        self.path: Path = path
        self._axes = stack_axes(axes, shape, path)
        self._open_planes = open_planes
        self._reopen = reopen
        self.shape = (self._axes.planes.shape[0], self._axes.height, self._axes.width)
        self.dtype = grey_dtype(dtype, path)
        self.bit_depth = bit_depth
        self.format_name = format_name
        self.pixel_size_nm = pixel_size_nm
        self.notices = self._axes.notices
        self._readable = self.shape[0] if readable_frames is None else readable_frames
        if self._readable < self.shape[0]:
            self.notices += (truncation_notice(self._readable, self.shape[0]),)

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        if stop > self._readable:
            raise truncated_file("file", self.path, self._readable, self.shape[0])
        frames = np.empty((stop - start, *self.shape[1:]), dtype=self.dtype)
        row = 0
        try:
            with self._open_planes() as read_plane:
                for row, planes in enumerate(self._axes.planes[start:stop].tolist()):
                    frames[row] = self._grey([read_plane(plane) for plane in planes])
        except Exception as error:
            # whatever the package raises on damage
            frame = start + row
            raise MovieError(
                f"frame {frame} (counted from 0) cannot be read: the file is damaged.",
                where=self.path,
                todo=f"The frames before it may be readable: try --frames 0:{frame}.",
            ) from error
        require_grey_values(frames, start, self.path)
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the file's size, head and tail."""
        return fingerprint_of_files([self.path])

    def __reduce__(self) -> tuple[Callable[[Path], Movie], tuple[Path]]:
        return self._reopen, (self.path,)

    def _grey(self, planes: list[NDArray[Any]]) -> NDArray[np.generic]:
        if self._axes.samples > 1:
            colours = np.moveaxis(planes[0], 0 if self._axes.samples_first else -1, 0)
            planes = [luminance(colours[0], colours[1], colours[2])]
        elif len(planes) == 3:
            planes = [luminance(planes[0], planes[1], planes[2])]
        return as_grey_dtype(planes[0], self.dtype)


def open_nd2(path: Path) -> Movie:
    """Open a Nikon ND2 through the ``nd2`` package.

    Raises
    ------
    MovieError
        The package is missing, the file is damaged, or has several channels.
    """
    try:
        import nd2
    except ImportError as error:
        raise _missing(path, "ND2", "nd2") from error
    try:
        with nd2.ND2File(path) as file:
            sizes = {axis: size for axis, size in file.sizes.items() if size > 0}
            dtype = np.dtype(file.dtype)
            bits = int(file.attributes.bitsPerComponentSignificant or grey_bits(dtype))
            pixel_size_nm = length_nm(file.voxel_size().x, "um")
    except Exception as error:
        # the package raises whatever it meets
        raise _damaged(path, "ND2") from error

    # within a frame nd2 keeps all channels: one plane is (C, y, x, S) without the ones
    channels = sizes.pop("C", 1)
    order = [axis for axis in sizes if axis not in "YXS"]
    trailing = [axis for axis in "YXS" if sizes.get(axis, 1) > 1 or axis in "YX"]
    axes = "".join([*(axis[0] for axis in order), "C", *trailing])
    shape = (*(sizes[axis] for axis in order), channels, *(sizes[axis] for axis in trailing))
    plane_shape = tuple(sizes[axis] for axis in trailing)

    @contextlib.contextmanager
    def open_planes() -> Iterator[ReadPlane]:
        with nd2.ND2File(path) as file:

            def read_plane(plane: int) -> NDArray[Any]:
                frame, channel = divmod(plane, channels)
                whole = np.asarray(file.read_frame(frame)).reshape(channels, *plane_shape)
                return np.asarray(whole[channel])

            yield read_plane

    return VendorMovie(
        path,
        open_planes=open_planes,
        axes=axes,
        shape=shape,
        dtype=dtype,
        bit_depth=bits,
        format_name="Nikon ND2",
        pixel_size_nm=pixel_size_nm,
        reopen=open_nd2,
    )


def open_spe(path: Path) -> Movie:
    """Open a Princeton Instruments SPE (versions 2 and 3) through ``imageio``.

    Raises
    ------
    MovieError
        The package is missing, or the file is damaged.
    """
    try:
        from imageio.plugins.spe import SpePlugin
        from imageio.v3 import imopen
    except ImportError as error:
        raise _missing(path, "SPE", "imageio") from error
    try:
        with warnings.catch_warnings():
            # the plugin's remark that header and size disagree is ours to make
            warnings.simplefilter("ignore")
            # imageio's annotation forgets that an ellipsis means the whole file
            every: Any = ...
            with imopen(path, "r", plugin=SpePlugin) as file:
                stored = file.properties(index=every)
            with imopen(path, "r", plugin=SpePlugin, check_filesize=False) as file:
                frames = int(file.properties(index=every).n_images or 0)
    except Exception as error:
        raise _damaged(path, "SPE") from error

    @contextlib.contextmanager
    def open_planes() -> Iterator[ReadPlane]:
        with imopen(path, "r", plugin=SpePlugin, check_filesize=False) as file:
            yield lambda plane: np.asarray(file.read(index=plane))

    readable = max(0, int(stored.n_images or 0))
    if readable == 0:
        raise truncated_file("SPE", path, 0, max(frames, 1))
    dtype = np.dtype(stored.dtype)
    return VendorMovie(
        path,
        open_planes=open_planes,
        axes="TYX",
        shape=(max(frames, readable), *stored.shape[-2:]),
        dtype=dtype,
        bit_depth=grey_bits(dtype),
        format_name="Princeton Instruments SPE",
        pixel_size_nm=None,
        reopen=open_spe,
        readable_frames=readable,
    )


def _missing(path: Path, kind: str, package: str) -> MovieError:
    return MovieError(
        f"{kind} files are read by the package {package}, which is not installed.",
        where=path,
        todo='Install it with: pip install "cellstorm[vendor]"',
    )


def _damaged(path: Path, kind: str) -> MovieError:
    return MovieError(
        f"this is not a readable {kind} file: it is damaged or truncated.",
        where=path,
        todo="Copy it again from where it was recorded, or export it as TIFF.",
    )
