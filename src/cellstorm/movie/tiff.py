"""TIFF stacks: plain, OME, BigTIFF, ImageJ hyperstacks, MicroManager sets."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
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
from cellstorm.movie.plane_file import PlaneFiles
from cellstorm.movie.stack_axes import stack_axes
from cellstorm.movie.tiff_pixel_size import tiff_pixel_size_nm
from cellstorm.movie.tiff_series import (
    DAMAGED_TODO,
    TiffStack,
    chain_is_cut,
    opened_tiff,
    page_is_whole,
    quiet_tifffile,
)
from cellstorm.movie.truncation import truncated_file, truncation_notice

__all__ = ["TiffMovie"]


class TiffMovie(Movie):
    """A TIFF file, or a set of files that refer to each other, read page by page.

    Uncompressed pages are read straight from their place in the file; compressed ones
    are decompressed one by one.

    Parameters
    ----------
    path
        The file; any file of an OME or MicroManager set opens the whole set.

    Raises
    ------
    MovieError
        A damaged or truncated directory, no pictures, several channels, or values
        that are no grey values.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        with opened_tiff(path) as (tif, stack):
            axes = stack_axes(stack.axes, stack.shape, path)
            self._axes = axes
            self.dtype = grey_dtype(stack.dtype, path)
            self.bit_depth = min(
                int(np.max(tif.pages.first.bitspersample)), grey_bits(np.dtype(stack.dtype))
            )
            self.pixel_size_nm = tiff_pixel_size_nm(tif)
            self.format_name = _format_name(tif, stack)
            is_cut = chain_is_cut(tif)
            self._planes, whole, missing = self._locate(tif, stack)
            # only compressed pages still need tifffile, which remembers every page
            self._tif = tif if self._planes is None else None
            # tifffile opens and closes the files of a set behind our back
            self._one_by_one: contextlib.AbstractContextManager[Any] = (
                threading.Lock() if stack.is_set else contextlib.nullcontext()
            )
        self._lock = threading.Lock()
        self._readers = 0
        notices = [*stack.notices, *axes.notices]
        whole_frames: NDArray[np.bool_] = np.all(whole[axes.planes], axis=1)
        self._missing_file: NDArray[np.bool_] = (
            np.zeros(whole_frames.size, dtype=np.bool_)
            if is_cut
            else np.any(missing[axes.planes], axis=1)
        )
        lost = np.flatnonzero(~whole_frames & ~self._missing_file)
        announced = whole_frames.size
        if is_cut and not lost.size:
            # how many frames the lost directories described is unknown: one at least
            announced += 1
            lost = np.array([announced - 1])
        self._readable = int(lost[0]) if lost.size else announced
        if self._readable < announced:
            notices.append(truncation_notice(self._readable, announced))
        self.shape = (announced, axes.height, axes.width)
        self.notices = tuple(notices)

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        if stop > self._readable:
            raise truncated_file("TIFF", self.path, self._readable, self.shape[0])
        gone = np.flatnonzero(self._missing_file[start:stop])
        if gone.size:
            raise MovieError(
                f"frame {start + int(gone[0])} (counted from 0) lies in a file of this set"
                " that is missing.",
                where=self.path,
                todo="Put all files of the recording into one folder, under their own names.",
            )
        planes = self._axes.planes[start:stop]
        stored = self._read_planes(planes.ravel(), start)
        frames = as_grey_dtype(self._grey(stored, planes.shape), self.dtype)
        require_grey_values(frames, start, self.path)
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the file's size, head and tail (of each file of a set)."""
        return fingerprint_of_files(self._planes.paths if self._planes else [self.path])

    def __reduce__(self) -> tuple[type["TiffMovie"], tuple[Path]]:
        return TiffMovie, (self.path,)

    def _locate(
        self, tif: tifffile.TiffFile, stack: TiffStack
    ) -> tuple[PlaneFiles | None, NDArray[np.bool_], NDArray[np.bool_]]:
        """Find each plane; which ones are whole, which ones have no page at all."""
        axes, count, pages = self._axes, self._axes.planes.size, stack.pages
        self._plane_shape = stack.shape[len(stack.shape) - (3 if axes.samples > 1 else 2) :]
        if stack.is_final and stack.data_offset is not None:
            # ImageJ writes one directory for a stack of more than 4 GB
            plane_bytes = int(np.prod(self._plane_shape)) * stack.dtype.itemsize
            paths = [Path(tif.filehandle.path)]
            offsets = stack.data_offset + plane_bytes * np.arange(count, dtype=np.int64)
            files = np.zeros(count, dtype=np.intp)
            missing = np.zeros(count, dtype=np.bool_)
        elif stack.is_final and len(pages) == count:
            names = ["" if page is None else page.parent.filehandle.path for page in pages]
            numbers = {name: k for k, name in enumerate(dict.fromkeys(filter(None, names)))}
            paths = [Path(name) for name in numbers]
            offsets = np.array(
                [0 if page is None else page.dataoffsets[0] for page in pages], dtype=np.int64
            )
            files = np.array([numbers.get(name, 0) for name in names], dtype=np.intp)
            missing = np.array([page is None for page in pages])
        elif pages and count % len(pages) == 0:
            self._pages = pages
            self._planes_per_page = count // len(pages)
            missing = np.repeat([page is None for page in pages], self._planes_per_page)
            whole = np.repeat([page_is_whole(page) for page in pages], self._planes_per_page)
            return None, whole, missing
        else:
            raise MovieError(
                f"the file has {len(pages)} pages for {count} pictures.",
                where=self.path,
                todo=DAMAGED_TODO,
            )
        planes = PlaneFiles(paths, files, offsets, self._plane_shape, stack.dtype)
        return planes, planes.is_whole() & ~missing, missing

    def _read_planes(self, planes: NDArray[np.intp], start: int) -> NDArray[Any]:
        if self._planes is not None:
            return self._planes.read(planes)
        out = np.empty((planes.size, *self._plane_shape), dtype=self._pages[0].dtype)
        with self._open_file():
            for row, plane in enumerate(planes.tolist()):
                page, within = divmod(plane, self._planes_per_page)
                try:
                    with self._one_by_one:
                        values = self._pages[page].asarray()
                except Exception as error:
                    # each of the many codecs raises its own kind
                    frame = start + row // self._axes.planes.shape[1]
                    raise MovieError(
                        f"frame {frame} (counted from 0) cannot be decompressed: the file is"
                        " damaged.",
                        where=self.path,
                        todo=f"The frames before it may be readable: try --frames 0:{frame}.",
                    ) from error
                out[row] = values.reshape(self._planes_per_page, *self._plane_shape)[within]
        return out

    @contextlib.contextmanager
    def _open_file(self) -> Iterator[None]:
        """Keep the file open while anyone reads from it."""
        assert self._tif is not None
        with self._lock:
            if not self._readers:
                self._tif.filehandle.open()
                self._tif.filehandle.set_lock(True)
            self._readers += 1
        try:
            with quiet_tifffile():
                yield
        finally:
            with self._lock:
                self._readers -= 1
                if not self._readers:
                    self._tif.filehandle.close()

    def _grey(self, stored: NDArray[Any], planes: tuple[int, ...]) -> NDArray[Any]:
        axes = self._axes
        if axes.samples > 1:
            channels = np.moveaxis(stored, 1 if axes.samples_first else -1, 0)
            return luminance(*channels[:3])
        if planes[1] == 3:
            colours = stored.reshape(planes[0], 3, axes.height, axes.width)
            return luminance(*(colours[:, channel] for channel in range(3)))
        return stored


def _format_name(tif: tifffile.TiffFile, stack: TiffStack) -> str:
    name = {"ome": "OME-TIFF", "imagej": "ImageJ TIFF"}.get(stack.kind, "TIFF")
    if tif.is_micromanager:
        name = f"MicroManager {name}"
    if tif.is_bigtiff:
        name = f"{name} (BigTIFF)"
    return f"{name} set of several files" if stack.is_set else name
