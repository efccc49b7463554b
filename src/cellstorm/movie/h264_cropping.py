"""Where the visible picture lies in the macroblocks, from H.264's sequence parameter set."""

__all__ = ["h264_cropping_px"]

_SEQUENCE_PARAMETER_SET = 7
# profiles whose parameter sets tell chroma format, depth and scaling (H.264 section 7.3.2.1.1)
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


def h264_cropping_px(extradata: bytes | None) -> tuple[int, int]:
    """Columns on the left and rows on top that are coded and not shown.

    Parameters
    ----------
    extradata
        Parameter sets as the container keeps them: an ``avcC`` box (ISO/IEC 14496-15,
        section 5.3.3.1) or a byte stream with start codes (H.264 annex B).

    Returns
    -------
    tuple[int, int]
        ``(left, top)``, px (H.264 equations 7-19 to 7-22); zeros where nothing is said.
    """
    try:
        units = _units(extradata or b"")
        found = next(
            (unit for unit in units if unit and unit[0] & 31 == _SEQUENCE_PARAMETER_SET), b""
        )
        return _cropping(_Bits(found[1:].replace(b"\0\0\3", b"\0\0"))) if found else (0, 0)
    except IndexError:
        return 0, 0


class _Bits:
    """Bits of a parameter set from the first to the last."""

    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._at = 0

    def read(self, count: int) -> int:
        if self._at + count > len(self._bits):
            raise IndexError("the parameter set ends early")
        bits = self._bits[self._at : self._at + count]
        self._at += count
        return int(bits, 2) if bits else 0

    def exp_golomb(self) -> int:
        """An unsigned number (H.264 section 9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def signed_exp_golomb(self) -> int:
        """A signed number (H.264 section 9.1.1)."""
        code = self.exp_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _units(extradata: bytes) -> list[bytes]:
    if extradata[:1] != b"\1":
        return [unit.rstrip(b"\0") for unit in extradata.split(b"\0\0\1")]
    length = int.from_bytes(extradata[6:8], "big")
    return [extradata[8 : 8 + length]]


def _cropping(bits: _Bits) -> tuple[int, int]:
    """Walk through H.264 section 7.3.2.1.1 up to the cropping window."""
    profile = bits.read(8)
    bits.read(16)
    bits.exp_golomb()
    chroma, separate_planes = 1, 0
    if profile in _HIGH_PROFILES:
        chroma = bits.exp_golomb()
        if chroma == 3:
            separate_planes = bits.read(1)
        bits.exp_golomb()
        bits.exp_golomb()
        bits.read(1)
        if bits.read(1):
            for number in range(8 if chroma != 3 else 12):
                if bits.read(1):
                    _skip_scaling_list(bits, 16 if number < 6 else 64)
    bits.exp_golomb()
    order_type = bits.exp_golomb()
    if order_type == 0:
        bits.exp_golomb()
    elif order_type == 1:
        bits.read(1)
        bits.signed_exp_golomb()
        bits.signed_exp_golomb()
        for _ in range(bits.exp_golomb()):
            bits.signed_exp_golomb()
    bits.exp_golomb()
    bits.read(1)
    bits.exp_golomb()
    bits.exp_golomb()
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)
    bits.read(1)
    if not bits.read(1):
        return 0, 0
    left, _, top, _ = (bits.exp_golomb() for _ in range(4))
    is_subsampled_x = chroma in (1, 2) and not separate_planes
    is_subsampled_y = chroma == 1 and not separate_planes
    return left * (1 + is_subsampled_x), top * (1 + is_subsampled_y) * (2 - frames_only)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_exp_golomb()) % 256
        last = following or last
