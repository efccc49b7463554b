"""What kind of movie a file is, by its name and by its first bytes."""

import zipfile
from enum import Enum
from pathlib import Path

__all__ = ["Kind", "is_zarr_folder", "kind_of_content", "kind_of_name"]


class Kind(Enum):
    """Kinds of movie file; the value names it for a person."""

    VIDEO = "a video"
    TIFF = "a TIFF"
    ZARR = "a Zarr"
    NPY = "a NumPy array (.npy)"
    NPZ = "a NumPy archive (.npz)"
    PICASSO_RAW = "a Picasso .raw"
    DAX = "a .dax"
    ND2 = "a Nikon ND2"
    SPE = "a Princeton Instruments SPE"
    HDF5 = "an HDF5 file"
    TEXT = "text"


_BY_SUFFIX = {
    ".tif": Kind.TIFF,
    ".tiff": Kind.TIFF,
    ".btf": Kind.TIFF,
    ".tf8": Kind.TIFF,
    ".tf2": Kind.TIFF,
    ".zarr": Kind.ZARR,
    ".npy": Kind.NPY,
    ".npz": Kind.NPZ,
    ".raw": Kind.PICASSO_RAW,
    ".dax": Kind.DAX,
    ".nd2": Kind.ND2,
    ".spe": Kind.SPE,
    **dict.fromkeys(
        ".mp4 .m4v .mov .qt .3gp .3g2 .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .wmv .asf"
        " .flv .ogv .ogg .gif .apng .h264 .264 .hevc .h265 .265 .ivf .mjpg .mjpeg .y4m"
        " .png .jpg .jpeg .bmp".split(),
        Kind.VIDEO,
    ),
}

_SIGNATURES = (
    (0, b"II*\0", Kind.TIFF),
    (0, b"MM\0*", Kind.TIFF),
    (0, b"II+\0", Kind.TIFF),
    (0, b"MM\0+", Kind.TIFF),
    (0, b"\x93NUMPY", Kind.NPY),
    (0, b"\xda\xce\xbe\x0a", Kind.ND2),
    (0, b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    *((4, box, Kind.VIDEO) for box in (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free")),
    (0, b"\x1a\x45\xdf\xa3", Kind.VIDEO),
    (8, b"AVI ", Kind.VIDEO),
    (0, b"FLV\1", Kind.VIDEO),
    (0, b"OggS", Kind.VIDEO),
    (0, b"DKIF", Kind.VIDEO),
    (0, b"YUV4MPEG2 ", Kind.VIDEO),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind.VIDEO),
    (0, b"GIF8", Kind.VIDEO),
    (0, b"\x89PNG\r\n\x1a\n", Kind.VIDEO),
    (0, b"\0\0\1\xba", Kind.VIDEO),
    (0, b"\xff\xd8\xff", Kind.VIDEO),
)

# Formats that are nothing but numbers: their first bytes may look like anything.
_WITHOUT_SIGNATURE = {Kind.PICASSO_RAW: ".yaml", Kind.DAX: ".inf"}


def kind_of_name(path: Path) -> Kind | None:
    """What the name promises; None for endings that say nothing."""
    return _BY_SUFFIX.get(path.suffix.lower())


def kind_of_content(head: bytes, path: Path) -> Kind | None:
    """What the first bytes (some thousand of them) are; None if they are not known.

    Raw numbers with their description beside them are taken by their name.
    """
    named = kind_of_name(path)
    description = _WITHOUT_SIGNATURE.get(named) if named is not None else None
    if description is not None and path.with_suffix(description).is_file():
        return named
    for offset, signature, kind in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return kind
    # a JPEG 2000 box opens Nikon's older files
    if head[4:8] == b"jP  " and named is Kind.ND2:
        return Kind.ND2
    if head[:4] == b"PK\3\4":
        return _kind_of_zip(path)
    # MPEG transport stream: a sync byte every 188 (or, with time codes, 192) bytes
    if any(
        head[k] == 0x47 and head[k + n] == 0x47 and head[k + 2 * n] == 0x47
        for k, n in ((0, 188), (4, 192))
        if len(head) > k + 2 * n
    ):
        return Kind.VIDEO
    return Kind.TEXT if _is_text(head) else None


def _kind_of_zip(path: Path) -> Kind | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return None
    if any(Path(name).name in _ZARR_FILES for name in names):
        return Kind.ZARR
    return Kind.NPZ if names and all(name.endswith(".npy") for name in names) else None


def _is_text(head: bytes) -> bool:
    """No control characters, and mostly ASCII (the rest may be any encoding's letters)."""
    control = set(range(32)) - set(b"\t\n\r\f")
    printable = sum(32 <= byte < 127 or byte in b"\t\n\r\f" for byte in head)
    return printable > 0.7 * len(head) and not control.intersection(head)


_ZARR_FILES = frozenset({"zarr.json", ".zarray", ".zgroup"})


def is_zarr_folder(folder: Path) -> bool:
    """Whether a folder is a Zarr array or group (version 2 or 3)."""
    return any((folder / name).is_file() for name in _ZARR_FILES)
