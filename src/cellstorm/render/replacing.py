"""What a picture may be written over: pictures, never recordings."""

import json
from pathlib import Path

import tifffile

from cellstorm.errors import OutputError

__all__ = ["is_picture_zarr", "refuse_movie"]

# of a stack's axes: time, and what tifffile cannot name
_MOVIE_AXES = frozenset("TIQZ")


def refuse_movie(path: Path) -> None:
    """Raise `OutputError` where a TIFF of several frames would be written over."""
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return
    try:
        with tifffile.TiffFile(path) as stack:
            series = stack.series[0]
            sizes = zip(series.axes, series.shape, strict=True)
            frames = max((size for axis, size in sizes if axis in _MOVIE_AXES), default=1)
    except Exception:  # whatever is wrong with it, it is no recording that can be read
        return
    if frames > 1:
        raise OutputError(
            f"this is a movie of {frames} frames, which a picture does not replace.",
            where=path,
            todo="Give another name with --output.",
        )


def is_picture_zarr(folder: Path) -> bool:
    """Whether a folder is an OME-Zarr of one time, as we write it."""
    try:
        attributes = json.loads((folder / ".zattrs").read_text(encoding="utf-8"))
        axes = attributes["multiscales"][0]["axes"]
        return all(axis["name"] != "t" for axis in axes)
    except (OSError, ValueError, LookupError, TypeError):
        return False
