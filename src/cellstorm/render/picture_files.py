"""Pictures as files: PNG for people, TIFF and OME-Zarr for programs."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localizations import Localizations
from cellstorm.render.annotation import draw_scale_bar, draw_time_legend
from cellstorm.render.contrast import Contrast, to_rgb
from cellstorm.render.drawing import Weighting
from cellstorm.render.grid import Grid, RegionNm, grid_for, molecules_inside
from cellstorm.render.modes import RenderMode
from cellstorm.render.ome_tiff import TILE_PX, is_ome_tiff, save_ome_tiff, save_ome_tiff_tiles
from cellstorm.render.ome_zarr import CHUNK_PX, is_ome_zarr, save_ome_zarr, save_ome_zarr_tiles
from cellstorm.render.picture import Picture
from cellstorm.render.rendering import MOST_PIXELS_IN_MEMORY, render, render_tiles
from cellstorm.render.replacing import refuse_movie

__all__ = ["PICTURE_EXTENSIONS", "render_to_file", "save_picture"]

PICTURE_EXTENSIONS = (".png", ".tif", ".tiff", ".zarr")

_NM_PER_UM = 1e3
_NM_PER_INCH = 25.4e6
# ImageJ's own TIFF ends at 4 GiB; beyond, and for tiles, OME-TIFF as BigTIFF is written.
_MOST_BYTES_IMAGEJ = 2**32 - 2**25
_MOST_BYTES_TILE_ROW = 2**28


def save_picture(
    picture: Picture,
    path: Path | str,
    *,
    colour_map: str = "hot",
    contrast: Contrast | None = None,
    scale_bar: bool = True,
    bits: int | None = None,
) -> None:
    """Write a picture; what was at ``path`` is replaced only when the new one is whole.

    Parameters
    ----------
    picture
        What to write.
    path
        ``.png``: 8 bits a channel as seen on a screen. The values themselves (coloured
        pictures as seen): ``.tif`` with the pixel size where ImageJ looks for it,
        ``.ome.tif`` and ``.ome.zarr`` with the metadata of OME and halved sizes.
    colour_map, contrast, scale_bar
        For pictures as seen.
    bits
        Of the values: 32 (floating point, the default) or 16 (whole numbers; the
        factor they were multiplied with is in the description).

    Raises
    ------
    OutputError
        The extension is unknown or the file cannot be written.
    ConfigurationError
        There is no such colour map or number of bits.
    """
    path = Path(path)
    check_picture_path(path)
    refuse_movie(path)
    if bits not in (None, 16, 32):
        raise ConfigurationError(f"values can have 16 or 32 bits, not {bits}.")
    contrast = contrast or Contrast()
    if path.suffix.lower() == ".png":
        _save_png(picture, path, colour_map, contrast, scale_bar)
    elif picture.is_coloured:
        # a bar drawn into values that programs measure would be measured too
        bar = scale_bar and not (is_ome_tiff(path) or is_ome_zarr(path))
        image = _annotated(picture, colour_map, contrast, bar)
        _save_values(np.asarray(image), picture, path, "")
    else:
        values, note = _sixteen_bits(picture.values) if bits == 16 else (picture.values, "")
        _save_values(values, picture, path, note)


def render_to_file(
    localizations: Localizations,
    path: Path | str,
    *,
    mode: RenderMode | str = "gaussian",
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
    weighting: Weighting = "molecules",
    colour_map: str = "hot",
    contrast: Contrast | None = None,
    scale_bar: bool = True,
    bits: int | None = None,
    most_pixels: int = MOST_PIXELS_IN_MEMORY,
) -> Grid:
    """Draw a table and write the picture, tile by tile where it is too large for memory.

    Parameters
    ----------
    localizations, mode, pixel_nm, magnification, region_nm, weighting
        As in `render`.
    path, colour_map, contrast, scale_bar, bits
        As in `save_picture`.
    most_pixels
        A TIFF or OME-Zarr of more is written tile by tile, with 32 bits; a TIFF as
        OME-BigTIFF.

    Returns
    -------
    Grid
        The pixels of the picture.

    Raises
    ------
    ConfigurationError
        The options do not fit the table, or a PNG would be too large.
    OutputError
        The extension is unknown or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    refuse_movie(path)
    grid = grid_for(
        localizations, pixel_nm=pixel_nm, magnification=magnification, region_nm=region_nm
    )
    options: dict[str, Any] = {
        "mode": mode,
        "pixel_nm": pixel_nm,
        "magnification": magnification,
        "region_nm": region_nm,
        "weighting": weighting,
    }
    if grid.pixels > most_pixels and path.suffix.lower() != ".png":
        if bits == 16:
            raise ConfigurationError(
                f"a picture of {grid.width_px} x {grid.height_px} pixels is written tile by tile,"
                " before its brightest value is known.",
                todo="Take 32 bits.",
            )
        _save_tiles(localizations, path, grid, options)
    else:
        picture = render(localizations, **options)
        save_picture(
            picture,
            path,
            colour_map=colour_map,
            contrast=contrast,
            scale_bar=scale_bar,
            bits=bits,
        )
    return grid


