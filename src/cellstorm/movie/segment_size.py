"""How large a video file says it is, to notice that its end is missing."""

from pathlib import Path

__all__ = ["declares_more_bytes", "has_mp4_index"]

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def declares_more_bytes(path: Path) -> bool:
    """Whether a Matroska/WebM or AVI file announces more bytes than it has."""
    announced = _announced_bytes(path)
    return announced is not None and announced > path.stat().st_size


def _announced_bytes(path: Path) -> int | None:
    """Bytes that a Matroska/WebM or AVI file announces in its head.

    Returns
    -------
    int or None
        None for other formats and for live recordings that announce nothing.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head[:4] == _EBML:
        header_bytes, size_length = _ebml_size(head[4:])
        start = 4 + size_length + (header_bytes or 0)
        if header_bytes is None or head[start : start + 4] != _SEGMENT:
            return None
        segment_bytes, size_length = _ebml_size(head[start + 4 :])
        return None if segment_bytes is None else start + 4 + size_length + segment_bytes
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        announced = int.from_bytes(head[4:8], "little")
        return announced + 8 if announced else None
    return None


def _ebml_size(data: bytes) -> tuple[int | None, int]:
    """Value and length of a variable-size integer; None is "unknown" (RFC 8794, section 4)."""
    if not data or data[0] == 0:
        return None, 1
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return None, length
    value = int.from_bytes(data[:length], "big") & ((1 << (7 * length)) - 1)
    return (None if value == (1 << (7 * length)) - 1 else value), length


def has_mp4_index(path: Path) -> bool:
    """Whether an MP4/MOV file has its ``moov`` (or a fragment's ``moof``) box, whole.

    Walks the top-level boxes (ISO/IEC 14496-12, section 4.2) without reading them.
    """
    size = path.stat().st_size
    position = 0
    with path.open("rb") as file:
        while position + 8 <= size:
            file.seek(position)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if kind in (b"moov", b"moof"):
                return position + length <= size
            if length < 8:
                return False
            position += length
    return False
