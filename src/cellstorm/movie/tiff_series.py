"""Opening TIFF files with tifffile: which images are in them, and are they whole."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import tifffile

from cellstorm.errors import MovieError

__all__ = ["DAMAGED_TODO", "chain_is_cut", "largest_series", "page_is_whole", "quiet_tifffile"]

DAMAGED_TODO = "Copy the file again from where it came from, or save it anew from ImageJ."


@contextlib.contextmanager
def quiet_tifffile() -> Iterator[None]:
    """Keep tifffile's remarks about damaged files off the terminal: errors say it."""
    logger = logging.getLogger("tifffile")
    filters = logger.filters[:]
    logger.addFilter(lambda record: False)
    try:
        yield
    finally:
        logger.filters[:] = filters


def largest_series(path: Path) -> tuple[tifffile.TiffFile, tifffile.TiffPageSeries]:
    """Open a TIFF, or the file that describes its set, and find what has most frames."""
    try:
        tif = tifffile.TiffFile(path)
        described_in = _metadata_file(tif)
        if described_in is not None and described_in.is_file():
            tif.close()
            tif = tifffile.TiffFile(described_in)
        series = max(tif.series, key=lambda item: int(np.prod(item.shape, dtype=np.int64)))
        if series.keyframe.dtype is None:
            raise ValueError("unknown sample format")
        return tif, series
    except Exception as error:
        # tifffile reports damage as TiffFileError, struct.error, IndexError, ValueError, ...
        raise _unreadable(path) from error


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
    if page is None:
        return False
    size = page.parent.filehandle.size
    return all(
        offset + count <= size
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
    )
