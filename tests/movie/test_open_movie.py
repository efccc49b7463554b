"""A file is what it holds, and what is no movie is refused in one sentence."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie import open_movie


def _refusal(path: Path) -> str:
    with pytest.raises(MovieError) as caught:
        open_movie(path)
    assert str(caught.value.where) == str(path)
    assert "\n" not in caught.value.what
    assert caught.value.todo
    return caught.value.what


def test_a_video_called_tif_opens_with_a_notice(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames)
    renamed = path.rename(path.with_name("movie.tif"))
    movie = open_movie(renamed)
    assert movie.shape == (60, 50, 70)
    assert movie.notices[0] == "The name says a TIFF, but the file holds a video."


def test_a_tiff_called_mp4_opens_with_a_notice(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "movie.mp4", np.zeros((3, 8, 8), np.uint8), photometric="minisblack"
    )
    movie = open_movie(tmp_path / "movie.mp4")
    assert movie.shape == (3, 8, 8)
    assert movie.notices[0] == "The name says a video, but the file holds a TIFF."


def test_a_name_without_an_ending_is_no_hindrance(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mkv", moving_frames)
    movie = open_movie(str(path.rename(path.with_name("movie"))))
    assert movie.shape == (60, 50, 70)
    assert movie.notices == ()


def test_names_that_ffmpeg_takes_for_addresses_open(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames)
    for name in ("http:host.mp4", "50%d.mp4", "[x] é#?.mp4"):
        renamed = path.with_name(name)
        renamed.write_bytes(path.read_bytes())
        assert open_movie(renamed).shape == (60, 50, 70)


@pytest.mark.parametrize("name", ["text.mp4", "text.avi", "text.tif", "text", "text.npy"])
@pytest.mark.parametrize(
    "text", ["Nothing but words.\n" * 40, "#EXTM3U\nother.mp4\n", "Größe in µm\n", "0.5"]
)
def test_text_is_no_movie_whatever_its_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="latin-1")
    assert _refusal(tmp_path / name) == "this is a text file, not a movie."


@pytest.mark.parametrize("name", ["empty.mp4", "empty.tif", "empty.raw", "empty"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert _refusal(tmp_path / name) == "the file is empty."


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "nowhere.mp4") == "there is no such file."


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    assert _refusal(tmp_path) == "this folder holds neither a Zarr nor TIFF files."


@pytest.mark.parametrize("name", ["noise.mp4", "noise.tif", "noise.npy", "noise.npz", "noise.nd2"])
def test_noise_is_no_movie_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(1).bytes(5000))
    assert any(word in _refusal(tmp_path / name) for word in ("not a", "damaged"))


def test_hdf5_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "frames.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    assert "HDF5" in _refusal(tmp_path / "frames.h5")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_a_file_one_may_not_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(b"x" * 100)
    path.chmod(0)
    with pytest.raises(MovieError, match="cannot be read"):
        open_movie(path)


def test_importing_the_room_loads_no_readers() -> None:
    program = (
        "import sys, cellstorm.movie;"
        "print([name for name in ('av', 'zarr', 'h5py', 'tifffile', 'nd2', 'imageio')"
        " if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