def check_picture_path(path: Path) -> None:
    """Raise `OutputError` unless pictures of this extension can be written."""
    if path.suffix.lower() not in PICTURE_EXTENSIONS:
        given = f"do not end in {path.suffix!r}" if path.suffix else "need an extension"
        raise OutputError(
            f"pictures {given}; known are .png, .tif, .ome.tif and .ome.zarr.", where=path
        )


def _annotated(
    picture: Picture, colour_map: str, contrast: Contrast, scale_bar: bool
) -> Image.Image:
    image = Image.fromarray(to_rgb(picture, contrast=contrast, colour_map=colour_map))
    if scale_bar and picture.pixel_nm is not None:
        draw_scale_bar(image, picture.pixel_nm)
    if picture.legend is not None:
        draw_time_legend(image, picture.legend)
    return image


def _save_png(
    picture: Picture, path: Path, colour_map: str, contrast: Contrast, scale_bar: bool
) -> None:
    image = _annotated(picture, colour_map, contrast, scale_bar)
    levels = contrast.levels(picture)
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", picture.label)
    text.add_text("Software", "cellstorm")
    text.add_text("Levels", f"black {levels.black:.6g}, white {levels.white:.6g}")
    options: dict[str, Any] = {"pnginfo": text}
    if picture.pixel_nm is not None:
        text.add_text("PixelSize", f"{picture.pixel_nm:g} nm")
        # Pillow writes the resolution (pHYs) in pixels a metre, from pixels an inch
        options["dpi"] = (_NM_PER_INCH / picture.pixel_nm,) * 2
    with atomic_file(path) as temporary:
        image.save(temporary, format="PNG", **options)


def _save_values(values: NDArray[Any], picture: Picture, path: Path, note: str) -> None:
    if is_ome_zarr(path):
        save_ome_zarr(picture, values, path, label=picture.label, description=note)
    elif is_ome_tiff(path) or values.nbytes > _MOST_BYTES_IMAGEJ:
        save_ome_tiff(picture, values, path, label=picture.label, description=note)
    else:
        _save_imagej(values, picture, path, "\n".join(filter(None, (picture.label, note))))


def _save_imagej(values: NDArray[Any], picture: Picture, path: Path, label: str) -> None:
    coloured = values.ndim == 3
    metadata: dict[str, Any] = {"axes": "YXS" if coloured else "YX", "Info": label}
    resolution: dict[str, Any] = {}
    if picture.pixel_nm is not None:
        metadata["unit"] = "um"
        resolution["resolution"] = (_NM_PER_UM / picture.pixel_nm,) * 2
    with atomic_file(path) as temporary:
        tifffile.imwrite(
            temporary,
            values,
            imagej=True,
            software="cellstorm",
            photometric="RGB" if coloured else "MINISBLACK",
            metadata=metadata,
            **resolution,
        )


def _save_tiles(
    localizations: Localizations, path: Path, grid: Grid, options: dict[str, Any]
) -> None:
    label = f"{molecules_inside(localizations, grid)} localizations"
    if is_ome_zarr(path):
        tiles = render_tiles(localizations, tile_px=CHUNK_PX, **options)
        save_ome_zarr_tiles(tiles, grid, path, label=label)
        return
    tile = TILE_PX
    while tile > 16 and tile * grid.width_px * 4 > _MOST_BYTES_TILE_ROW:
        tile //= 2
    tiles = render_tiles(localizations, tile_px=tile, **options)
    save_ome_tiff_tiles(tiles, grid, path, tile_px=tile, label=label, halved=is_ome_tiff(path))


def _sixteen_bits(values: NDArray[np.float32]) -> tuple[NDArray[np.uint16], str]:
    brightest = float(values.max(initial=0.0))
    whole = brightest <= 65535 and bool((values == np.rint(values)).all())
    factor = 1.0 if whole or brightest <= 0 else 65535.0 / brightest
    scaled = np.rint(np.clip(values * factor, 0, 65535)).astype(np.uint16)
    return scaled, f"values multiplied by {factor:.9g}"
