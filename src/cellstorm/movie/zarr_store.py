"""Zarr and OME-Zarr movies (format versions 2 and 3)."""

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.fingerprint import fingerprint_of_bytes
from cellstorm.movie.grey import (
    as_grey_dtype,
    grey_bits,
    grey_dtype,
    luminance,
    require_grey_values,
)
from cellstorm.movie.length import length_nm
from cellstorm.movie.stack_axes import stack_axes

__all__ = ["ZarrMovie"]

# What an array's axes are called when nothing says so; OME-Zarr's order is fixed.
_DEFAULT_AXES = {2: "YX", 3: "TYX", 4: "TZYX", 5: "TCZYX"}


class ZarrMovie(Movie):
    """A Zarr array, or the full-resolution image of an OME-Zarr.

    Parameters
    ----------
    path
        The folder (or a ``.zip`` of it); a folder inside a Zarr opens that part.

    Raises
    ------
    MovieError
        Nothing readable, several arrays, several channels, or values that are no
        grey values.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        try:
            store = zarr.storage.ZipStore(path, mode="r") if path.is_file() else path
            with warnings.catch_warnings():
                # zarr remarks on every stray file in the folder
                warnings.simplefilter("ignore")
                node = zarr.open(store, mode="r")
                array, axes, self.pixel_size_nm = _find_array(node, path)
        except MovieError:
            raise
        except Exception as error:
            # zarr's stores and codecs each raise their own kind
            raise MovieError(
                "this Zarr is damaged or of an unknown version.",
                where=path,
                todo="Copy the whole folder again from where it came from.",
            ) from error
        self._array: Any = array
        self._axes = stack_axes(axes, array.shape, path)
        self._leading = tuple(
            size for axis, size in zip(axes, array.shape, strict=True) if axis not in "YXS"
        )
        self.shape = (self._axes.planes.shape[0], self._axes.height, self._axes.width)
        self.dtype = grey_dtype(np.dtype(array.dtype), path)
        self.bit_depth = grey_bits(np.dtype(array.dtype))
        version = array.metadata.zarr_format
        is_ome = isinstance(node, zarr.Group) and bool(_multiscales(node))
        self.format_name = f"{'OME-Zarr' if is_ome else 'Zarr'} (version {version})"
        self.notices = self._axes.notices

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        axes = self._axes
        planes = axes.planes[start:stop]
        try:
            stored = self._planes(planes.ravel())
        except Exception as error:
            # zarr's stores and codecs each raise their own kind
            raise MovieError(
                f"frames {start} to {stop - 1} (counted from 0) cannot be read: a chunk of the"
                " Zarr is damaged.",
                where=self.path,
                todo="Copy the whole folder again from where it came from.",
            ) from error
        if axes.samples > 1:
            channels = np.moveaxis(stored, 1 if axes.samples_first else -1, 0)
            stored = luminance(channels[0], channels[1], channels[2])
        elif planes.shape[1] == 3:
            colours = stored.reshape(-1, 3, axes.height, axes.width)
            stored = luminance(colours[:, 0], colours[:, 1], colours[:, 2])
        frames = as_grey_dtype(stored, self.dtype)
        require_grey_values(frames, start, self.path)
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the metadata and of the first and last frame."""
        parts = [str(self._array.metadata.to_dict()).encode()]
        for frame in (0, self.shape[0] - 1):
            parts.append(hashlib.sha256(self._planes(self._axes.planes[frame]).tobytes()).digest())
        return fingerprint_of_bytes(parts)

    def __reduce__(self) -> tuple[type["ZarrMovie"], tuple[Path]]:
        return ZarrMovie, (self.path,)

    def _planes(self, planes: NDArray[np.intp]) -> NDArray[Any]:
        """Planes by number, in as few reads as their order allows."""
        if not self._leading:
            return np.asarray(self._array[...])[np.newaxis]
        positions = np.stack(np.unravel_index(planes, self._leading))
        if bool((positions[1:] == positions[1:, :1]).all()) and bool(
            (np.diff(positions[0]) == 1).all()
        ):
            first, last = int(positions[0, 0]), int(positions[0, -1]) + 1
            rest = tuple(int(value) for value in positions[1:, 0])
            return np.asarray(self._array[(slice(first, last), *rest)])
        return np.stack(
            [np.asarray(self._array[tuple(int(k) for k in position)]) for position in positions.T]
        )


def _multiscales(group: zarr.Group) -> list[Any]:
    """OME metadata of versions 0.4 (top level) and 0.5 (under "ome")."""
    attributes: dict[str, Any] = dict(group.attrs)
    return list((attributes.get("ome") or attributes).get("multiscales") or [])


def _find_array(node: Any, path: Path) -> tuple[zarr.Array[Any], str, float | None]:
    """The array with the frames, its axes, and the pixel size."""
    if isinstance(node, zarr.Array):
        return node, _default_axes(node, path), None
    scales = _multiscales(node)
    if scales:
        image = scales[0]
        dataset = image["datasets"][0]
        array = node[dataset["path"]]
        described = image.get("axes") or []
        names = [item["name"] if isinstance(item, dict) else item for item in described]
        axes = "".join(name[0].upper() for name in names) or _default_axes(array, path)
        if len(axes) != array.ndim or len(set(axes)) != len(axes):
            axes = _default_axes(array, path)
        unit = next(
            (
                item.get("unit")
                for item in described
                if isinstance(item, dict) and item["name"] == "x"
            ),
            None,
        )
        return array, axes, _pixel_size_nm(image, dataset, unit)
    arrays = [item for _, item in node.arrays()]
    if len(arrays) == 1:
        return arrays[0], _default_axes(arrays[0], path), None
    groups = dict(node.groups())
    # the layout of bioformats2raw: one group an image, "0" the first
    if not arrays and "0" in groups:
        return _find_array(groups["0"], path)
    raise MovieError(
        f"this Zarr group holds {len(arrays)} arrays and no OME metadata that names one.",
        where=path,
        todo="Give the folder of the array itself, inside this one.",
    )


def _default_axes(array: zarr.Array[Any], path: Path) -> str:
    dimensions = getattr(array.metadata, "dimension_names", None)
    names = [str(name)[:1].upper() for name in dimensions or [] if name]
    if len(names) == array.ndim and {"Y", "X"} <= set(names) and len(set(names)) == len(names):
        return "".join(names)
    axes = _DEFAULT_AXES.get(array.ndim)
    if axes is None:
        raise MovieError(
            f"an array of {array.ndim} dimensions is not a movie.",
            where=path,
            todo="Save it as (frames, height, width).",
        )
    return axes


def _pixel_size_nm(image: Any, dataset: Any, unit: str | None) -> float | None:
    """The x scale of the first dataset, times that of the whole image."""
    size = 1.0
    found = False
    for holder in (dataset, image):
        for transformation in holder.get("coordinateTransformations") or []:
            if transformation.get("type") == "scale":
                size *= float(transformation["scale"][-1])
                found = True
    return length_nm(size, unit) if found else None
