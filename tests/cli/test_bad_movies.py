"""Movies that are broken or empty: one clear sentence, exit code 2, nothing half-written."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cellstorm.cli import main


def picture(count: int, height: int = 32, width: int = 32) -> NDArray[np.uint8]:
    frames = np.random.default_rng(1).poisson(20, (count, height, width)).astype(np.uint8)
    frames[:, height // 2 - 1 : height // 2 + 1, width // 2 - 1 : width // 2 + 1] += 90
    return frames


def video(
    path: Path, frames: NDArray[np.uint8], codec: Literal["libx264", "ffv1"] = "libx264"
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "gray" if codec == "ffv1" else "yuv420p"
        if codec == "libx264":
            stream.options = {"g": "10", "bf": "0", "crf": "18"}
        for frame in frames:
            shown = av.VideoFrame.from_ndarray(frame, format="gray")
            container.mux(stream.encode(shown.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode())
    return path


def without_index(folder: Path) -> Path:
    path = video(folder / "film.mp4", picture(40))
    whole = path.read_bytes()
    # the index (moov) is the last box
    path.write_bytes(whole[: whole.rindex(b"moov") - 4])
    return path


def sound_only(folder: Path) -> Path:
    path = folder / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono"
        )
        silence.sample_rate = 8000
        silence.time_base = Fraction(1, 8000)
        silence.pts = 0
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    return path


def text(folder: Path) -> Path:
    path = folder / "film.mp4"
    path.write_text("Dear diary,\n" * 100)
    return path


def empty(folder: Path) -> Path:
    path = folder / "film.mp4"
    path.touch()
    return path


def black(folder: Path) -> Path:
    return video(folder / "film.mp4", np.zeros((40, 32, 32), dtype=np.uint8))


def white(folder: Path) -> Path:
    return video(folder / "film.mp4", np.full((40, 32, 32), 255, dtype=np.uint8))


def not_a_number(folder: Path) -> Path:
    frames = picture(20).astype(np.float32)
    frames[13, 5, 5] = np.nan
    path = folder / "film.tif"
    tifffile.imwrite(path, frames, photometric="minisblack")
    return path


def far_too_bright(folder: Path) -> Path:
    path = folder / "film.npy"
    np.save(path, picture(20) * 1e300)
    return path


def no_frame(folder: Path) -> Path:
    path = folder / "film.npy"
    np.save(path, np.zeros((0, 16, 16), dtype=np.uint8))
    return path


@pytest.mark.parametrize(
    "make",
    [without_index, sound_only, text, empty, black, white, not_a_number, far_too_bright, no_frame],
    ids=lambda make: make.__name__,
)
def test_one_sentence_exit_code_2_and_nothing_left(
    make: Callable[[Path], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(path)])
    printed = capfd.readouterr()
    assert exit_.value.code == 2
    assert path.name in printed.err
    assert "Traceback" not in printed.err
    lines = printed.err.strip().splitlines()
    assert len([line for line in lines if not line.startswith("looking at the movie")]) <= 2
    assert printed.out == ""
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def cut_short(folder: Path) -> Path:
    path = video(folder / "film.mkv", picture(60))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    return path


def test_a_film_cut_in_the_middle_of_a_frame_says_what_is_readable(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = cut_short(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(path), "--fast"])
    printed = capfd.readouterr()
    assert exit_.value.code == 2
    assert "Traceback" not in printed.err
    assert "ends in the middle of frame" in printed.err
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    # the advice works as it stands
    advised = re.search(r"--frames (\d+:\d+)", printed.err)
    assert advised is not None
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(path), "--fast", "--frames", advised[1]])
    assert exit_.value.code == 0
    assert (tmp_path / "film.locs.parquet").exists()


def one_frame(folder: Path) -> Path:
    return video(folder / "film.mp4", picture(1))


def odd_size(folder: Path) -> Path:
    return video(folder / "film.mkv", picture(12, 33, 47), "ffv1")


def numbers_of_64_bits(folder: Path) -> Path:
    path = folder / "film.npy"
    np.save(path, picture(12).astype(np.int64))
    return path


def three_channels(folder: Path) -> Path:
    path = folder / "film.tif"
    frames = np.repeat(picture(12)[..., np.newaxis], 3, axis=-1)
    tifffile.imwrite(path, frames, photometric="rgb")
    return path


@pytest.mark.parametrize(
    "make",
    [one_frame, odd_size, numbers_of_64_bits, three_channels],
    ids=lambda make: make.__name__,
)
def test_unusual_but_sound_movies_are_localized(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(path)])
    assert exit_.value.code == 0
    assert path.with_name("film.locs.parquet").exists()
    assert path.with_name("film.locs.png").exists()
