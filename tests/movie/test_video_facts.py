"""Times, key frames, rotation and the rest that a video says about itself."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.movie import PictureType, open_movie


def test_constant_frame_rate(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    movie = open_movie(write_video("movie.mp4", moving_frames))
    assert movie.timestamps_s is not None
    np.testing.assert_allclose(movie.timestamps_s, np.arange(60) / 30, atol=1e-9)
    assert movie.frame_rate_hz == pytest.approx(30)
    assert movie.format_name == "MP4 video, H.264"


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv"])
def test_variable_frame_rate_keeps_each_frames_time(
    write_video: Any, moving_frames: NDArray[np.uint8], name: str
) -> None:
    steps_ms = np.full(59, 33)
    steps_ms[[10, 30, 31]] = [66, 500, 20]
    times_ms = np.concatenate([[0], np.cumsum(steps_ms)])
    path = write_video(
        name,
        moving_frames,
        pts=times_ms.tolist(),
        time_base=Fraction(1, 1000),
        options={"bf": "2", "g": "12"},
    )
    movie = open_movie(path)
    assert movie.timestamps_s is not None
    np.testing.assert_allclose(movie.timestamps_s, times_ms / 1000, atol=2e-3)
    assert movie.frame_rate_hz == pytest.approx(1000 / 33, rel=0.01)


def test_matroskas_rounded_times_give_the_right_rate(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    movie = open_movie(write_video("movie.mkv", moving_frames))
    assert movie.frame_rate_hz == pytest.approx(30, rel=1e-3)


def test_key_frames_and_gop_length_are_those_asked_for(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video(
        "movie.mp4", moving_frames, options={"g": "15", "sc_threshold": "0", "bf": "2"}
    )
    facts = open_movie(path).codec
    assert facts is not None
    np.testing.assert_array_equal(np.flatnonzero(facts.key_frames), [0, 15, 30, 45])
    assert facts.gop_length == 15


def test_picture_types_are_those_of_the_encoder(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video(
        "movie.mp4",
        moving_frames,
        options={"g": "100", "bf": "1", "sc_threshold": "0", "x264-params": "b-adapt=0"},
    )
    coding = open_movie(path).read_chunk(0, 60).coding
    assert coding is not None
    assert coding.picture_types[0] == PictureType.I
    np.testing.assert_array_equal(coding.picture_types[1:59:2], PictureType.B)
    np.testing.assert_array_equal(coding.picture_types[2:60:2], PictureType.P)
    np.testing.assert_array_equal(coding.key_frames, [True] + 59 * [False])


def test_bits_per_pixel_add_up_to_the_file(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mkv", moving_frames, options={"bf": "2"})
    facts = open_movie(path).codec
    assert facts is not None
    total = int(facts.frame_bytes.sum())
    # what remains is the container's own
    assert 0.6 * path.stat().st_size < total < path.stat().st_size
    assert facts.bits_per_pixel == pytest.approx(8 * total / moving_frames.size)
    assert facts.bit_rate_bits_per_s == pytest.approx(8 * total / 60 * 30, rel=1e-3)
    assert facts.frame_bytes[0] == facts.frame_bytes.max()


def test_transfer_curve_is_kept(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    hlg = open_movie(write_video("hlg.mp4", moving_frames, color_trc=18)).codec
    plain = open_movie(write_video("plain.mp4", moving_frames)).codec
    assert hlg is not None and plain is not None
    assert hlg.transfer == "arib_std_b67"
    assert plain.transfer == plain.color_range == "unknown"


def test_rotation_is_reported_and_frames_are_left_alone(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("phone.mp4", moving_frames)
    expected = open_movie(path).read(0, 60)
    data = bytearray(path.read_bytes())
    # the display matrix of the track header (ISO/IEC 14496-12, 8.3.2), a quarter turn clockwise
    matrix = data.find(b"tkhd") + 4 + 40
    one, w = 1 << 16, 1 << 30
    data[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 50 << 16, 0, w)
    path.write_bytes(data)
    movie = open_movie(path)
    assert movie.codec is not None
    assert movie.codec.rotation_deg == 90
    np.testing.assert_array_equal(movie.read(0, 60), expected)


@pytest.mark.parametrize("skipped", [5, 12, 17])
def test_an_edit_list_cuts_the_beginning_off(
    write_video: Any, moving_frames: NDArray[np.uint8], skipped: int
) -> None:
    path = write_video("movie.mp4", moving_frames, options={"g": "12", "bf": "2"})
    expected = open_movie(path).read(0, 60)[skipped:]
    trimmed = _trim(path, skipped)
    movie = open_movie(trimmed)
    assert movie.shape[0] == 60 - skipped
    assert movie.timestamps_s is not None
    assert movie.timestamps_s[0] == 0
    np.testing.assert_array_equal(movie.read(0, 60 - skipped), expected)
    np.testing.assert_array_equal(movie.read(30, 33), expected[30:33])


def _trim(path: Path, frames: int) -> Path:
    """Move the start in the edit list (ISO/IEC 14496-12, 8.6.6), as phones' editors do."""
    data = bytearray(path.read_bytes())
    entry = data.find(b"elst") + 12
    duration, media_time = struct.unpack(">Ii", data[entry : entry + 8])
    data[entry : entry + 8] = struct.pack(
        ">Ii", duration - round(frames / 30 * 1000), media_time + 512 * frames
    )
    trimmed = path.with_name("trimmed.mp4")
    trimmed.write_bytes(data)
    return trimmed


def test_a_bare_stream_has_frames_but_no_times(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("bare.h264", moving_frames, options={"g": "12", "bf": "2"})
    movie = open_movie(path)
    assert movie.shape[0] == 60
    assert movie.timestamps_s is None
    assert movie.frame_rate_hz is None
    np.testing.assert_array_equal(movie.read(31, 34), movie.read(0, 60)[31:34])
