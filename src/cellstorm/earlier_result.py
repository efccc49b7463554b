"""What a result may be written over: earlier results of cellstorm, nothing else unasked."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from cellstorm.atomic_file import output_error
from cellstorm.errors import OutputError

__all__ = ["check_output", "is_earlier_result"]

_NAME = "cellstorm"


def check_output(path: Path, *, overwrite: bool = False) -> bool:
    """Whether writing ``path`` will replace something; to be asked before any work.

    Parameters
    ----------
    path
        The file (or the folder of a Zarr) that is to be written.
    overwrite
        Whatever is there may be replaced.

    Raises
    ------
    OutputError
        The folder is missing or read-only, a folder has that name, or what is there was not
        written by cellstorm.
    """
    folder = path.parent
    if not folder.is_dir():
        raise output_error(FileNotFoundError(2, "no such folder"), path)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise output_error(PermissionError(13, "read-only"), path)
    if not path.exists():
        return False
    is_zarr = path.suffix.lower() == ".zarr"
    if path.is_dir() and not is_zarr:
        raise OutputError(
            "a folder has this name already.",
            where=path,
            todo="Give another name with --output.",
        )
    if not (overwrite or is_earlier_result(path)):
        raise OutputError(
            "there is a file already, and it does not say that cellstorm wrote it.",
            where=path,
            todo="Give another name with --output, or --overwrite to replace it.",
        )
    return True


def is_earlier_result(path: Path) -> bool:
    """Whether a file says of itself that cellstorm wrote it; never raises.

    Parquet, Picasso, DECODE and SMLM files, PNG, TIFF, OME-Zarr and HTML can say so; CSV and
    text cannot.
    """
    says = _WAYS.get(path.suffix.lower())
    try:
        return says is not None and says(path)
    except Exception:  # whatever is wrong with it, it is nothing that we wrote
        return False


def _parquet(path: Path) -> bool:
    import polars as pl

    return _NAME in pl.read_parquet_metadata(path)


def _hdf5(path: Path) -> bool:
    import h5py

    with h5py.File(path, "r") as file:
        return _NAME in file


def _smlm(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return _NAME in json.loads(archive.read("manifest.json"))


def _png(path: Path) -> bool:
    from PIL import Image

    with Image.open(path) as image:
        return image.info.get("Software") == _NAME


def _tiff(path: Path) -> bool:
    import tifffile

    with tifffile.TiffFile(path) as file:
        return bool(file.pages.first.software == _NAME)


def _zarr(path: Path) -> bool:
    if not path.is_dir():
        return False
    attributes = json.loads((path / ".zattrs").read_text(encoding="utf-8"))
    return bool(attributes["multiscales"][0]["metadata"]["software"] == _NAME)


def _html(path: Path) -> bool:
    with path.open("rb") as file:
        return b'name="generator" content="cellstorm' in file.read(4096)


_WAYS: dict[str, Callable[[Path], bool]] = {
    ".parquet": _parquet,
    ".hdf5": _hdf5,
    ".h5": _hdf5,
    ".smlm": _smlm,
    ".png": _png,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".zarr": _zarr,
    ".html": _html,
}
