from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cellstorm.cli import main
from cellstorm.cli.render import render
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localizations import Localizations, read_table, write_table

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


def test_what_is_said_is_what_was_drawn(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = read_table(table)
    count = int(((there.column("x_nm") < 1000) & (there.column("y_nm") < 600)).sum())
    for colour_by in ("density", "time"):
        render(table, output=tmp_path / "part.png", region_nm="0:1000,0:600", colour_by=colour_by)
        said = f"{count} of 300 localizations, 100 x 60 pixels of 10 nm"
        assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("1e9:2e9,0:2", "lies outside the field, which is 0:2000,0:1200 nm"),
        ("0:1e9,0:2", "would be 100000000 pixels of 10 nm long"),
        ("0:1e7,0:1e7", "more than any disk holds"),
    ],
)
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_a_region_that_makes_no_picture_is_refused(
    table: Path, tmp_path: Path, region: str, message: str, ending: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        render(table, output=tmp_path / f"part{ending}", region_nm=region)
    assert [item.name for item in tmp_path.iterdir()] == ["holiday.locs.parquet"]


def test_a_wrong_contrast_is_one_sentence(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option, value in (("--gamma", "0"), ("--saturated-percent", "200")):
        with pytest.raises(SystemExit) as exit_:
            main(["render", str(table), option, value])
        assert exit_.value.code == 2
        printed = capsys.readouterr().err
        assert printed.startswith(f"Error: {option}: input should be ")
        assert len(printed.splitlines()) == 1


def test_time_becomes_colour(table: Path, tmp_path: Path) -> None:
    render(table, output=tmp_path / "time.png", colour_by="time")
    with Image.open(tmp_path / "time.png") as image:
        pixels = np.asarray(image).astype(int)
    assert np.ptp(pixels, axis=2).max() > 100


def test_the_movie_is_put_beside_the_picture(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movie = tmp_path / "holiday.tif"
    frames = np.random.default_rng(0).integers(0, 99, (50, 12, 20)).astype(np.uint8)
    tifffile.imwrite(movie, frames, photometric="minisblack")
    render(table, output=tmp_path / "pair.png", beside=movie)
    with Image.open(tmp_path / "pair.png") as image:
        assert image.width > 1400
        said = f"200 x 120 pixels of 10 nm, on a sheet of {image.width} x {image.height} pixels"
    assert said in capsys.readouterr().out


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
