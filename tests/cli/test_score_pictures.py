"""``cellstorm score --pictures`` draws grid bias and coverage."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cellstorm.cli import main
from cellstorm.localizations import Localizations, Metadata, write_table


def tables(folder: Path, *, pixel_size_nm: float | None, uncertain: bool) -> tuple[Path, Path]:
    """A table whose errors are 15 nm, as it says, and its truth."""
    random = np.random.default_rng(3)
    count = 4000
    truth = pl.DataFrame(
        {
            "frame": np.sort(random.integers(0, 400, count)).astype(np.uint32),
            "x_nm": random.uniform(0, 6400, count),
            "y_nm": random.uniform(0, 6400, count),
        }
    )
    found = truth.with_columns(
        pl.col("x_nm") + random.normal(0, 15, count), pl.col("y_nm") + random.normal(0, 15, count)
    )
    if uncertain:
        found = found.with_columns(uncertainty_nm=pl.lit(15.0, pl.Float32))
    truth.write_parquet(folder / "truth.parquet")
    write_table(
        Localizations(found, Metadata(pixel_size_nm=pixel_size_nm)), folder / "found.parquet"
    )
    return folder / "found.parquet", folder / "truth.parquet"


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["score", *map(str, words), "--bootstrap", "0"])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def test_pictures_and_their_figures_are_written_into_the_folder(tmp_path: Path) -> None:
    found, truth = tables(tmp_path, pixel_size_nm=100.0, uncertain=True)
    folder = tmp_path / "new" / "quality"
    assert run(found, truth, "--pictures", folder) == 0
    assert {path.name for path in folder.iterdir()} == {
        "grid_bias.png",
        "grid_bias.json",
        "coverage.png",
        "coverage.json",
    }
    for name in ("grid_bias.png", "coverage.png"):
        with Image.open(folder / name) as picture:
            assert picture.width > 1000
    covered = json.loads((folder / "coverage.json").read_text(encoding="utf-8"))
    assert covered["x"]["robust_sd"] == pytest.approx(1.0, abs=0.08)
    bias = json.loads((folder / "grid_bias.json").read_text(encoding="utf-8"))
    assert bias["pairs"] > 3900
    assert all(histogram["p_value"] > 0.001 for histogram in bias["histograms"])


def test_what_cannot_be_drawn_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, truth = tables(tmp_path, pixel_size_nm=None, uncertain=False)
    assert run(found, truth, "--pictures", tmp_path / "quality") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "grid_bias.png needs the pixel size" in printed
    assert "coverage.png needs uncertainties" in printed
    assert list((tmp_path / "quality").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    found, truth = tables(tmp_path, pixel_size_nm=100.0, uncertain=True)
    (tmp_path / "taken").write_text("a file")
    assert run(found, truth, "--pictures", tmp_path / "taken") == 2
