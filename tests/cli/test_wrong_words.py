"""What is typed by mistake: one sentence, and what to type instead."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.localizations import Localizations, Metadata, write_table
from cellstorm.simulate import Simulation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film, and a table in three formats."""
    folder = tmp_path_factory.mktemp("mistakes")
    Simulation(width_px=24, height_px=24, frames=5, seed=1).run(folder / "film.mp4")
    rows = pl.DataFrame(
        {
            "frame": np.zeros(3, np.uint32),
            "x_nm": [100.0, 200.0, 300.0],
            "y_nm": [100.0, 200.0, 300.0],
            "photons": np.full(3, 900, np.float32),
        }
    )
    for name in ("table.parquet", "table.csv", "table.hdf5"):
        write_table(Localizations(rows, Metadata(pixel_size_nm=100.0)), folder / name)
    return folder


@pytest.fixture
def told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "Told":
    monkeypatch.chdir(folder)
    return Told(capsys)


class Told:
    """Runs a command that is to be refused and gives what was said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main(words)
        printed = self._capsys.readouterr()
        assert exit_.value.code == 2
        assert printed.out == ""
        assert len(printed.err.splitlines()) <= 2
        return printed.err


@pytest.mark.parametrize("name", ["table.parquet", "table.csv", "table.hdf5"])
def test_a_table_given_for_a_movie_is_called_a_table(told: Told, name: str) -> None:
    assert told("localize", name) == (
        f"Error: {name}: this is a table of molecules, not a movie.\n"
        f"Draw it with: cellstorm render {name}\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("convert", "film.mp4", "film.csv"),
        ("render", "film.mp4"),
        ("filter", "film.mp4", "photons > 100"),
        ("link", "film.mp4"),
        ("drift", "film.mp4"),
        ("score", "film.mp4", "film.truth.parquet"),
    ],
    ids=lambda words: words[0],
)
def test_a_movie_given_for_a_table_is_called_a_movie(
    told: Told, folder: Path, words: tuple[str, ...]
) -> None:
    assert told(*words) == (
        "Error: film.mp4: this is a movie, not a table of molecules.\n"
        "Make its table first: cellstorm localize film.mp4\n"
    )
    beside = folder / "film.locs.parquet"
    beside.write_bytes((folder / "table.parquet").read_bytes())
    try:
        assert "give film.locs.parquet instead" in told(*words)
    finally:
        beside.unlink()


def test_a_folder_of_videos_comes_with_the_command_for_all_of_them(
    told: Told, folder: Path, tmp_path: Path
) -> None:
    videos = tmp_path / "two films"
    videos.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (videos / name).write_bytes((folder / "film.mp4").read_bytes())
    said = told("localize", str(videos))
    assert "this is a folder (2 videos in it), not one movie" in said
    assert f"cellstorm localize '{videos}/a.mp4'" in said
    assert f"for movie in '{videos}'/*.mp4; do cellstorm localize \"$movie\"; done" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("localize",), "localize: the MOVIE is missing.\nType: cellstorm localize "),
        (("render",), "render: the TABLE is missing.\nType: cellstorm render "),
        (("render", "table.csv", "fine.png"), "put --output before it: --output fine.png"),
        (("localize", "film.mp4", "film.mp4"), "Give one file at a time"),
        (("localize", "film.mp4", "--frames"), "--frames: its value is missing"),
        (("localize", "film.mp4", "--pixelsize", "3"), "Did you mean --pixel-size-nm?"),
        (("localise", "film.mp4"), 'Did you mean "localize"?'),
        (("film.mp4",), "Type: cellstorm localize film.mp4"),
        (("table.csv",), "Type: cellstorm render table.csv"),
        (("demo", "--crf", "99"), "Must be <= 51"),
        (("convert", "table.csv", "table.tif"), "cellstorm render TABLE --output table.tif"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_do_not_fit_come_with_what_to_type(
    told: Told, words: tuple[str, ...], message: str
) -> None:
    assert message in told(*words)
