"""Videos: any container and codec that ffmpeg reads, the luma plane as coded."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av import VideoFrame
from av.container import InputContainer
from av.video.reformatter import ColorRange, ColorTrc
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.codec_facts import BLOCK_SIZE_PX, CodecFacts, CodedFrames, PictureType
from cellstorm.movie.fingerprint import fingerprint_of_files
from cellstorm.movie.h264_cropping import h264_cropping_px
from cellstorm.movie.luma import GreyLayout, grey_layout
from cellstorm.movie.quantisers import MACROBLOCK_PX, macroblock_qp
from cellstorm.movie.segment_size import has_mp4_index
from cellstorm.movie.stack_axes import COLOUR_NOTICE
from cellstorm.movie.truncation import truncated_file, truncation_notice
from cellstorm.movie.video_decoder import Threads, VideoDecoder, learn_order, open_container
from cellstorm.movie.video_index import VideoIndex, read_index

__all__ = ["VideoMovie"]

_CODEC_NAMES = {
    "h264": "H.264",
    "hevc": "HEVC",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "mjpeg": "MJPEG",
    "ffv1": "FFV1",
    "mpeg4": "MPEG-4",
    "mpeg2video": "MPEG-2",
    "prores": "ProRes",
    "rawvideo": "uncompressed",
    "png": "PNG",
}
# Coded pictures without a container, and so without times.
_BARE_STREAMS = frozenset({"h264", "hevc", "m4v", "mpegvideo", "mjpeg"})
_CONTAINER_NAMES = {
    "mov": "MP4",
    "matroska": "Matroska",
    "avi": "AVI",
    "mpegts": "MPEG-TS",
    "h264": "bare stream",
    "hevc": "bare stream",
    "asf": "WMV",
    "flv": "FLV",
    "mpeg": "MPEG-PS",
    "png_pipe": "PNG",
    "image2": "picture",
}
# Text and playlists that ffmpeg would draw or follow instead of refusing.
_NOT_MOVIES = frozenset({"tty", "concat", "hls", "dash", "ffmetadata", "lavfi", "srt", "ass"})

# Decoders kept for later reads; each holds a file handle and a few frames.
_IDLE_DECODERS = 2
# Below this many pixels handing a picture to a thread costs more than decoding it.
_THREADED_FROM_PX = 256 * 256
# After a fork the parent's decoders wait for threads that do not exist in the child;
# they are kept here so that nothing ever closes them.
_LEFT_TO_PARENT: list[list[VideoDecoder]] = []


class VideoMovie(Movie):
    """A video file read through ffmpeg.

    Opening reads all packets once and decodes one picture. Reading keeps a decoder
    where it stopped, so that consecutive reads do not seek; reads from several threads
    get a decoder each.

    Parameters
    ----------
    path
        The file.
    with_qp
        Keep H.264's quantisation parameter of each macroblock with the frames.

    Raises
    ------
    MovieError
        No video in it, no picture, no index, or nothing that ffmpeg can decode.
    """

    def __init__(self, path: Path, *, with_qp: bool = True) -> None:
        self.path: Path = path
        self._lock = threading.Lock()
        self._idle: list[VideoDecoder] = []
        self._process_id = os.getpid()
        try:
            container, stream = open_container(path)
        except av.error.EOFError as error:
            # a head with nothing after it
            raise _no_frames(path) from error
        except (av.error.FFmpegError, OSError) as error:
            raise _open_error(path) from error
        with container:
            if stream is None or container.format.name in _NOT_MOVIES:
                raise _no_video(path, container)
            if stream.codec_context is None:
                raise _undecodable(path)
            index = read_index(container, stream, path)
            context = stream.codec_context
            codec, profile = context.codec.canonical_name, context.profile or ""
            pixels = context.width * context.height
            time_base = float(stream.time_base or 1)
            # blocks are counted from the corner of the coded picture, not of the visible one
            self._cropping_px = h264_cropping_px(context.extradata) if codec == "h264" else (0, 0)
            has_times = not _BARE_STREAMS.intersection(container.format.name.split(","))
            frame_rate_hz = float(stream.average_rate or stream.guessed_rate or 0)
            self.format_name = _format_name(container.format.name, codec, path)
        self._with_qp = with_qp and codec == "h264"
        self._threads: Threads = "AUTO" if pixels >= _THREADED_FROM_PX else "NONE"
        if self._threads == "AUTO" and self._with_qp:
            # between frame threads ffmpeg reads a picture's quantisers while another
            # thread may still be writing them
            self._threads = "SLICE"
        if index.packets and not index.order_is_known:
            index = learn_order(path, index)
        self._index, first = self._first_picture(index)

        self.shape = (self._index.frames, first.height, first.width)
        layout = self._layout(first)
        self._layouts: dict[str, GreyLayout] = {first.format.name: layout}
        self.dtype = layout.dtype
        self.bit_depth = layout.bit_depth
        ticks = self._index.frame_ticks
        if has_times:
            self.timestamps_s = (ticks - ticks[0]) * time_base
        self.codec: CodecFacts = self._facts(codec, profile, first, frame_rate_hz)
        self.notices = tuple(self._describe_oddities(layout, index.frames))

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """Frames ``start`` to ``stop`` (exclusive); see `Movie.read_chunk`."""
        self.check_range(start, stop)
        if start == stop:
            return FrameChunk(start, np.empty((0, *self.shape[1:]), dtype=self.dtype))
        if stop > self._index.readable_frames:
            raise truncated_file("video", self.path, self._index.readable_frames, self.shape[0])
        count, (_, height, width) = stop - start, self.shape
        frames = np.empty((count, height, width), dtype=self.dtype)
        types = np.zeros(count, dtype=np.uint8)
        qp = np.empty((count, *self._macroblocks), dtype=np.float32) if self._with_qp else None
        has_qp = np.zeros(count, dtype=np.bool_)
        read = np.zeros(count, dtype=np.bool_)

        def take(number: int, picture: VideoFrame) -> None:
            here = number - start
            self._copy(picture, number, frames[here])
            types[here] = picture.pict_type
            if qp is not None:
                block_qp = macroblock_qp(
                    picture,
                    *self._macroblocks,
                    first_row=self._cropping_px[1] // MACROBLOCK_PX,
                    first_column=self._cropping_px[0] // MACROBLOCK_PX,
                )
                if block_qp is not None:
                    qp[here] = block_qp
                    has_qp[here] = True
            read[here] = True

        with self._decoder_at(start) as decoder:
            decoder.read(start, stop, take)
            if not read.all():
                # frames missing after a seek may be there when nothing is skipped
                decoder.read(start, stop, take, from_beginning=True)
            if not read.all():
                raise self._damaged(start + int(np.argmin(read)))
        # ffmpeg counts I, P and B as we do; what follows (S, SI, SP, BI) is unusual
        types[types > PictureType.B] = PictureType.UNKNOWN
        coding = CodedFrames(
            picture_types=types,
            key_frames=self.codec.key_frames[start:stop],
            qp=qp if has_qp.all() else None,
            block_size_px=self.codec.block_size_px,
            grid_offset_px=self._grid_offset_px,
        )
        return FrameChunk(start, frames, coding)

    def fingerprint(self) -> str:
        """Hash of the file's size, head and tail."""
        return fingerprint_of_files([self.path])

    def close(self) -> None:
        """Close idle decoders; reading afterwards opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.close()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        # a lock and open files stay with their process, as do functions in layouts
        for name in ("_lock", "_idle", "_process_id", "_layouts"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._idle = []
        self._process_id = os.getpid()
        self._layouts = {}

    @property
    def _macroblocks(self) -> tuple[int, int]:
        _, height, width = self.shape
        x, y = self._grid_offset_px
        return -(-(height + y) // MACROBLOCK_PX), -(-(width + x) // MACROBLOCK_PX)

    @property
    def _grid_offset_px(self) -> tuple[int, int]:
        left, top = self._cropping_px
        return left % MACROBLOCK_PX, top % MACROBLOCK_PX

    @contextlib.contextmanager
    def _decoder_at(self, frame: int) -> Iterator[VideoDecoder]:
        """Lend a decoder, best one that stands at ``frame`` already."""
        with self._lock:
            if self._process_id != os.getpid():
                _LEFT_TO_PARENT.append(self._idle)
                self._idle, self._process_id = [], os.getpid()
            here = [decoder for decoder in self._idle if decoder.next_frame == frame]
            decoder = here[0] if here else None
            if decoder is None and len(self._idle) >= _IDLE_DECODERS:
                decoder = self._idle[0]
            if decoder is not None:
                self._idle.remove(decoder)
        if decoder is None:
            decoder = self._new_decoder(self._index)
        try:
            yield decoder
        except BaseException:
            decoder.close()
            raise
        with self._lock:
            self._idle.append(decoder)
            surplus = self._idle[:-_IDLE_DECODERS]
            self._idle = self._idle[-_IDLE_DECODERS:]
        for old in surplus:
            old.close()

    def _new_decoder(self, index: VideoIndex) -> VideoDecoder:
        return VideoDecoder(self.path, index, with_qp=self._with_qp, threads=self._threads)

    def _first_picture(self, index: VideoIndex) -> tuple[VideoIndex, VideoFrame]:
        """Decode one picture; frames before the first one that decodes do not count."""
        decoder = self._new_decoder(index)
        decoder.start_at(0)
        first, number = None, -1
        while number < 0 and (first := decoder.next_picture()) is not None:
            number = -1 if first.pts is None else first.pts
        decoder.close()
        if first is not None and number < index.readable_frames:
            return index.without_leading(number) if number else index, first
        if index.frames == 0:
            raise _no_frames(self.path)
        raise _undecodable(self.path)

    def _layout(self, picture: VideoFrame) -> GreyLayout:
        try:
            return grey_layout(picture.format)
        except ValueError as error:
            raise MovieError(
                f"the pixel format {error} holds no grey values that can be read.",
                where=self.path,
                todo="Convert the video to gray or yuv420p without loss (for example with FFV1).",
            ) from error

    def _copy(self, picture: VideoFrame, number: int, out: NDArray[Any]) -> None:
        name = picture.format.name
        layout = self._layouts.get(name)
        if layout is None:
            layout = self._layouts[name] = self._layout(picture)
        if (picture.height, picture.width) != out.shape or layout.dtype != self.dtype:
            raise MovieError(
                f"the picture changes to {picture.width} x {picture.height} px ({name})"
                f" at frame {number}.",
                where=self.path,
                todo=f"Run again with --frames 0:{number}, or split the video there.",
            )
        layout.copy(picture, out)

    def _facts(
        self, codec: str, profile: str, first: VideoFrame, frame_rate_hz: float
    ) -> CodecFacts:
        _, height, width = self.shape
        byte_count = self._index.frame_bytes
        bits = 8.0 * float(byte_count.sum())
        counted = max(1, int(np.count_nonzero(byte_count)))
        rate_hz = self.frame_rate_hz or frame_rate_hz
        return CodecFacts(
            codec=codec,
            profile=profile,
            pixel_format=first.format.name,
            frame_bytes=byte_count,
            key_frames=self._index.key_frames(),
            block_size_px=BLOCK_SIZE_PX.get(codec, 1),
            has_qp=codec == "h264",
            color_range=_color_range(first),
            transfer=_transfer(first),
            rotation_deg=-first.rotation % 360,
            bit_rate_bits_per_s=bits / counted * rate_hz,
            bits_per_pixel=bits / (counted * height * width),
        )

    def _describe_oddities(self, layout: GreyLayout, frames_in_file: int) -> Iterator[str]:
        if layout.is_colour:
            yield COLOUR_NOTICE
        left_out = frames_in_file - self._index.frames
        if left_out > 0:
            yield (
                f"The first {left_out} pictures refer to others before the beginning of the"
                " file and are left out."
            )
        if self._index.readable_frames < self._index.frames:
            yield truncation_notice(self._index.readable_frames, self._index.frames)

    def _damaged(self, frame: int) -> MovieError:
        after = np.flatnonzero(self.codec.key_frames[frame + 1 :])
        choices = [f"--frames 0:{frame}"] if frame else []
        if after.size:
            choices.append(f"--frames {frame + 1 + int(after[0])}:{self.shape[0]}")
        return MovieError(
            f"frame {frame + 1} of {self.shape[0]} cannot be decoded: the file is damaged there.",
            where=self.path,
            todo=f"Run again with {' or '.join(choices)}." if choices else None,
        )


def _color_range(frame: VideoFrame) -> Literal["limited", "full", "unknown"]:
    if frame.format.name.startswith("yuvj") or frame.color_range == int(ColorRange.JPEG):
        return "full"
    return "limited" if frame.color_range == int(ColorRange.MPEG) else "unknown"


def _transfer(frame: VideoFrame) -> str:
    try:
        name = ColorTrc(frame.color_trc).name.lower()
    except ValueError:
        return "unknown"
    return "unknown" if name in ("unspecified", "reserved0", "reserved") else name


def _format_name(container: str, codec: str, path: Path) -> str:
    first = container.split(",")[0]
    suffix = path.suffix.lower()
    name = _CONTAINER_NAMES.get(first, first)
    if suffix in (".webm", ".mov"):
        name = {"matroska": "WebM", "mov": "MOV"}.get(first, name)
    return f"{name} video, {_CODEC_NAMES.get(codec, codec)}"


def _lacks_index(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(12)
    boxes = (b"ftyp", b"mdat", b"wide", b"free", b"skip", b"moov")
    return head[4:8] in boxes and not has_mp4_index(path)


def _open_error(path: Path) -> MovieError:
    if _lacks_index(path):
        return MovieError(
            "the video has no index (its moov box is missing): the recording or the copy"
            " was cut off before its end.",
            where=path,
            todo="Copy it again from the phone; if it is cut there too, rebuild the index with a"
            " repair tool such as untrunc and an intact video of the same phone, then remux it"
            " (ffmpeg -i repaired.mp4 -c copy whole.mp4).",
        )
    return MovieError(
        "this is not a movie that can be opened: ffmpeg does not know it, or it is damaged.",
        where=path,
        todo="Check that it plays in a video player; if it does, convert it to MP4 or TIFF.",
    )


def _no_video(path: Path, container: InputContainer) -> MovieError:
    if container.streams.audio:
        return MovieError(
            "there is only sound in this file, no video.",
            where=path,
            todo="Choose the file that holds the pictures.",
        )
    # ffmpeg leaves out tracks without a picture
    is_empty = len(container.streams) == 0 and container.format.name not in _NOT_MOVIES
    return _no_frames(path) if is_empty and not _lacks_index(path) else _open_error(path)


def _no_frames(path: Path) -> MovieError:
    return MovieError(
        "the video has no frames.",
        where=path,
        todo="Record it again, or check how it was exported.",
    )


def _undecodable(path: Path) -> MovieError:
    return MovieError(
        "no picture of this video can be decoded: its codec is unknown or the file is damaged.",
        where=path,
        todo="Check that it plays in a video player; if it does, convert it to H.264 or FFV1.",
    )
