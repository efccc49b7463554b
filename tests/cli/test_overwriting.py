"""What is there is replaced only where cellstorm wrote it, or where the user says so."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.earlier_result import is_earlier_result
from cellstorm.localizations import Localizations, Metadata, read_table, write_table
from cellstorm.simulate import Simulation

FOREIGN = b"years of work"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    random = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "frame": np.arange(50, dtype=np.uint32),
            "x_nm": random.uniform(0, 3_000, 50),
            "y_nm": random.uniform(0, 3_000, 50),
            "photons": np.full(50, 900, np.float32),
            "sigma_nm": np.full(50, 130, np.float32),
            "uncertainty_nm": np.full(50, 12, np.float32),
        }
    )
    write_table(Localizations(rows, Metadata(pixel_size_nm=100.0)), tmp_path / "table.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(words)
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


VERBS = {
    "filter": ("filter", "table.parquet", "photons > 1", "--output", "out.parquet"),
    "link": ("link", "table.parquet", "--output", "out.parquet"),
    "render": ("render", "table.parquet", "--output", "out.png"),
    "render, values": ("render", "table.parquet", "--output", "out.tif"),
    "render, for OMERO": ("render", "table.parquet", "--output", "out.ome.tif"),
    "convert": ("convert", "table.parquet", "out.hdf5"),
    "convert, SMLM": ("convert", "table.parquet", "out.smlm"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_an_earlier_result_is_replaced_and_that_is_said(
    here: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = VERBS[verb]
    output = next(word for word in words if word.startswith("out"))
    assert run(*words) == 0
    assert is_earlier_result(here / output)
    assert "(replaced)" not in capsys.readouterr().out
    assert run(*words) == 0
    assert f"{output} (replaced): " in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_not_ours_is_left_unless_the_user_says_so(
    here: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = VERBS[verb]
    output = here / next(word for word in words if word.startswith("out"))
    output.write_bytes(FOREIGN)
    assert run(*words) == 2
    assert "--overwrite to replace it" in capsys.readouterr().err
    assert output.read_bytes() == FOREIGN
    assert run(*words, "--overwrite") == 0
    assert output.read_bytes() != FOREIGN


def test_a_csv_cannot_say_whose_it_is_and_is_left(here: Path) -> None:
    assert run("convert", "table.parquet", "out.csv") == 0
    assert run("convert", "table.parquet", "out.csv") == 2
    assert run("convert", "table.parquet", "out.csv", "--overwrite") == 0
    assert len(read_table(here / "out.csv")) == 50


@pytest.mark.parametrize("verb", VERBS)
def test_a_place_that_cannot_be_written_is_said_before_any_work(
    here: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tuple(word.replace("out.", "no/out.") for word in VERBS[verb])
    assert run(*words) == 2
    assert "the folder no does not exist" in capsys.readouterr().err
    (here / "no").mkdir()
    (here / next(word for word in words if word.startswith("no"))).mkdir()
    assert run(*words) == 2
    assert "a folder has this name already" in capsys.readouterr().err


def test_localize_leaves_a_picture_that_is_not_its_own(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Simulation(width_px=24, height_px=24, frames=12, seed=1).run(here / "film.mp4")
    picture = here / "film.locs.png"
    picture.write_bytes(FOREIGN)
    words = ("localize", "film.mp4", "--fast")
    assert run(*words) == 2
    assert "film.locs.png: there is a file already" in capsys.readouterr().err
    assert picture.read_bytes() == FOREIGN
    assert not (here / "film.locs.parquet").exists()

    assert run(*words, "--overwrite") == 0
    assert "film.locs.png (replaced)" in capsys.readouterr().out
    assert run(*words) == 0
    told = capsys.readouterr().out
    assert "film.locs.parquet (replaced)" in told
    assert "film.locs.png (replaced)" in told
