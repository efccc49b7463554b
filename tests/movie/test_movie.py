"""What every movie does, whatever file it came from."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import tifffile
from numpy.typing import NDArray

from cellstorm.cli.info import info
from cellstorm.movie import ArrayMovie, open_movie
from cellstorm.movie.description import describe_movie, range_limits


def test_chunks_are_cut_at_key_frames(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    path = write_video("movie.mp4", moving_frames, options={"g": "11", "sc_threshold": "0"})
    movie = open_movie(path)
    assert movie.chunk_starts(0, 60, 20) == [0, 11, 22, 33, 44]
    assert movie.chunk_starts(5, 30, 20) == [5, 22]
    assert movie.chunk_starts(5, 10, 20) == [5]
    # no key frame within the second half of a chunk
    assert movie.chunk_starts(0, 20, 8) == [0, 8, 16]


def test_chunks_of_uncoded_movies_are_of_full_length() -> None:
    movie = ArrayMovie(np.zeros((25, 4, 4), np.uint8))
    assert movie.chunk_starts(0, 25, 10) == [0, 10, 20]


def test_a_description_gives_the_figures_of_the_movie(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    frames = moving_frames.copy()
    frames[:, :5] = 0
    frames[:, 45:] = 255
    path = write_video(
        "movie.mp4",
        frames,
        options={"qp": "18", "g": "15", "bf": "0", "x264-params": "aq-mode=0:ipratio=1"},
        color_range=1,
    )
    with open_movie(path) as movie:
        description = describe_movie(movie)
    assert (description.frames, description.width_px, description.height_px) == (60, 70, 50)
    assert description.duration_s == pytest.approx(2)
    assert description.frame_rate_hz == pytest.approx(30)
    assert description.variable_frame_rate is False
    codec = description.codec
    assert codec is not None
    assert codec.median_qp == 18
    assert codec.quantiser_step_adu == pytest.approx(0.625 * 2**3)
    assert codec.picture_type_shares["I"] == pytest.approx(4 / 60, abs=0.03)
    assert sum(codec.picture_type_shares.values()) == pytest.approx(1)
    grey = description.grey
    coded = open_movie(path).read(0, 60).astype(np.float64)
    assert grey.share_at_zero == pytest.approx(np.mean(coded == 0), abs=0.01)
    assert grey.share_at_maximum == pytest.approx(np.mean(coded == 255), abs=0.01)
    assert grey.share_at_black == pytest.approx(np.mean(coded <= 16), abs=0.01)
    assert grey.share_at_white == pytest.approx(np.mean(coded >= 235), abs=0.01)
    assert grey.share_at_zero > 0.05 and grey.share_at_maximum > 0.05
    assert grey.median == pytest.approx(np.median(coded), abs=1)


def test_variable_frame_rate_is_noticed(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    pts = np.arange(60) + 15 * (np.arange(60) > 30)
    with open_movie(write_video("gap.mp4", moving_frames, pts=pts.tolist())) as movie:
        description = describe_movie(movie)
    assert description.variable_frame_rate is True
    assert description.longest_gap_s == pytest.approx(16 / 30)
    with open_movie(write_video("even.mkv", moving_frames)) as movie:
        assert describe_movie(movie).variable_frame_rate is False


def test_black_and_white_scale_with_range_and_depth() -> None:
    assert range_limits("limited", 8) == (16, 235)
    assert range_limits("unknown", 10) == (64, 940)
    assert range_limits("full", 10) == (0, 1023)


def test_info_prints_a_table_for_a_person(
    write_video: Any, moving_frames: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    info(write_video("movie [1].mp4", moving_frames, color_range=2))
    # long paths are folded anywhere
    printed = "".join(capsys.readouterr().out.split())
    for words in (
        "movie [1].mp4",
        "MP4 video, H.264",
        "70 x 50 px",
        "frames 60",
        "2 s",
        "30 per second",
        "full: 0 is black, 255 is white",
        "QP",
        "bits per pixel",
        "pixel size unknown",
    ):
        assert words.replace(" ", "") in printed


def test_info_prints_json_for_a_program(
    write_video: Any, moving_frames: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_video("movie.mp4", moving_frames)
    info(path, json=True)
    printed = json.loads(capsys.readouterr().out)
    with open_movie(path) as movie:
        description = dataclasses.asdict(describe_movie(movie))
    assert printed == json.loads(json.dumps(description))
    assert printed["frames"] == 60
    assert printed["codec"]["codec"] == "h264"


def test_info_works_for_uncoded_movies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "stack.npy", np.full((3, 8, 8), 65535, np.uint16))
    info(tmp_path / "stack.npy")
    printed = " ".join(capsys.readouterr().out.split())
    assert "100 % at 65535" in printed
    assert "codec" not in printed


def test_info_says_what_it_met_in_the_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = np.ones((60, 8, 8), np.float32)
    frames[33, 5, 2] = np.nan
    per_cm = 1e7 / 1512
    tifffile.imwrite(
        tmp_path / "odd.tif",
        frames,
        photometric="minisblack",
        resolution=(per_cm, per_cm),
        resolutionunit="CENTIMETER",
    )
    info(tmp_path / "odd.tif")
    printed = " ".join(capsys.readouterr().out.split())
    assert "frame 33 (counted from 0) holds a value that is NaN" in printed
    assert "1512 nm, is unusual (20 to 1000 nm are usual)" in printed


@pytest.mark.parametrize(
    ("gop", "words"), [("10", "6, typically 10 frames apart"), ("100", "1 pictures")]
)
def test_info_says_how_key_frames_are_spread(
    write_video: Any,
    moving_frames: NDArray[np.uint8],
    capsys: pytest.CaptureFixture[str],
    gop: str,
    words: str,
) -> None:
    info(write_video("movie.mp4", moving_frames, options={"g": gop, "sc_threshold": "0"}))
    assert f"key frames {words}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["h264", "tiff", "npy"])
def test_memory_does_not_grow_with_length(write_video: Any, tmp_path: Path, kind: str) -> None:
    frames = np.random.default_rng(1).integers(0, 20, (25, 512, 512)).astype(np.uint8)
    frames[:, 60:] = 12
    many = np.tile(frames, (100, 1, 1))
    if kind == "h264":
        options = {"preset": "ultrafast", "crf": "35", "g": "31"}
        path = write_video("long.mp4", many, options=options)
    elif kind == "tiff":
        path = tmp_path / "long.tif"
        tifffile.imwrite(path, many, compression="lzw", photometric="minisblack")
    else:
        path = tmp_path / "long.npy"
        np.save(path, many)
    del many
    process = psutil.Process()
    with open_movie(path) as movie:
        movie.read_chunk(0, 10)
        before = process.memory_info().rss
        for start in range(10, 2500, 10):
            movie.read_chunk(start, start + 10)
        grown = process.memory_info().rss - before
    # 600 MiB were read
    assert grown < 40 << 20
