from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cellstorm.cli.render import render
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localizations import Localizations, write_table

Molecules = Callable[..., Localizations]


@pytest.fixture
def table(tmp_path: Path, molecules: Molecules) -> Path:
    path = tmp_path / "holiday.locs.parquet"
    write_table(molecules(), path)
    return path


def test_the_picture_lies_beside_the_table_and_leaves_localize_s_picture_alone(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(table)
    with Image.open(table.with_name("holiday.locs.gaussian.png")) as image:
        assert image.size == (200, 120)
    assert "300 localizations, 200 x 120 pixels of 10 nm" in capsys.readouterr().out


def test_options_reach_the_picture(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "part.tif"
    render(table, output=output, mode="histogram", pixel_nm=50, region_nm="500:1500,300:900")
    assert tifffile.imread(output).shape == (12, 20)
    render(table, output=output, magnification=4, mode="jittered", jitters=2, seed=1, bits=16)
    assert tifffile.imread(output).dtype == np.uint16


def test_time_becomes_colour(table: Path, tmp_path: Path) -> None:
    render(table, output=tmp_path / "time.png", colour_by="time")
    with Image.open(tmp_path / "time.png") as image:
        pixels = np.asarray(image).astype(int)
    assert np.ptp(pixels, axis=2).max() > 100


def test_the_movie_is_put_beside_the_picture(table: Path, tmp_path: Path) -> None:
    movie = tmp_path / "holiday.tif"
    frames = np.random.default_rng(0).integers(0, 99, (50, 12, 20)).astype(np.uint8)
    tifffile.imwrite(movie, frames, photometric="minisblack")
    render(table, output=tmp_path / "pair.png", beside=movie)
    with Image.open(tmp_path / "pair.png") as image:
        assert image.width > 1400


def test_what_makes_no_sense_is_one_sentence(table: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="X0:X1,Y0:Y1"):
        render(table, region_nm="5:10")
    with pytest.raises(ConfigurationError, match="no option 'shifts'"):
        render(table, shifts=3)
    with pytest.raises(ConfigurationError, match="weighting"):
        render(table, colour_by="time", weighting="photons")
    with pytest.raises(OutputError, match=r"known are \.png"):
        render(table, output=tmp_path / "a.bmp")
    assert [item.name for item in tmp_path.iterdir()] == ["holiday.locs.parquet"]
