"""Pictures as OME-Zarr: a folder of the picture at halved sizes, in chunks.

Version 0.4 of the format (on Zarr 2; Moore et al. 2021), which Fiji, napari, QuPath and web
viewers read. Sizes and places are in nanometres from the movie's corner, those of the
centres of the pixels: a points layer in nm lies on the picture.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.atomic_folder import atomic_folder
from cellstorm.render.contrast import Contrast
from cellstorm.render.grid import Grid
from cellstorm.render.picture import Picture
from cellstorm.render.pyramid import halve, halved_shapes
from cellstorm.render.rendering import Tile
from cellstorm.render.replacing import is_picture_zarr

if TYPE_CHECKING:
    import zarr

__all__ = ["is_ome_zarr", "save_ome_zarr", "save_ome_zarr_tiles"]

ENDING = ".zarr"
CHUNK_PX = 512
_VERSION = "0.4"
_CHANNELS = (("red", "FF0000"), ("green", "00FF00"), ("blue", "0000FF"))
_MOST_PIXELS_SEEN = 2**24


def is_ome_zarr(path: Path) -> bool:
    """Whether the name asks for OME-Zarr."""
    return path.name.lower().endswith(ENDING)


def save_ome_zarr(
    picture: Picture, values: NDArray[Any], path: Path, *, label: str, description: str = ""
) -> None:
    """Write a picture that is in memory.

    Parameters
    ----------
    picture
        For its pixel and origin.
    values
        What is written: ``(y, x)`` float32 or uint16, or ``(y, x, 3)`` uint8, which becomes
        three channels.
    path
        A picture of this name is replaced when the new one is whole, anything else is not.
    label, description
        Name of the image, and what its values are.

    Raises
    ------
    OutputError
        The folder cannot be written, or something else has its name.
    """
    import zarr

    coloured = values.ndim == 3
    with atomic_folder(path, is_picture_zarr) as temporary:
        group = zarr.open_group(temporary, mode="w", zarr_format=2)
        shapes = [values.shape[:2], *halved_shapes(*values.shape[:2])]
        for level, shape in enumerate(shapes):
            if level:
                values = halve(values)
            array = _create(group, level, (len(_CHANNELS), *shape) if coloured else shape, values)
            array[...] = np.moveaxis(values, -1, 0) if coloured else values
        _describe(group, picture.pixel_nm, picture.origin_nm, len(shapes), label, description)


def save_ome_zarr_tiles(tiles: Iterable[Tile], grid: Grid, path: Path, *, label: str) -> None:
    """Write a picture tile by tile as it is drawn, then the halved ones block by block.

    Memory is that of some tiles.

    Parameters
    ----------
    tiles
        Of 512 pixels or a part of that, float32.
    grid
        The pixels of the picture.
    path, label
        As in `save_ome_zarr`.

    Raises
    ------
    OutputError
        The folder cannot be written, or something else has its name.
    """
    import zarr

    with atomic_folder(path, is_picture_zarr) as temporary:
        group = zarr.open_group(temporary, mode="w", zarr_format=2)
        size = (grid.height_px, grid.width_px)
        shapes = [size, *halved_shapes(*size)]
        empty = np.empty((0, 0), dtype=np.float32)
        array = _create(group, 0, size, empty)
        for tile in tiles:
            rows, columns = tile.values.shape
            array[tile.row : tile.row + rows, tile.column : tile.column + columns] = tile.values
        for level, shape in enumerate(shapes[1:], start=1):
            smaller = _create(group, level, shape, empty)
            _halve_blocks(array, smaller)
            array = smaller
        _describe(group, grid.pixel_nm, grid.origin_nm, len(shapes), label, "")


def _create(
    group: "zarr.Group", level: int, shape: tuple[int, ...], like: NDArray[Any]
) -> "zarr.Array[Any]":
    planes = (1,) * (len(shape) - 2)
    return group.create_array(
        str(level),
        shape=shape,
        chunks=(*planes, min(CHUNK_PX, shape[-2]), min(CHUNK_PX, shape[-1])),
        dtype=like.dtype,
        fill_value=0,
        # chunks in folders, as the format asks for
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )


def _halve_blocks(larger: "zarr.Array[Any]", smaller: "zarr.Array[Any]") -> None:
    """One block gives one chunk."""
    height, width = smaller.shape
    for row in range(0, height, CHUNK_PX):
        for column in range(0, width, CHUNK_PX):
            rows, columns = min(CHUNK_PX, height - row), min(CHUNK_PX, width - column)
            block = np.asarray(
                larger[2 * row : 2 * (row + rows), 2 * column : 2 * (column + columns)]
            )
            smaller[row : row + rows, column : column + columns] = halve(block)


def _describe(
    group: "zarr.Group",
    pixel_nm: float | None,
    origin_nm: tuple[float, float],
    levels: int,
    label: str,
    description: str,
) -> None:
    coloured = group["0"].ndim == 3  # type: ignore[union-attr]
    unit = {} if pixel_nm is None else {"unit": "nanometer"}
    axes: list[dict[str, str]] = [{"name": name, "type": "space"} | unit for name in "yx"]
    if coloured:
        axes.insert(0, {"name": "c", "type": "channel"})
    group.attrs["multiscales"] = [
        {
            "version": _VERSION,
            "name": label,
            "axes": axes,
            "datasets": [
                {
                    "path": str(level),
                    "coordinateTransformations": _places(pixel_nm, origin_nm, level, coloured),
                }
                for level in range(levels)
            ],
            "type": "mean",
            "metadata": {"description": description, "software": "cellstorm"},
        }
    ]
    group.attrs["omero"] = {
        "name": label,
        "version": _VERSION,
        "channels": [
            {
                "label": name,
                "color": colour,
                "active": True,
                "coefficient": 1.0,
                "family": "linear",
                "inverted": False,
                "window": window,
            }
            for name, colour, window in _shown(group, levels, coloured, label)
        ],
        "rdefs": {"defaultT": 0, "defaultZ": 0, "model": "color" if coloured else "greyscale"},
    }


def _places(
    pixel_nm: float | None, origin_nm: tuple[float, float], level: int, coloured: bool
) -> list[dict[str, Any]]:
    step = (1.0 if pixel_nm is None else pixel_nm) * 2**level
    x_nm, y_nm = origin_nm
    front = [1.0] if coloured else []
    before = [0.0] if coloured else []
    return [
        {"type": "scale", "scale": [*front, step, step]},
        {"type": "translation", "translation": [*before, y_nm + step / 2, x_nm + step / 2]},
    ]


def _shown(
    group: "zarr.Group", levels: int, coloured: bool, label: str
) -> list[tuple[str, str, dict[str, float]]]:
    """For each channel its name, colour and range of values."""
    if coloured:
        window = {"start": 0.0, "end": 255.0, "min": 0.0, "max": 255.0}
        return [(name, colour, window) for name, colour in _CHANNELS]
    arrays: list[Any] = [group[str(level)] for level in range(levels)]
    seen = next((item for item in arrays if item.size <= _MOST_PIXELS_SEEN), arrays[-1])
    values = np.asarray(seen[...])
    white = Contrast().levels(Picture(values.astype(np.float32), None)).white
    brightest = max(white, float(values.max(initial=0)))
    window = {"start": 0.0, "end": white, "min": 0.0, "max": brightest}
    return [(label, "FFFFFF", window)]
