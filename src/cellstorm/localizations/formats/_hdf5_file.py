"""What the formats kept in HDF5 have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from cellstorm.errors import TableError
from cellstorm.localizations.metadata import Metadata

__all__ = ["open_hdf5", "pixel_size_to_write"]


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """The file, open for reading.

    Raises
    ------
    TableError
        It is no HDF5 file, or not a whole one.
    """
    try:
        with h5py.File(path, "r") as file:
            yield file
    except OSError as error:
        raise TableError(
            "this is not a whole HDF5 file (cut short, or something else by that name).",
            where=path,
        ) from error


def pixel_size_to_write(metadata: Metadata, program: str, path: Path) -> float:
    """The movie's pixel in nm, for a program that counts in pixels.

    Raises
    ------
    TableError
        The table does not say.
    """
    if metadata.pixel_size_nm is None:
        raise TableError(
            f"{program} counts in pixels of the movie, and the table does not say how large"
            " they are.",
            where=path,
            todo="Give the movie's pixel size in nm: --pixel-size-nm.",
        )
    return metadata.pixel_size_nm
