"""One decoder on one video: stays where it stopped, seeks only when it must."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av import VideoFrame
from av.codec.context import Flags
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from cellstorm.errors import MovieError
from cellstorm.movie.picture_garbage import count_picture
from cellstorm.movie.video_index import VideoIndex, VideoPacket, picture_packets

__all__ = ["Threads", "VideoDecoder", "learn_order", "open_container"]

Threads = Literal["AUTO", "SLICE", "NONE"]

# After a seek the first packets may be fragments that the index does not know.
_UNKNOWN_PACKETS_AFTER_SEEK = 64


def open_container(path: Path) -> tuple[InputContainer, VideoStream | None]:
    """Open a file and choose its best video stream; None where it has only sound.

    Raises
    ------
    av.error.FFmpegError
        The file is nothing that ffmpeg knows, or is damaged.
    """
    # the prefix keeps ffmpeg from taking "a:b.mp4" for a protocol
    container = av.open(f"file:{path}", metadata_errors="ignore")
    moving = [
        stream
        for stream in container.streams.video
        # cover pictures of sound files come as video streams
        if not stream.disposition & Disposition.attached_pic
    ]
    best = container.streams.best("video")
    if best in moving:
        return container, best
    return container, moving[0] if moving else None


class VideoDecoder:
    """Gives the frames of one video from any frame on.

    Each packet goes into the decoder with its frame's number for a presentation time
    and the picture comes out with it, so that a frame keeps its number whatever the
    decoder drops, repeats or reorders. Not thread-safe.

    Parameters
    ----------
    path
        The video.
    index
        Its packets.
    with_qp
        Ask the decoder for quantisation parameters.
    threads
        ``"AUTO"`` lets ffmpeg decode on all processors, ``"SLICE"`` only the slices of one
        picture at a time.

    Attributes
    ----------
    next_frame
        The frame that can be had without a seek; -1 if none.
    """

    def __init__(self, path: Path, index: VideoIndex, *, with_qp: bool, threads: Threads) -> None:
        self.index = index
        self.next_frame = -1
        self._path = path
        self._with_qp = with_qp
        self._threads: Threads = threads
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._packets: Iterator[tuple[int, VideoPacket]] = iter(())
        self._decoded: deque[VideoFrame] = deque()
        self._has_ended = True
        self._is_doubtful = False
        self._false_keys: set[int] = set()

    def close(self) -> None:
        """Release the file and the decoder; reading opens them again."""
        self.next_frame = -1
        self._packets = iter(())
        self._decoded.clear()
        self._has_ended = True
        if self._container is not None:
            self._container.close()
        self._container = self._stream = None

    def read(
        self,
        start: int,
        stop: int,
        take: Callable[[int, VideoFrame], None],
        *,
        from_beginning: bool = False,
    ) -> None:
        """Hand frames ``start`` to ``stop`` to ``take``, with their numbers, in order.

        Frames that cannot be decoded are left out.

        Parameters
        ----------
        start, stop
            Range of frames.
        take
            Called as ``take(number, picture)``; must not keep the picture.
        from_beginning
            Trust no key frame but the first.
        """
        if from_beginning:
            self.start_at(0)
        elif start != self.next_frame:
            self._seek_frame(start)
        self.next_frame = -1
        while (picture := self.next_picture()) is not None:
            number = picture.pts
            if number is None or number < start:
                continue
            if number >= stop:
                return
            take(number, picture)
            held_bytes = sum(plane.buffer_size for plane in picture.planes)
            del picture
            if self._with_qp:
                count_picture(held_bytes)
            if number == stop - 1:
                self.next_frame = stop
                return

    def start_at(self, first: int) -> None:
        """Begin to decode at packet ``first``."""
        self._packets = self._packets_from(first)
        self._decoded.clear()
        self._has_ended = self._is_doubtful = False
        assert self._stream is not None
        context = self._stream.codec_context
        # a decoder that guesses this too low drops pictures after a seek
        context.reorder_depth = max(context.reorder_depth, self.index.reorder_depth)

    def next_picture(self) -> VideoFrame | None:
        """The next sound picture, its frame's number as presentation time; None at the end.

        Where a decoder has made up parts of a picture, or given one up, those that refer
        to it are wrong too: everything up to the next key frame is left out.
        """
        while not self._decoded and not self._has_ended:
            assert self._stream is not None
            position, packet = next(self._packets, (-1, None))
            if packet is None:
                self._has_ended = True
            else:
                packet.pts = int(self.index.frame_of_packet[position])
                packet.dts = position
            try:
                pictures = self._stream.codec_context.decode(packet)
            except av.error.FFmpegError:
                # the pictures that are lost by this are missed by their numbers
                self._is_doubtful = True
                continue
            for picture in pictures:
                if picture.is_corrupt:
                    self._is_doubtful = True
                elif picture.key_frame:
                    self._is_doubtful = False
                if not self._is_doubtful and picture.pts is not None:
                    self._decoded.append(picture)
            del pictures
        return self._decoded.popleft() if self._decoded else None

    def _seek_frame(self, start: int) -> None:
        """Begin at a key frame at or before ``start`` that proves to be one.

        With periodic intra refresh the container marks pictures from which decoding
        becomes right after a while. The decoder holds those in between back, by which
        they are recognised, but may let wrong ones through later.
        """
        for packet in reversed(self.index.start_packets(start)):
            if packet in self._false_keys:
                continue
            self.start_at(packet)
            promised = int(self.index.first_frame_from[packet])
            while (picture := self.next_picture()) is not None:
                number = picture.pts
                if number is not None and number >= promised:
                    if number == promised:
                        self._decoded.appendleft(picture)
                        return
                    break
            self._false_keys.add(packet)
        self.start_at(0)

    def _packets_from(self, first: int) -> Iterator[tuple[int, VideoPacket]]:
        """Packets from ``first`` on with their numbers, the file opened and sought."""
        if first > 0:
            container, stream = self._open()
            for time in (self.index.pts[first], self.index.dts[first]):
                packets = self._seek(container, stream, int(time), first)
                if packets is not None:
                    return packets
        self.close()
        container, stream = self._open()
        return self._numbered(picture_packets(container, stream), 0, first)

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if self._container is None or self._stream is None:
            try:
                self._container, self._stream = open_container(self._path)
            except (av.error.FFmpegError, OSError) as error:
                raise self._changed() from error
            if self._stream is None:
                raise self._changed()
            self._stream.thread_type = self._threads
            # else columns cropped on the left come back for the sake of aligned addresses
            self._stream.codec_context.flags |= Flags.unaligned
            # a decoder asked for the film grain does not paint it over the picture
            exports = "film_grain+venc_params" if self._with_qp else "film_grain"
            self._stream.codec_context.options = {"export_side_data": exports}
        return self._container, self._stream

    def _seek(
        self, container: InputContainer, stream: VideoStream, time: int, first: int
    ) -> Iterator[tuple[int, VideoPacket]] | None:
        """Seek to ``time`` and check by the index that it led to ``first`` or before."""
        try:
            container.seek(time, stream=stream)
            packets = picture_packets(container, stream)
            for packet in islice(packets, _UNKNOWN_PACKETS_AFTER_SEEK):
                position = self.index.find(packet)
                if position is not None:
                    if position > first:
                        return None
                    return self._numbered(chain([packet], packets), position, first)
        except (av.error.FFmpegError, OverflowError):
            return None
        return None

    def _numbered(
        self, packets: Iterator[VideoPacket], position: int, first: int
    ) -> Iterator[tuple[int, VideoPacket]]:
        byte_count = self.index.byte_count
        for packet in packets:
            if position >= self.index.packets:
                return
            if packet.size != byte_count[position]:
                raise self._changed()
            if position >= first:
                yield position, packet
            position += 1

    def _changed(self) -> MovieError:
        return MovieError(
            "the file changed or went away while it was being read.",
            where=self._path,
            todo="Run again when nothing writes to it any more.",
        )


def learn_order(path: Path, index: VideoIndex) -> VideoIndex:
    """Decode the whole video once to see which packet is shown when.

    For files whose presentation times are missing or ambiguous.
    """
    packet_numbers = np.arange(index.packets, dtype=np.int64)
    numbered = replace(index, frame_of_packet=packet_numbers)
    decoder = VideoDecoder(path, numbered, with_qp=False, threads="AUTO")
    decoder.start_at(0)
    shown: dict[int, None] = {}
    while (picture := decoder.next_picture()) is not None:
        if picture.pts is not None:
            # a picture of two fields may come twice
            shown.setdefault(picture.pts)
    decoder.close()
    return index.with_order(np.fromiter(shown, dtype=np.int64))
