"""Tables of molecules in napari: points in nanometres, with the picture under them.

The manifest ``napari.yaml`` beside this module names it to napari. Layers are plain tuples:
napari itself is not needed here.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import COLUMNS, Metadata, scan_table
from cellstorm.localizations.formats import formats
from cellstorm.render import DEFAULT_PIXEL_NM, Contrast, grid_of_rows, render_rows

__all__ = ["get_reader", "read_layers"]

LayerData = tuple[Any, dict[str, Any], str]

# napari draws a million points at a usable speed, not ten.
_MOST_POINTS = 1_000_000
_MOST_PIXELS_ALONG = 8192
_WIDTHS = ("uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm")
_POINT_NM = 20.0


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Napari's question whether a file is ours.

    Returns
    -------
    Callable or None
        `read_layers`, or None where a file is no table of a known format.
    """
    paths = [Path(item) for item in _listed(path)]
    return read_layers if paths and all(map(_is_table, paths)) else None


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """A picture and the points of each table.

    Points are ``(y, x)`` in nm, ``(z, y, x)`` where there are heights; of more than a
    million every n-th is given. The other columns are their features. The picture has
    pixels of 10 nm, larger ones where the field is over 82 um wide, and lies where the
    points are.

    Parameters
    ----------
    path
        One table or several.

    Returns
    -------
    list of tuple
        ``(data, attributes, kind of layer)``.

    Raises
    ------
    TableError
        A table cannot be read.
    """
    layers: list[LayerData] = []
    for item in _listed(path):
        rows, metadata = scan_table(item)
        name = Path(item).name
        picture = _picture(rows, metadata, name)
        layers += [*([] if picture is None else [picture]), _points(rows, metadata, name)]
    return layers


def _listed(path: str | Sequence[str]) -> list[str]:
    return [str(path)] if isinstance(path, str | Path) else [str(item) for item in path]


def _is_table(path: Path) -> bool:
    return path.is_file() and any(item.sniff(path) for item in formats())


def _points(rows: pl.LazyFrame, metadata: Metadata, name: str) -> LayerData:
    sound = rows.filter(pl.col("x_nm").is_finite() & pl.col("y_nm").is_finite())
    count = int(sound.select(pl.len()).collect(engine="streaming").item())
    step = max(1, math.ceil(count / _MOST_POINTS))
    data = sound.gather_every(step).collect(engine="streaming")
    axes = ["y_nm", "x_nm"]
    if "z_nm" in data.columns and bool((data["z_nm"].fill_nan(None).fill_null(0) != 0).any()):
        axes = ["z_nm", *axes]
    features = {
        column: data[column].to_numpy()
        for column in data.columns
        if column in COLUMNS and column not in axes
    }
    attributes: dict[str, Any] = {
        "name": name if step == 1 else f"{name} ({len(data)} of {count})",
        "features": features,
        "size": _POINT_NM,
        "border_width": 0,
        "face_color": "white",
        "opacity": 0.5,
        "units": ("nm",) * len(axes),
        "metadata": {"cellstorm": metadata.model_dump(mode="json")},
    }
    positions = data.select(pl.col(axis).cast(pl.Float64).fill_null(0) for axis in axes)
    return np.nan_to_num(positions.to_numpy()), attributes, "points"


def _picture(rows: pl.LazyFrame, metadata: Metadata, name: str) -> LayerData | None:
    schema = rows.collect_schema()
    mode = "gaussian" if any(column in schema for column in _WIDTHS) else "histogram"
    try:
        grid = grid_of_rows(rows, metadata)
        longest_nm = max(grid.width_px, grid.height_px) * grid.pixel_nm
        pixel_nm = max(DEFAULT_PIXEL_NM, longest_nm / _MOST_PIXELS_ALONG)
        picture = render_rows(rows, metadata, mode=mode, pixel_nm=pixel_nm).picture
    except ConfigurationError:
        # nothing to draw, or no field: the points say all there is
        return None
    x_nm, y_nm = picture.origin_nm
    attributes: dict[str, Any] = {
        "name": f"{name} picture",
        # napari puts a pixel's centre at its index
        "scale": (pixel_nm, pixel_nm),
        "translate": (y_nm + pixel_nm / 2, x_nm + pixel_nm / 2),
        "units": ("nm", "nm"),
        "colormap": "hot",
        "contrast_limits": (0.0, float(Contrast().levels(picture).white) or 1.0),
        "gamma": Contrast().gamma,
    }
    return picture.values, attributes, "image"
