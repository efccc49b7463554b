"""Grey frames into a movie file, as a phone (or an uncoded camera) would write them."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal, cast

import av
import numpy as np
import tifffile
from av.video.stream import VideoStream
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError

__all__ = ["CONTAINERS", "Codec", "encode_video", "write_tiff"]

Codec = Literal["h264", "hevc", "ffv1", "none"]

CONTAINERS: dict[str, tuple[str, ...]] = {
    "h264": (".mp4", ".mov", ".mkv"),
    "hevc": (".mp4", ".mov", ".mkv"),
    "ffv1": (".mkv", ".avi"),
    "none": (".tif", ".tiff"),
}
"""File name extensions each codec can be kept in; the first is the usual one."""

_ENCODERS = {"h264": "libx264", "hevc": "libx265", "ffv1": "ffv1"}
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_NEUTRAL = 128


def encode_video(
    path: Path,
    blocks: Iterable[NDArray[np.uint8]],
    *,
    width: int,
    height: int,
    codec: Codec,
    crf: float = 23.0,
    gop: int = 31,
    frame_rate_hz: float = 30.0,
    preset: str = "medium",
) -> None:
    """Encode grey frames; the values go into the luma plane as they are, full range.

    One encoder thread, so that the same frames always give the same bytes; no B
    pictures and a key frame exactly every ``gop`` frames, as phones do.

    Parameters
    ----------
    path
        File to write; its extension chooses the container.
    blocks
        Consecutive ``(n, height, width)`` uint8 blocks.
    width, height
        Size of the frames, px; even for H.264 and HEVC.
    codec
        ``"h264"``, ``"hevc"`` or the lossless ``"ffv1"``.
    crf
        Constant rate factor (0 is the best, for 8-bit H.264 lossless).
    gop
        Frames from key frame to key frame.
    frame_rate_hz
        Frame rate written into the file.
    preset
        x264's or x265's preset.
    """
    if codec == "none":
        raise ConfigurationError("an uncoded movie is not a video; write it as TIFF", where=path)
    with av.open(path, "w") as container:
        rate = Fraction(frame_rate_hz).limit_denominator(1001)
        stream = cast("VideoStream", container.add_stream(_ENCODERS[codec], rate=rate))
        context = stream.codec_context
        stream.width = width
        stream.height = height
        stream.pix_fmt = "gray" if codec == "ffv1" else "yuv420p"
        context.color_range = _FULL_RANGE
        context.gop_size = gop
        context.options = _options(codec, crf=crf, gop=gop, preset=preset)
        context.thread_count = 1
        index = 0
        for frame in (frame for block in blocks for frame in block):
            picture = _picture(frame, stream.pix_fmt)
            picture.pts = index
            picture.time_base = 1 / rate
            index += 1
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)


def write_tiff(
    path: Path,
    blocks: Iterable[NDArray[np.uint8]],
    *,
    frames: int,
    width: int,
    height: int,
    pixel_size_nm: float,
) -> None:
    """Write grey frames as an uncompressed multi-page TIFF with its pixel size.

    Parameters
    ----------
    path
        File to write.
    blocks
        Consecutive ``(n, height, width)`` uint8 blocks.
    frames, width, height
        Size of the whole movie.
    pixel_size_nm
        Kept as resolution in pixels per centimetre.
    """

    def pages() -> Iterator[NDArray[np.uint8]]:
        for block in blocks:
            yield from block

    per_cm = 1e7 / pixel_size_nm
    tifffile.imwrite(
        path,
        pages(),
        shape=(frames, height, width),
        dtype=np.uint8,
        photometric="minisblack",
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
        metadata={"axes": "TYX"},
    )


def _options(codec: Codec, *, crf: float, gop: int, preset: str) -> dict[str, str]:
    if codec == "h264":
        return {
            "crf": f"{crf:g}",
            "preset": preset,
            "bf": "0",
            "sc_threshold": "0",
            "threads": "1",
        }
    if codec == "hevc":
        # with a pool of one thread x265 now and then waits for itself for ever
        keys = (
            f"bframes=0:keyint={gop}:min-keyint={gop}:scenecut=0:"
            "pools=none:frame-threads=1:wpp=0:range=full:log-level=none"
        )
        return {"crf": f"{crf:g}", "preset": preset, "x265-params": keys}
    return {"level": "3", "slices": "4"}


def _picture(frame: NDArray[np.uint8], pixel_format: str) -> av.VideoFrame:
    height, width = frame.shape
    picture = av.VideoFrame(width, height, pixel_format)
    picture.color_range = _FULL_RANGE
    luma = picture.planes[0]
    np.frombuffer(memoryview(luma), np.uint8).reshape(luma.height, luma.line_size)[:, :width] = (
        frame
    )
    for chroma in picture.planes[1:]:
        np.frombuffer(memoryview(chroma), np.uint8)[:] = _NEUTRAL
    return picture
