"""The table of a video's packets: which coded picture becomes which frame, and when."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from cellstorm.movie.segment_size import declares_more_bytes

__all__ = ["NO_FRAME", "VideoIndex", "VideoPacket", "picture_packets", "read_index"]

VideoPacket: TypeAlias = "av.Packet[VideoStream]"

NO_FRAME = -1
"""Frame number of packets that are decoded but never shown."""

_NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class VideoIndex:
    """Packets of one video stream in decoding order, frames in presentation order.

    Attributes
    ----------
    frame_of_packet
        ``(packets,)`` int64, the frame that each packet becomes, or `NO_FRAME`.
    first_frame_from
        ``(packets,)`` int64, for key packets: the first frame that decoding from
        there gives whole (pictures shown earlier may refer to what lies before).
    is_key, pts, dts, byte_count
        ``(packets,)``, as the container says; times in ticks, missing ones are the
        smallest int64.
    frame_ticks
        ``(frames,)`` int64 presentation times, ticks of the stream's time base.
    frame_bytes
        ``(frames,)`` int64 coded sizes.
    readable_frames
        Frames whose data is in the file; less than ``frames`` if it is truncated.
    order_is_known
        False where presentation order has to be learnt by decoding.
    """

    frame_of_packet: NDArray[np.int64]
    first_frame_from: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    byte_count: NDArray[np.int64]
    frame_ticks: NDArray[np.int64]
    frame_bytes: NDArray[np.int64]
    readable_frames: int
    order_is_known: bool

    @property
    def packets(self) -> int:
        """Packets that may be decoded."""
        return int(self.frame_of_packet.size)

    @property
    def frames(self) -> int:
        """Frames that the file announces."""
        return int(self.frame_ticks.size)

    @property
    def reorder_depth(self) -> int:
        """How many pictures a decoder must hold back to show them in order."""
        shown = self.frame_of_packet[self.frame_of_packet != NO_FRAME]
        later_shown_first = np.zeros(shown.size, dtype=np.int64)
        # no codec holds back more than 16 pictures (H.264 A.3.1, HEVC A.4.2)
        for distance in range(1, min(17, shown.size)):
            later_shown_first[distance:] += shown[:-distance] > shown[distance:]
        return int(later_shown_first.max(initial=0))

    def key_frames(self) -> NDArray[np.bool_]:
        """``(frames,)`` bool: frames that were coded without reference to others."""
        keys = np.zeros(self.frames, dtype=np.bool_)
        frames = self.frame_of_packet[self.is_key]
        keys[frames[frames != NO_FRAME]] = True
        return keys

    def start_packets(self, frame: int) -> list[int]:
        """Key packets from which ``frame`` can be decoded, the nearest last.

        The first packet is not among them: decoding can always start there.
        """
        usable = self.is_key & (self.first_frame_from <= frame)
        usable[:1] = False
        found: list[int] = np.flatnonzero(usable).tolist()
        return found

    def find(self, packet: VideoPacket) -> int | None:
        """The number of a packet just read, None if it is unknown or not unique."""
        same = self.byte_count == packet.size
        same &= self.pts == (_NO_TIME if packet.pts is None else packet.pts)
        # after a seek libavformat may not know decoding times that it guessed before
        if packet.dts is not None:
            same &= (self.dts == packet.dts) | (self.dts == _NO_TIME)
        found = np.flatnonzero(same)
        return int(found[0]) if found.size == 1 else None

    def without_leading(self, count: int) -> "VideoIndex":
        """The same index when the first ``count`` frames turned out undecodable."""
        return replace(
            self,
            frame_of_packet=np.where(
                self.frame_of_packet >= count, self.frame_of_packet - count, NO_FRAME
            ),
            first_frame_from=np.maximum(self.first_frame_from - count, 0),
            frame_ticks=self.frame_ticks[count:],
            frame_bytes=self.frame_bytes[count:],
            readable_frames=self.readable_frames - count,
        )

    def with_order(self, packets_as_shown: NDArray[np.int64]) -> "VideoIndex":
        """The same index with the presentation order that a decoder gave.

        Parameters
        ----------
        packets_as_shown
            Number of the packet behind each shown frame.
        """
        frame_of_packet = np.full(self.packets, NO_FRAME, dtype=np.int64)
        frame_of_packet[packets_as_shown] = np.arange(packets_as_shown.size)
        times = self.pts[packets_as_shown]
        if bool((times == _NO_TIME).any()) or bool((np.diff(times) <= 0).any()):
            # decoding times keep the rhythm when presentation times are missing
            times = np.sort(self.dts[packets_as_shown])
        if bool((times == _NO_TIME).any()):
            times = np.arange(packets_as_shown.size, dtype=np.int64)
        index = replace(
            self,
            frame_of_packet=frame_of_packet,
            first_frame_from=_first_frame_from(frame_of_packet, self.is_key),
            frame_ticks=times,
            frame_bytes=self.byte_count[packets_as_shown],
            readable_frames=int(packets_as_shown.size),
            order_is_known=True,
        )
        lost = self.frames - int(np.count_nonzero(self.frame_of_packet != NO_FRAME))
        if lost <= 0:
            return index
        ticks = times[-1] + _mean_step(times) * np.arange(1, lost + 1, dtype=np.int64)
        whole = _with_lost(index, ticks, self.frame_bytes[-lost:])
        # a lost picture may belong before as many as the decoder holds back
        sure = max(0, index.readable_frames - index.reorder_depth)
        return replace(whole, readable_frames=sure)


def picture_packets(container: InputContainer, stream: VideoStream) -> Iterator[VideoPacket]:
    """Packets that hold a picture, in decoding order.

    Empty packets (an AVI's "show the last picture once more") and the closing packet
    that PyAV adds are left out: a decoder would take them for the end of the stream.
    """
    for packet in container.demux(stream):
        if packet.size:
            yield packet


# Every picture stands alone, so that what comes first is shown first.
_INTRA_ONLY = frozenset(
    "mjpeg mjpegb ffv1 png apng rawvideo huffyuv ffvhuff utvideo prores dnxhd jpeg2000"
    " v210 v308 v410 magicyuv dvvideo gif bmp tiff targa qtrle lagarith cfhd hap".split()
)


# Formats that store no presentation times.
_WITHOUT_TIMES = frozenset({"avi", "h264", "hevc", "m4v", "mpegvideo"})


def read_index(container: InputContainer, stream: VideoStream, path: Path) -> VideoIndex:
    """Read all packets of ``stream`` once, decoding none.

    A file cut in the middle keeps the number of frames it announces; only those which
    surely come before anything lost count as readable.
    """
    codec = stream.codec_context.codec.name
    announced_duration = container.duration
    file_bytes = path.stat().st_size

    rows: list[tuple[int, int, int, bool, bool]] = []
    repeats = 0
    complete = True
    try:
        for packet in container.demux(stream):
            if not packet.size:
                repeats += packet.dts is not None
                continue
            if packet.is_corrupt and (packet.pos or 0) + packet.size >= file_bytes:
                complete = False
                break
            hidden = packet.is_discard or (codec == "vp8" and not _vp8_is_shown(packet))
            rows.append(
                (
                    _NO_TIME if packet.pts is None else packet.pts,
                    _NO_TIME if packet.dts is None else packet.dts,
                    packet.size,
                    packet.is_keyframe,
                    hidden,
                )
            )
    except av.error.FFmpegError:
        # libavformat may report a missing end as an error of the last read
        complete = False

    table = np.array([row[:3] for row in rows], dtype=np.int64).reshape(-1, 3)
    pts, dts, byte_count = table[:, 0], table[:, 1], table[:, 2]
    is_key = np.array([row[3] for row in rows], dtype=np.bool_)
    shown = ~np.array([row[4] for row in rows], dtype=np.bool_)
    shown_pts = pts[shown]
    has_times = not bool((shown_pts == _NO_TIME).any())
    is_ordered = has_times and np.unique(shown_pts).size == shown_pts.size

    formats = set(container.format.name.split(","))
    if formats & _WITHOUT_TIMES and stream.codec_context.has_b_frames:
        # libavformat counts up in decoding order there
        is_ordered = False
    intra_only = codec in _INTRA_ONLY
    # pictures coded as two fields may come as two packets (PyAV tells from 18.1 on)
    fields = getattr(stream.codec_context, "field_order", 0) > 1 and not intra_only
    order_is_known = intra_only or (is_ordered and not fields)

    frame_of_packet = np.full(pts.size, NO_FRAME, dtype=np.int64)
    if is_ordered:
        order = np.argsort(shown_pts, kind="stable")
    else:
        order = np.arange(shown_pts.size)
    frame_of_packet[np.flatnonzero(shown)[order]] = np.arange(order.size)
    ticks = shown_pts[order] if is_ordered else dts[shown]
    if bool((ticks == _NO_TIME).any()):
        ticks = np.arange(ticks.size, dtype=np.int64)
    index = VideoIndex(
        frame_of_packet=frame_of_packet,
        first_frame_from=(
            _first_frame_by_time(pts, shown_pts[order])
            if is_ordered
            else _first_frame_from(frame_of_packet, is_key)
        ),
        is_key=is_key,
        pts=pts,
        dts=dts,
        byte_count=byte_count,
        frame_ticks=ticks,
        frame_bytes=byte_count[shown][order],
        readable_frames=int(order.size),
        order_is_known=order_is_known,
    )
    if "mov" in formats:
        lost_ticks, lost_bytes = _lost_by_index(stream, index.packets)
    else:
        announced = 0
        if declares_more_bytes(path):
            if container.format.name == "avi":
                announced = stream.frames - repeats
            elif announced_duration is not None and stream.time_base is not None:
                seconds = announced_duration / av.time_base
                announced = round(seconds / float(stream.time_base * _mean_step(ticks)))
        lost = max(announced - index.packets, 0 if complete else 1)
        decoded = dts[dts != _NO_TIME]
        lost_ticks = (decoded.max() if decoded.size else 0) + _mean_step(ticks) * np.arange(
            1, lost + 1, dtype=np.int64
        )
        lost_bytes = np.zeros(lost, dtype=np.int64)
    return _with_lost(index, lost_ticks, lost_bytes) if lost_ticks.size else index


def _mean_step(ticks: NDArray[np.int64]) -> int:
    if ticks.size < 2:
        return 1
    return max(1, round(float(ticks[-1] - ticks[0]) / (ticks.size - 1)))


def _vp8_is_shown(packet: VideoPacket) -> bool:
    # RFC 6386, section 9.1: bit 4 of the first byte is show_frame
    return bool(bytes(packet)[0] & 0x10)


def _first_frame_by_time(
    packet_pts: NDArray[np.int64], frame_pts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Frames shown no earlier than each packet (hidden packets have a time, too)."""
    return np.searchsorted(frame_pts, packet_pts).astype(np.int64)


def _first_frame_from(
    frame_of_packet: NDArray[np.int64], is_key: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The key packet's own frame; a hidden one serves from all frames before it on."""
    first = frame_of_packet.copy()
    seen = np.maximum.accumulate(frame_of_packet) + 1
    hidden = is_key & (frame_of_packet == NO_FRAME)
    first[hidden] = seen[hidden]
    return first


def _lost_by_index(
    stream: VideoStream, packets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Decoding times and sizes of pictures that an MP4's index has and its data lacks."""
    entries = stream.index_entries
    lost = []
    # a fragmented MP4 has no index of the whole
    if len(entries) == stream.frames:
        lost = [entry for entry in entries[packets:] if not entry.is_discard]
    return (
        np.array([entry.timestamp for entry in lost], dtype=np.int64),
        np.array([entry.size for entry in lost], dtype=np.int64),
    )


def _with_lost(
    index: VideoIndex, lost_ticks: NDArray[np.int64], lost_bytes: NDArray[np.int64]
) -> VideoIndex:
    """``index`` with the lost pictures at its end, which may belong between the last ones.

    A picture is never shown before it is decoded, so whatever is shown before the first
    lost picture would have been decoded is sure to be in its right place; without
    reordering that is everything there is.

    Parameters
    ----------
    index
        What is in the file.
    lost_ticks
        Decoding times of the lost pictures.
    lost_bytes
        Their sizes, 0 where unknown.
    """
    readable = index.readable_frames
    if index.reorder_depth:
        readable = int(np.searchsorted(index.frame_ticks, lost_ticks.min()))
    # decoding times run ahead of presentation times by a constant
    last = int(index.frame_ticks[-1]) if index.frames else 0
    ahead = max(0, last + _mean_step(index.frame_ticks) - int(lost_ticks.min()))
    return replace(
        index,
        frame_ticks=np.concatenate([index.frame_ticks, np.sort(lost_ticks) + ahead]),
        frame_bytes=np.concatenate([index.frame_bytes, lost_bytes]),
        readable_frames=readable,
    )
