"""Pictures as OME-TIFF: the values in tiles, the pixel's size, and halved sizes.

The smaller sizes are SubIFDs of the picture, as OME-TIFF 6 has them; readers that know
nothing of them see the picture alone.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from cellstorm.atomic_file import atomic_file
from cellstorm.render.grid import Grid
from cellstorm.render.picture import Picture
from cellstorm.render.pyramid import halve, halved_shapes
from cellstorm.render.rendering import Tile

__all__ = ["is_ome_tiff", "save_ome_tiff", "save_ome_tiff_tiles"]

ENDINGS = (".ome.tif", ".ome.tiff")
TILE_PX = 512
_NM_PER_UM = 1e3
_NM_PER_CM = 1e7
# From a streamed picture of more, halved sizes would need as much memory as the picture
# that is streamed to save it.
_MOST_PIXELS_HALVED = 2**28


def is_ome_tiff(path: Path) -> bool:
    """Whether the name asks for OME-TIFF."""
    return path.name.lower().endswith(ENDINGS)


def save_ome_tiff(
    picture: Picture, values: NDArray[Any], path: Path, *, label: str, description: str = ""
) -> None:
    """Write a picture that is in memory.

    Parameters
    ----------
    picture
        For its pixel and origin.
    values
        What is written: ``(y, x)`` float32 or uint16, or ``(y, x, 3)`` uint8.
    path
        What was there is replaced only when the new file is whole.
    label, description
        Name of the image, and what its values are.
    """
    height, width = values.shape[:2]
    shapes = halved_shapes(height, width)
    coloured = values.ndim == 3
    with atomic_file(path) as temporary, _writer(temporary, values.nbytes) as file:
        options: dict[str, Any] = {
            "photometric": "RGB" if coloured else "MINISBLACK",
            "tile": (TILE_PX, TILE_PX),
            "compression": "zlib",
        }
        file.write(
            values,
            subifds=len(shapes),
            metadata=_metadata(picture, "YXS" if coloured else "YX", label, description),
            software="cellstorm",
            **_resolution(picture.pixel_nm),
            **options,
        )
        for level in range(1, len(shapes) + 1):
            values = halve(values)
            pixel_nm = None if picture.pixel_nm is None else picture.pixel_nm * 2**level
            file.write(values, subfiletype=1, metadata=None, **_resolution(pixel_nm), **options)


def save_ome_tiff_tiles(
    tiles: Iterable[Tile],
    grid: Grid,
    path: Path,
    *,
    tile_px: int,
    label: str,
    halved: bool = True,
) -> None:
    """Write a picture tile by tile as it is drawn.

    Memory is that of a row of tiles; with ``halved`` sizes a quarter of the picture's, but
    of pictures whose quarter is larger than 2^28 pixels no smaller sizes are written.

    Parameters
    ----------
    tiles
        Row of tiles after row of tiles; a multiple of 16 wide, float32.
    grid
        The pixels of the picture.
    path
        What was there is replaced only when the new file is whole.
    tile_px
        Edge of a tile.
    label
        Name of the image.
    halved
        Write the smaller sizes too.
    """
    shapes = halved_shapes(grid.height_px, grid.width_px)
    if not halved or (shapes and shapes[0][0] * shapes[0][1] > _MOST_PIXELS_HALVED):
        shapes = []
    half = np.zeros(shapes[0], dtype=np.float32) if shapes else None
    about = Picture(np.empty((0, 0), np.float32), grid.pixel_nm, grid.origin_nm)
    options: dict[str, Any] = {"photometric": "MINISBLACK", "compression": "zlib"}
    with atomic_file(path) as temporary, _writer(temporary, None) as file:
        file.write(
            _kept_in_half(tiles, half),
            shape=(grid.height_px, grid.width_px),
            dtype=np.float32,
            tile=(tile_px, tile_px),
            subifds=len(shapes),
            metadata=_metadata(about, "YX", label, ""),
            software="cellstorm",
            **_resolution(grid.pixel_nm),
            **options,
        )
        for level in range(1, len(shapes) + 1):
            if half is None:
                break
            if level > 1:
                half = halve(half)
            file.write(
                half,
                subfiletype=1,
                metadata=None,
                tile=(TILE_PX, TILE_PX),
                **_resolution(grid.pixel_nm * 2**level),
                **options,
            )


def _writer(path: Path, size_bytes: int | None) -> Any:
    # halved sizes add a third
    large = size_bytes is None or size_bytes * 1.5 > 2**32
    return tifffile.TiffWriter(path, bigtiff=large, ome=True)


def _kept_in_half(
    tiles: Iterable[Tile], half: NDArray[np.float32] | None
) -> Iterator[NDArray[np.float32]]:
    for tile in tiles:
        if half is not None:
            smaller = halve(tile.values)
            row, column = tile.row // 2, tile.column // 2
            half[row : row + smaller.shape[0], column : column + smaller.shape[1]] = smaller
        yield tile.values


def _metadata(picture: Picture, axes: str, label: str, description: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": axes, "Name": label}
    if description:
        metadata["Description"] = description
    if picture.pixel_nm is None:
        return metadata
    plane: dict[str, Any] = {}
    for axis, origin_nm in zip("XY", picture.origin_nm, strict=True):
        metadata[f"PhysicalSize{axis}"] = picture.pixel_nm / _NM_PER_UM
        metadata[f"PhysicalSize{axis}Unit"] = "µm"
        plane[f"Position{axis}"] = [origin_nm / _NM_PER_UM]
        plane[f"Position{axis}Unit"] = ["µm"]
    metadata["Plane"] = plane
    return metadata


def _resolution(pixel_nm: float | None) -> dict[str, Any]:
    if pixel_nm is None:
        return {}
    return {"resolution": (_NM_PER_CM / pixel_nm,) * 2, "resolutionunit": "CENTIMETER"}
