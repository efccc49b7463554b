"""Opening TIFF files with tifffile: which images are in them, and are they whole."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import tifffile

from cellstorm.errors import MovieError

__all__ = [
    "DAMAGED_TODO",
    "TiffStack",
    "chain_is_cut",
    "opened_tiff",
    "page_is_whole",
    "quiet_tifffile",
]

DAMAGED_TODO = "Copy the file again from where it came from, or save it anew from ImageJ."


@dataclass(frozen=True)
class TiffStack:
    """The images of a TIFF file, or of a set of files, that make up one stack.

    Attributes
    ----------
    axes, shape
        Letters and lengths; planes last.
    dtype
        As stored, with byte order.
    pages
        tifffile's pages in the order of the leading axes; None where a page or its file
        is missing.
    data_offset
        Where the stack begins if one page stands for all; None otherwise.
    is_final
        True if pages are uncompressed and in one piece.
    is_set
        True for a set of several files.
    kind, notices
        For a person.
    """

    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    pages: list[Any]
    data_offset: int | None
    is_final: bool
    is_set: bool
    kind: str
    notices: tuple[str, ...]


@contextlib.contextmanager
def quiet_tifffile() -> Iterator[None]:
    """Keep tifffile's remarks about damaged files off the terminal: errors say it."""
    logger = logging.getLogger("tifffile")

    def drop(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(drop)
    try:
        yield
    finally:
        logger.removeFilter(drop)


@contextlib.contextmanager
def opened_tiff(path: Path) -> Iterator[tuple[tifffile.TiffFile, TiffStack]]:
    """Open a TIFF, or the file that describes its set, and find its largest stack.

    The file is closed afterwards, but tifffile's objects stay usable.

    Raises
    ------
    MovieError
        The file is damaged, or truncated before its directory.
    """
    tif: tifffile.TiffFile | None = None
    with quiet_tifffile():
        try:
            try:
                tif = tifffile.TiffFile(path)
                described_in = _metadata_file(tif)
                if described_in is not None and described_in.is_file():
                    tif.close()
                    tif = tifffile.TiffFile(described_in)
                if len(tif.series) > 1 and all(len(item.pages) == 1 for item in tif.series):
                    # frames that were saved one by one, each with a description of its own
                    tif.close()
                    tif = tifffile.TiffFile(path, is_shaped=False)
                stack = _largest_stack(tif)
            except Exception as error:
                # tifffile reports damage as TiffFileError, struct.error, IndexError, ...
                raise _unreadable(path) from error
            yield tif, stack
        finally:
            if tif is not None:
                tif.close()


def _largest_stack(tif: tifffile.TiffFile) -> TiffStack:
    series = max(tif.series, key=lambda item: int(np.prod(item.shape, dtype=np.int64)))
    keyframe = series.keyframe
    axes, shape = series.axes, tuple(int(size) for size in series.shape)
    pages: list[Any] = list(series.pages)
    count = int(np.prod(shape, dtype=np.int64)) // int(np.prod(keyframe.shape, dtype=np.int64))
    data_offset = series.dataoffset if len(pages) < count else None
    notices: list[str] = []
    if len(tif.series) > 1:
        notices.append(f"The file holds {len(tif.series)} image series; the largest one was taken.")
    announced = _imagej_length(tif)
    if len(tif.pages) == 1 and keyframe.is_final and announced > count == 1:
        # tifffile leaves a hyperstack's description aside if the file is too short for it
        axes, shape = f"T{keyframe.axes}", (announced, *keyframe.shape)
        data_offset = keyframe.dataoffsets[0]
    size = dict(zip(axes, shape, strict=True))
    frames = [axis for axis in axes if axis not in "CYXS" and size[axis] > 1]
    if size.get("C", 1) > 4 and not frames:
        # what writers make of a stack whose axes nobody named
        notices.append(f"The {size['C']} channels were taken as frames.")
        axes = axes.replace("T", "U").replace("C", "T")
    return TiffStack(
        axes=axes,
        shape=shape,
        dtype=np.dtype(series.dtype).newbyteorder(tif.byteorder),
        pages=pages,
        data_offset=data_offset,
        is_final=bool(keyframe.is_final),
        is_set=series.is_multifile,
        kind=series.kind,
        notices=tuple(notices),
    )


def _imagej_length(tif: tifffile.TiffFile) -> int:
    """Planes that ImageJ's description announces."""
    metadata = tif.imagej_metadata or {}
    return int(np.prod([int(metadata.get(name, 1)) for name in ("frames", "slices", "channels")]))


def _metadata_file(tif: tifffile.TiffFile) -> Path | None:
    """The file that describes the set, if this one only refers to it (OME BinaryOnly)."""
    xml = tif.ome_metadata
    if not xml or "BinaryOnly" not in xml:
        return None
    for element in ElementTree.fromstring(xml).iter():
        if element.tag.endswith("BinaryOnly") and element.attrib.get("MetadataFile"):
            return Path(tif.filehandle.dirname) / Path(element.attrib["MetadataFile"]).name
    return None


def _unreadable(path: Path) -> MovieError:
    with path.open("rb") as file:
        head = file.read(16)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    is_big = head[2:4] in (b"+\0", b"\0+")
    directory = int.from_bytes(head[8:16] if is_big else head[4:8], order)
    if head[:2] in (b"II", b"MM") and directory >= path.stat().st_size:
        return MovieError(
            "the TIFF is truncated: its table of pages lies past the end of the file.",
            where=path,
            todo=DAMAGED_TODO,
        )
    return MovieError("this is not a readable TIFF: it is damaged.", where=path, todo=DAMAGED_TODO)


def chain_is_cut(tif: tifffile.TiffFile) -> bool:
    """Whether the last page that was found refers to another past the end of the file."""
    last = tif.pages[-1]
    if not getattr(last, "offset", 0):
        return False
    layout = tif.tiff
    handle = tif.filehandle
    handle.seek(last.offset)
    order: Literal["little", "big"] = "little" if tif.byteorder == "<" else "big"
    tags = int.from_bytes(handle.read(layout.tagnosize), order)
    handle.seek(last.offset + layout.tagnosize + tags * layout.tagsize)
    pointer = handle.read(layout.offsetsize)
    following = int.from_bytes(pointer, order)
    return len(pointer) < layout.offsetsize or following >= handle.size


def page_is_whole(page: Any) -> bool:
    """Whether all data of one of tifffile's pages lies within its file."""
    if page is None:
        return False
    size = page.parent.filehandle.size
    return all(
        offset + count <= size
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
    )
