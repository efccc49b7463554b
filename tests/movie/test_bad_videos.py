"""Bad videos: one clear sentence each, and never a wrong frame."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie import open_movie
from cellstorm.movie.description import describe_movie

FAST_START = {"movflags": "+faststart"}


def _cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    cut = path.with_stem("cut")
    cut.write_bytes(data[: int(len(data) * share)])
    return cut


def _readable(error: MovieError) -> int:
    """The N of "run again with --frames 0:N"."""
    assert error.todo is not None
    return int(error.todo.partition("--frames 0:")[2].rstrip("."))


def test_a_recording_cut_before_its_index_says_how_to_repair_it(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = _cut(write_video("movie.mp4", moving_frames), 0.8)
    with pytest.raises(MovieError, match=r"no index \(its moov box is missing\)") as caught:
        open_movie(path)
    assert caught.value.todo is not None and "remux" in caught.value.todo


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("movie.mp4", {"bf": "0"}),
        ("movie-b.mp4", {"bf": "3"}),
        ("movie.mkv", {"bf": "0"}),
        ("movie-b.mkv", {"bf": "3"}),
        ("movie.avi", {"bf": "0"}),
        ("movie-b.avi", {"bf": "3", "x264-params": "b-adapt=0"}),
    ],
)
@pytest.mark.parametrize("share", [0.45, 0.7, 0.93])
def test_a_video_cut_in_a_frame_gives_all_frames_before_it(
    write_video: Any,
    moving_frames: NDArray[np.uint8],
    name: str,
    options: dict[str, str],
    share: float,
) -> None:
    path = write_video(
        name,
        moving_frames,
        options={"g": "12", "crf": "12", **options},
        container_options=FAST_START if name.endswith("mp4") else {},
    )
    expected = open_movie(path).read(0, 60)
    movie = open_movie(_cut(path, share))
    # Matroska announces a duration, not a number of frames
    assert movie.shape[0] == pytest.approx(60, abs=2 if name.endswith("mkv") else 0)
    assert any("truncated" in notice for notice in movie.notices)
    with pytest.raises(MovieError, match=r"ends in the middle of frame \d+ of") as caught:
        movie.read(0, movie.shape[0])
    readable = _readable(caught.value)
    assert f"frame {readable + 1} of {movie.shape[0]} (truncated file)" in caught.value.what
    assert 60 * share - 25 < readable < 60
    np.testing.assert_array_equal(movie.read(0, readable), expected[:readable])
    np.testing.assert_array_equal(movie.read(readable - 1, readable)[0], expected[readable - 1])
    assert movie.timestamps_s is not None and movie.codec is not None
    assert movie.timestamps_s.shape == movie.codec.frame_bytes.shape == (movie.shape[0],)
    assert np.all(np.diff(movie.timestamps_s) > 0)


def test_a_transport_stream_cut_in_a_frame_never_shows_a_wrong_one(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.ts", moving_frames, options={"g": "12", "crf": "12", "bf": "0"})
    expected = open_movie(path).read(0, 60)
    refused = 0
    for share in np.linspace(0.5, 0.9, 12):
        movie = open_movie(_cut(path, float(share)))
        # nothing in the format says how many frames there should be
        last = movie.shape[0] - 1
        np.testing.assert_array_equal(movie.read(0, last), expected[:last])
        try:
            np.testing.assert_array_equal(movie.read(last, last + 1)[0], expected[last])
        except MovieError as error:
            assert "cannot be decoded: the file is damaged there" in error.what
            assert _readable(error) == last
            refused += 1
    assert refused > 0


def test_a_damaged_picture_is_named_with_what_can_be_read(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video(
        "movie.mp4",
        moving_frames,
        options={"g": "12", "crf": "12", "bf": "0", "sc_threshold": "0"},
        container_options=FAST_START,
    )
    expected = open_movie(path).read(0, 60)
    with av.open(str(path)) as container:
        packet = [item for item in container.demux(video=0) if item.size][17]
        assert packet.pos is not None
        begin, end = packet.pos + packet.size // 3, packet.pos + packet.size // 2
    data = bytearray(path.read_bytes())
    data[begin:end] = bytes(byte ^ 0x5A for byte in data[begin:end])
    path.write_bytes(data)
    movie = open_movie(path)
    with pytest.raises(MovieError, match="frame 18 of 60 cannot be decoded") as caught:
        movie.read(10, 30)
    assert caught.value.todo == "Run again with --frames 0:17 or --frames 24:60."
    np.testing.assert_array_equal(movie.read(0, 17), expected[:17])
    np.testing.assert_array_equal(movie.read(24, 60), expected[24:])
    # those that refer to it are as wrong as the damaged one
    for number in range(17, 24):
        with pytest.raises(MovieError, match="cannot be decoded"):
            movie.read(number, number + 1)


def test_a_lost_packet_does_not_shift_the_frames_after_it(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames, "mjpeg", "yuvj420p", color_range=2)
    expected = open_movie(path).read(0, 60)
    with av.open(str(path)) as container:
        packet = [item for item in container.demux(video=0) if item.size][20]
        assert packet.pos is not None
        begin, end = packet.pos, packet.pos + packet.size
    data = bytearray(path.read_bytes())
    data[begin:end] = bytes(end - begin)
    path.write_bytes(data)
    movie = open_movie(path)
    assert movie.shape[0] == 60
    np.testing.assert_array_equal(movie.read(21, 60), expected[21:])
    with pytest.raises(MovieError, match="frame 21 of 60 cannot be decoded"):
        movie.read(15, 25)


def test_a_stream_joined_in_the_middle_begins_at_its_first_whole_picture(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video(
        "movie.ts", moving_frames, options={"g": "12", "bf": "0", "sc_threshold": "0"}
    )
    expected = open_movie(path).read(0, 60)
    with av.open(str(path)) as container:
        packets = [item for item in container.demux(video=0) if item.size]
    assert packets[17].pos is not None
    data = path.read_bytes()
    # the programme tables at the head are repeated; without them nothing could be read
    path.write_bytes(data[: 3 * 188] + data[packets[17].pos // 188 * 188 :])
    movie = open_movie(path)
    frames = movie.read(0, movie.shape[0])
    np.testing.assert_array_equal(frames, expected[60 - len(frames) :])
    assert len(frames) == 36


def test_sound_alone_is_no_movie(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        stream.layout = "mono"
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(MovieError, match="only sound in this file, no video"):
        open_movie(path)


def test_sound_with_a_cover_picture_is_no_movie(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        stream.layout = "mono"
        cover: Any = container.add_stream("png", rate=1)
        cover.width = cover.height = 16
        cover.pix_fmt = "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        picture = av.VideoFrame(16, 16, "rgb24")
        picture.pts = 0
        container.mux(cover.encode(picture))
        container.mux(cover.encode())
        container.mux(stream.encode())
    with pytest.raises(MovieError, match="only sound in this file"):
        open_movie(path)


@pytest.mark.parametrize("name", ["none.mp4", "none.mkv", "none.avi"])
def test_a_video_without_frames_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(MovieError, match="the video has no frames"):
        open_movie(path)


def test_an_unknown_codec_is_said_to_be_unknown(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(MovieError, match="its codec is unknown or the file is damaged"):
        open_movie(path)


def test_a_change_of_size_is_named(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    first = write_video("a.h264", moving_frames[:20], options={"bf": "0"})
    second = write_video("b.h264", moving_frames[:20, :32, :32], options={"bf": "0"})
    both = first.with_name("both.h264")
    both.write_bytes(first.read_bytes() + second.read_bytes())
    movie = open_movie(both)
    assert movie.shape == (40, 50, 70)
    movie.read(0, 20)
    with pytest.raises(MovieError, match=r"changes to 32 x 32 px .* at frame 20"):
        movie.read(15, 25)


def test_a_file_that_shrinks_while_being_read_is_noticed(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video(
        "movie.mp4", moving_frames, options={"g": "12"}, container_options=FAST_START
    )
    movie = open_movie(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(MovieError):
        movie.read(40, 50)


def test_a_file_that_goes_away_is_noticed(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames)
    movie = open_movie(path)
    path.unlink()
    with pytest.raises(MovieError, match="changed or went away"):
        movie.read(0, 5)


def test_a_video_cut_within_its_only_group_of_pictures_is_described(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video(
        "movie.mp4", moving_frames, options={"g": "600"}, container_options=FAST_START
    )
    description = describe_movie(open_movie(_cut(path, 0.7)))
    assert description.frames == 60
    assert 1 <= description.grey.frames < 60
    assert any("ends in the middle" in notice for notice in description.notices)
