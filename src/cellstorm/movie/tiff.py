"""TIFF stacks: plain, OME, BigTIFF, ImageJ hyperstacks, MicroManager sets."""

import contextlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.fingerprint import fingerprint_of_files
from cellstorm.movie.grey import as_grey_dtype, grey_dtype, luminance, require_finite
from cellstorm.movie.plane_file import PlaneFiles
from cellstorm.movie.stack_axes import stack_axes
from cellstorm.movie.tiff_pixel_size import tiff_pixel_size_nm
from cellstorm.movie.tiff_series import (
    DAMAGED_TODO,
    chain_is_cut,
    largest_series,
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
        self._opened_by: Path = path
        with quiet_tifffile():
            tif, series = largest_series(path)
            self._lock: contextlib.AbstractContextManager[Any] = (
                threading.Lock() if series.is_multifile else contextlib.nullcontext()
            )
            notices: list[str] = []
            if len(tif.series) > 1:
                notices.append(
                    f"The file holds {len(tif.series)} image series; the largest one was taken."
                )
            axes = stack_axes(series.axes, tuple(series.shape), path)
            self._axes = axes
            notices += axes.notices
            self.dtype = grey_dtype(np.dtype(series.dtype), path)
            self.bit_depth = _bit_depth(series)
            self.pixel_size_nm = tiff_pixel_size_nm(tif)
            self.format_name = _format_name(tif, series)
            is_cut = chain_is_cut(tif)
            self._planes, whole, missing = self._locate(tif, series)
            if self._planes is not None:
                tif.close()
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
        require_finite(frames, start, self.path)
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the file's size, head and tail (of each file of a set)."""
        return fingerprint_of_files(self._planes.paths if self._planes else [self.path])

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        if self._planes is not None:
            self._planes.close()
        else:
            self._tif.close()

    def __reduce__(self) -> tuple[type["TiffMovie"], tuple[Path]]:
        return TiffMovie, (self._opened_by,)

    def _locate(
        self, tif: tifffile.TiffFile, series: tifffile.TiffPageSeries
    ) -> tuple[PlaneFiles | None, NDArray[np.bool_], NDArray[np.bool_]]:
        """Find each plane; which ones are whole, which ones have no page at all."""
        axes, count = self._axes, self._axes.planes.size
        pages: list[Any] = list(series.pages)
        keyframe = series.keyframe
        plane_shape = tuple(series.shape[len(series.shape) - (3 if axes.samples > 1 else 2) :])
        data_offset = series.dataoffset if len(pages) < count else None
        if keyframe.is_final and (data_offset is not None or len(pages) == count):
            dtype = np.dtype(series.dtype).newbyteorder(tif.byteorder)
            missing = np.zeros(count, dtype=np.bool_)
            if data_offset is not None:
                # ImageJ writes one directory for a stack of more than 4 GB
                plane_bytes = int(np.prod(plane_shape)) * dtype.itemsize
                paths = [Path(tif.filehandle.path)]
                offsets = data_offset + plane_bytes * np.arange(count, dtype=np.int64)
                files = np.zeros(count, dtype=np.intp)
            else:
                names = ["" if page is None else page.parent.filehandle.path for page in pages]
                numbers = {name: k for k, name in enumerate(dict.fromkeys(filter(None, names)))}
                paths = [Path(name) for name in numbers]
                offsets = np.array(
                    [0 if page is None else page.dataoffsets[0] for page in pages], dtype=np.int64
                )
                files = np.array([numbers.get(name, 0) for name in names], dtype=np.intp)
                missing = np.array([page is None for page in pages])
            planes = PlaneFiles(paths, files, offsets, plane_shape, dtype)
            return planes, planes.is_whole() & ~missing, missing
        if not pages or count % len(pages):
            raise MovieError(
                f"the file has {len(pages)} pages for {count} pictures.",
                where=self.path,
                todo=DAMAGED_TODO,
            )
        tif.filehandle.set_lock(True)
        self._tif, self._pages = tif, pages
        self._planes_per_page = count // len(pages)
        self._plane_shape = plane_shape
        missing = np.repeat([page is None for page in pages], self._planes_per_page)
        whole = np.repeat([page_is_whole(page) for page in pages], self._planes_per_page)
        return None, whole, missing

    def _read_planes(self, planes: NDArray[np.intp], start: int) -> NDArray[Any]:
        if self._planes is not None:
            return self._planes.read(planes)
        tif = self._tif
        out = np.empty((planes.size, *self._plane_shape), dtype=self._pages[0].dtype)
        for row, plane in enumerate(planes.tolist()):
            page, within = divmod(plane, self._planes_per_page)
            try:
                with self._lock, quiet_tifffile():
                    if tif.filehandle.closed:
                        tif.filehandle.open()
                    values = self._pages[page].asarray()
            except Exception as error:
                # each of the many codecs raises its own kind
                frame = start + row // self._axes.planes.shape[1]
                raise MovieError(
                    f"frame {frame} (counted from 0) cannot be decompressed: the file is damaged.",
                    where=self.path,
                    todo=f"The frames before it may be readable: try --frames 0:{frame}.",
                ) from error
            out[row] = values.reshape(self._planes_per_page, *self._plane_shape)[within]
        return out

    def _grey(self, stored: NDArray[Any], planes: tuple[int, ...]) -> NDArray[Any]:
        axes = self._axes
        if axes.samples > 1:
            channels = np.moveaxis(stored, 1 if axes.samples_first else -1, 0)
            return luminance(*channels[:3])
        if planes[1] == 3:
            colours = stored.reshape(planes[0], 3, axes.height, axes.width)
            return luminance(*(colours[:, channel] for channel in range(3)))
        return stored


def _bit_depth(series: tifffile.TiffPageSeries) -> int:
    return int(np.max(series.keyframe.bitspersample))


def _format_name(tif: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> str:
    name = {"ome": "OME-TIFF", "imagej": "ImageJ TIFF"}.get(series.kind, "TIFF")
    if tif.is_micromanager:
        name = f"MicroManager {name}"
    if tif.is_bigtiff:
        name = f"{name} (BigTIFF)"
    return f"{name} set of several files" if series.is_multifile else name
