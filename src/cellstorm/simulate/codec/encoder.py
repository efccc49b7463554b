"""Grey frames through one of ffmpeg's encoders into a file or into memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av import VideoFrame
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.codec.value_range import GreyValues, to_limited_range
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["Destination", "EncoderSettings", "crop_by_parameter_sets", "encode_pictures"]

Destination = Path | BytesIO

_LIMITED_RANGE, _FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG
_BT709 = 1  # AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_SPC_BT709


@dataclass(frozen=True)
class EncoderSettings:
    """What ffmpeg is told.

    Attributes
    ----------
    encoder
        ffmpeg's name of it.
    pixel_format
        ffmpeg's name; the first plane takes the grey values.
    bit_depth
        Bits of a grey value.
    is_full_range
        Whether values go in as they are or are mapped to the limited range.
    gop
        Frames from key frame to key frame.
    options
        The encoder's own.
    bit_rate_bits_per_s
        Mean rate to aim at, or None.
    padding_px
        Columns on the left and rows on top that repeat the frame's edge.
    """

    encoder: str
    pixel_format: str
    bit_depth: int
    is_full_range: bool
    gop: int
    options: dict[str, str]
    bit_rate_bits_per_s: int | None = None
    padding_px: tuple[int, int] = (0, 0)


def encode_pictures(
    destination: Destination,
    container_format: str,
    blocks: Iterable[GreyValues],
    settings: EncoderSettings,
    view: FieldOfView,
) -> None:
    """Encode grey frames with one thread, so that the same frames give the same bytes.

    Parameters
    ----------
    destination
        File to write (its extension chooses the container), or memory.
    container_format
        ffmpeg's name of the container in memory.
    blocks
        Consecutive ``(n, height_px, width_px)`` blocks of full-range grey values.
    settings
        For the encoder.
    view
        Size and rate of the frames.

    Raises
    ------
    ConfigurationError
        The encoder is missing, or does not take pictures of this kind.
    """
    _require(settings)
    left, top = settings.padding_px
    rate = Fraction(view.frame_rate_hz).limit_denominator(1001)
    # Matroska else invents identifiers that differ from file to file
    container_options = (
        {"fflags": "+bitexact"} if _is_matroska(destination, container_format) else {}
    )
    target: Any = str(destination) if isinstance(destination, Path) else destination
    name = None if isinstance(destination, Path) else container_format
    with av.open(target, "w", format=name, options=container_options) as container:
        stream = cast("VideoStream", container.add_stream(settings.encoder, rate=rate))
        context = stream.codec_context
        stream.width = view.width_px + left
        stream.height = view.height_px + top
        stream.pix_fmt = settings.pixel_format
        context.color_range = _FULL_RANGE if settings.is_full_range else _LIMITED_RANGE
        if not settings.is_full_range:
            # as phones do; x264 flags the range only beside something else
            context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.gop_size = settings.gop
        if settings.bit_rate_bits_per_s is not None:
            context.bit_rate = settings.bit_rate_bits_per_s
        context.options = settings.options
        context.thread_count = 1
        for number, frame in enumerate(_frames(blocks, settings)):
            picture = _picture(frame, settings)
            picture.pts = number
            picture.time_base = 1 / rate
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)


def crop_by_parameter_sets(
    source: Destination,
    destination: Destination,
    container_format: str,
    *,
    stream_filter: str,
    cropping_px: tuple[int, int],
) -> None:
    """Copy a video, telling decoders to leave out columns and rows; no picture is coded anew.

    Parameters
    ----------
    source, destination
        Whole video, and where the cropped one goes.
    container_format
        ffmpeg's name of the container in memory.
    stream_filter
        ffmpeg's filter that edits the codec's parameter sets.
    cropping_px
        Columns on the left and rows on top.
    """
    left, top = cropping_px
    given: Any = str(source) if isinstance(source, Path) else BytesIO(source.getbuffer())
    target: Any = str(destination) if isinstance(destination, Path) else destination
    name = None if isinstance(destination, Path) else container_format
    with av.open(given) as whole, av.open(target, "w", format=name) as cropped:
        before = whole.streams.video[0]
        after = cropped.add_stream_from_template(before)
        edit = BitStreamFilterContext(
            f"{stream_filter}=crop_left={left}:crop_top={top}", before, after
        )
        packets = (packet for packet in whole.demux(before) if packet.size)
        for packet in (edited for one in packets for edited in edit.filter(one)):
            packet.stream = after
            cropped.mux(packet)


def _require(settings: EncoderSettings) -> None:
    try:
        formats = av.codec.Codec(settings.encoder, "w").video_formats or []
    except av.codec.codec.UnknownCodecError as error:
        raise ConfigurationError(
            f"the installed PyAV has no encoder {settings.encoder}.",
            todo="Choose another codec, or install PyAV from its own wheels.",
        ) from error
    if settings.pixel_format not in [known.name for known in formats]:
        raise ConfigurationError(
            f"the installed {settings.encoder} takes no {settings.bit_depth}-bit pictures"
            f" ({settings.pixel_format}).",
            todo="Set bit_depth to 8, or choose another codec.",
        )


def _is_matroska(destination: Destination, container_format: str) -> bool:
    if isinstance(destination, Path):
        return destination.suffix.lower() in (".mkv", ".webm")
    return container_format in ("matroska", "webm")


def _frames(blocks: Iterable[GreyValues], settings: EncoderSettings) -> Iterator[GreyValues]:
    left, top = settings.padding_px
    dtype = np.uint8 if settings.bit_depth == 8 else np.uint16
    for block in blocks:
        if block.dtype != dtype:
            raise ValueError(f"{settings.bit_depth}-bit frames must be {np.dtype(dtype)}")
        if not settings.is_full_range:
            block = to_limited_range(block, settings.bit_depth)
        if left or top:
            padding = ((0, 0), (top, 0), (left, 0))
            block = cast("GreyValues", np.pad(block, padding, mode="edge"))
        yield from block


def _picture(frame: GreyValues, settings: EncoderSettings) -> VideoFrame:
    height, width = frame.shape
    picture = VideoFrame(width, height, settings.pixel_format)
    picture.color_range = _FULL_RANGE if settings.is_full_range else _LIMITED_RANGE
    luma = picture.planes[0]
    values = np.frombuffer(memoryview(luma), frame.dtype)
    values.reshape(luma.height, -1)[:, :width] = frame
    for chroma in picture.planes[1:]:
        np.frombuffer(memoryview(chroma), frame.dtype)[:] = 1 << (settings.bit_depth - 1)
    return picture
