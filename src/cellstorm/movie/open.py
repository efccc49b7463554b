"""Opening a movie of any kind, by what is in the file rather than by its name."""

from collections.abc import Callable
from pathlib import Path

from cellstorm.errors import MovieError
from cellstorm.movie.base import Movie
from cellstorm.movie.sniff import Kind, kind_of_content, kind_of_name

__all__ = ["open_movie"]


def open_movie(path: str | Path, *, with_qp: bool = True) -> Movie:
    """Open a movie: a video, a TIFF, a Zarr, a NumPy or a camera file, or a folder of TIFFs.

    What a file holds decides; where its name says otherwise a notice does.

    Parameters
    ----------
    path
        The file, or the folder of a Zarr or of numbered TIFFs.
    with_qp
        Keep the quantisation parameter of each macroblock of H.264 video.

    Returns
    -------
    Movie
        Nothing but its head has been read.

    Raises
    ------
    MovieError
        No such file, nothing known, or a movie that is damaged from the beginning.
    """
    path = Path(path)
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        raise MovieError(
            "there is no such file." if not path.exists() else "this is not a regular file.",
            where=path,
            todo="Check the name and the folder.",
        )
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise MovieError(f"cannot be read ({error.strerror}).", where=path) from error
    if not head:
        raise MovieError(
            "the file is empty.", where=path, todo="Copy it again from where it was recorded."
        )
    named, held = kind_of_name(path), kind_of_content(head, path)
    if held is Kind.TEXT:
        raise MovieError(
            "this is a text file, not a movie.", where=path, todo="Choose the file with the frames."
        )
    if held is Kind.HDF5:
        raise MovieError(
            "this is an HDF5 file, which can hold anything.",
            where=path,
            todo="Save the frames as TIFF, Zarr or .npy.",
        )
    movie = _open(held or named or Kind.VIDEO, path, with_qp)
    if held is not None and named is not None and held is not named:
        movie.notices = (
            f"The name says {named.value}, but the file holds {held.value}.",
            *movie.notices,
        )
    return movie


def _open(kind: Kind, path: Path, with_qp: bool) -> Movie:
    # each reader brings its own libraries, which are only imported when needed
    if kind is Kind.VIDEO:
        from cellstorm.movie.video import VideoMovie

        return VideoMovie(path, with_qp=with_qp)
    return _opener(kind)(path)


def _opener(kind: Kind) -> Callable[[Path], Movie]:
    if kind is Kind.TIFF:
        from cellstorm.movie.tiff import TiffMovie

        return TiffMovie
    if kind is Kind.ZARR:
        from cellstorm.movie.zarr_store import ZarrMovie

        return ZarrMovie
    if kind is Kind.NPY:
        from cellstorm.movie.array import open_npy

        return open_npy
    if kind is Kind.NPZ:
        from cellstorm.movie.array import open_npz

        return open_npz
    if kind is Kind.PICASSO_RAW:
        from cellstorm.movie.picasso_raw import open_picasso_raw

        return open_picasso_raw
    if kind is Kind.DAX:
        from cellstorm.movie.dax import open_dax

        return open_dax
    if kind is Kind.ND2:
        from cellstorm.movie.vendor import open_nd2

        return open_nd2
    if kind is Kind.SPE:
        from cellstorm.movie.vendor import open_spe

        return open_spe
    raise AssertionError(kind)


def _open_folder(folder: Path) -> Movie:
    from cellstorm.movie.sniff import is_zarr_folder

    if is_zarr_folder(folder):
        return _opener(Kind.ZARR)(folder)
    from cellstorm.movie.tiff_folder import open_tiff_folder

    movie = open_tiff_folder(folder)
    if movie is None:
        raise MovieError(
            "this folder holds neither a Zarr nor TIFF files.",
            where=folder,
            todo="Give a movie file, a .zarr folder, or a folder of numbered TIFFs.",
        )
    return movie
