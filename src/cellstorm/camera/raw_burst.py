"""Raw stills of a phone or camera as one uncoded movie, read by LibRaw (extra ``raw``)."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie import FrameChunk, Movie, open_movie
from cellstorm.movie.fingerprint import fingerprint_of_bytes, fingerprint_of_files

__all__ = ["RAW_SUFFIXES", "RawBurst", "open_stills"]

RAW_SUFFIXES = frozenset(
    ".dng .cr2 .cr3 .crw .nef .nrw .arw .sr2 .raf .rw2 .orf .pef .srw .3fr .iiq .x3f".split()
)
"""Endings of raw files; ``.raw`` is Picasso's."""
_BAYER_PX = 2


class RawBurst(Movie):
    """Raw stills taken one after the other, in the order of their numbers.

    Values are those of the sensor: no black level taken off, nothing demosaiced. Of a Bayer
    sensor one of the four planes is read, that of the greens beside red, so that each pixel
    of the burst is one of the sensor; it is half as wide and high.

    Parameters
    ----------
    paths
        The files.

    Raises
    ------
    MovieError
        The package rawpy is missing, a file is damaged or holds no values of a sensor, or
        they differ in size.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(sorted(paths, key=_by_number))
        self.path: Path = self._paths[0]
        first, white, plane = _read(self.path)
        self.shape = (len(self._paths), *first.shape)
        self.dtype = first.dtype
        self.bit_depth = max(int(white).bit_length(), 8)
        self.format_name = f"{len(self._paths)} raw stills"
        self.notices = (plane,) if plane else ()

    @property
    def name(self) -> str:
        """First and last file."""
        last = self._paths[-1].name
        return self.path.name if len(self._paths) == 1 else f"{self.path.name} to {last}"

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Stills ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        frames = np.empty((stop - start, *self.shape[1:]), dtype=self.dtype)
        for row, path in enumerate(self._paths[start:stop]):
            values, _, _ = _read(path)
            if values.shape != self.shape[1:]:
                height, width = values.shape
                raise MovieError(
                    f"this still has {width} x {height} px, the first one"
                    f" {self.shape[2]} x {self.shape[1]} px.",
                    where=path,
                    todo="Give the stills of one burst.",
                )
            frames[row] = values
        return FrameChunk(start, frames)

    def fingerprint(self) -> str:
        """Hash of the first and last file and of all sizes."""
        sizes = " ".join(str(path.stat().st_size) for path in self._paths)
        ends = fingerprint_of_files([self._paths[0], self._paths[-1]])
        return fingerprint_of_bytes([sizes.encode(), ends.encode()])


def open_stills(paths: Sequence[Path]) -> Movie:
    """A movie, or raw stills as one: several files, or a folder of them.

    Parameters
    ----------
    paths
        One movie of any kind, or raw files, or one folder that holds raw files.

    Raises
    ------
    MovieError
        Several files that are not all raw, or what `open_movie` and `RawBurst` raise.
    """
    if len(paths) == 1 and paths[0].is_dir():
        inside = [path for path in paths[0].iterdir() if _is_raw(path)]
        if inside:
            return RawBurst(inside)
    raw = [path for path in paths if _is_raw(path)]
    if len(raw) == len(paths):
        return RawBurst(raw)
    if len(paths) == 1:
        return open_movie(paths[0])
    other = next(path for path in paths if not _is_raw(path))
    raise MovieError(
        "this is no raw still; only those are taken together as one clip.",
        where=other,
        todo="Give one movie, a folder, or raw files (.dng and the like) alone.",
    )


def _is_raw(path: Path) -> bool:
    return path.suffix.lower() in RAW_SUFFIXES and not path.name.startswith(".")


def _read(path: Path) -> tuple[NDArray[np.uint16], int, str]:
    """Values of one plane, the largest there can be, and which plane it is in words."""
    try:
        import rawpy
    except ImportError as error:
        raise MovieError(
            "raw stills are read by the package rawpy, which is not installed.",
            where=path,
            todo='Install it with: pip install "cellstorm[raw]"',
        ) from error
    if not path.is_file():
        raise MovieError(
            "there is no such file.", where=path, todo="Check the name and the folder."
        )
    try:
        with rawpy.imread(str(path)) as raw:
            # of demosaiced files there is no plane to take
            values = None if raw.raw_type.name != "Flat" else raw.raw_image_visible.copy()
            pattern, letters = raw.raw_pattern, raw.color_desc.decode("ascii", "replace")
            colours, white = raw.num_colors, int(raw.white_level)
    except rawpy.LibRawError as error:
        raise MovieError(
            "this is not a readable raw file: it is damaged, truncated or of an unknown camera.",
            where=path,
            todo="Copy it again, or convert it to DNG.",
        ) from error
    if values is None:
        raise MovieError(
            "this raw file was demosaiced already: its values are no longer those of the sensor.",
            where=path,
            todo="Record plain raw (not linear, merged or ProRAW).",
        )
    if colours == 1:
        return values, white, ""
    top, left = _green(pattern, letters, path)
    plane = (
        f"Of the four colour planes the green ones at row {top}, column {left} of each"
        f" {_BAYER_PX} x {_BAYER_PX} px are measured; every plane has the same electronics."
    )
    return values[top::_BAYER_PX, left::_BAYER_PX].copy(), white, plane


def _green(pattern: Any, letters: str, path: Path) -> tuple[int, int]:
    """Row and column of the first green in the mosaic."""
    if pattern is None or pattern.shape != (_BAYER_PX, _BAYER_PX):
        raise MovieError(
            "the colours of its sensor are not a mosaic of 2 x 2 px (Bayer).",
            where=path,
            todo="Use a camera with a Bayer or a monochrome sensor.",
        )
    for top, left in np.ndindex(pattern.shape):
        if letters[pattern[top, left] : pattern[top, left] + 1] == "G":
            return top, left
    raise MovieError("its sensor has no green pixels.", where=path)


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that puts still_10 after still_9."""
    parts = re.split(r"(\d+)", path.stem)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in parts]
