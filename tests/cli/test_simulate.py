"""``cellstorm simulate`` end to end: what it writes, and what it refuses without a trace."""

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from cellstorm.cli import main
from cellstorm.movie import open_movie
from cellstorm.simulate import load_simulation

SMALL = ("--set", "width_px=48", "--set", "height_px=48", "--set", "frames=20")


def simulate(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["simulate", *map(str, words)])
    return int(exit_.value.code or 0)


def test_a_movie_its_truth_and_its_model_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "phone"
    assert simulate("phone", "-o", folder, *SMALL, "--set", "photons=500") == 0
    with open_movie(folder / "movie.mp4") as movie:
        assert movie.shape == (20, 48, 48)
    truth = pl.read_parquet(folder / "movie.truth.parquet")
    assert pl.read_csv(folder / "movie.truth.csv").height == truth.height
    model = load_simulation(folder / "movie.simulation.json")
    assert model.photophysics.kind == "steady" and model.photophysics.photons == 500
    assert f"{truth.height} rows, one per molecule and frame" in capsys.readouterr().out
    assert len(list(folder.iterdir())) == 4


def test_without_a_name_the_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate() == 0
    printed = capsys.readouterr().out
    for name in ("phone", "paper-fig5", "emccd", "scmos", "dense"):
        assert f"  {name}" in printed


def test_the_model_is_shown_with_the_rate_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert simulate("phone", "--show") == 0
    shown = capsys.readouterr().out
    assert "crf: 23.0" in shown
    assert list(tmp_path.iterdir()) == []
    Path("mine.yaml").write_text(shown)
    assert load_simulation("mine.yaml") == load_simulation("phone")


def test_no_movie_lies_beside_the_truth_of_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate("phone", "-o", tmp_path, *SMALL) == 0
    before = (tmp_path / "movie.truth.csv").read_bytes()
    other = ("phone", "-o", tmp_path, *SMALL, "--set", "codec=none", "--set", "seed=3")
    assert simulate(*other) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "movie.truth.csv").read_bytes() == before
    assert simulate(*other, "--overwrite") == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "movie.tif",
        "movie.truth.parquet",
        "movie.truth.csv",
        "movie.simulation.json",
    }


def test_a_truth_without_its_movie_is_not_replaced_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "movie.truth.csv").write_text("mine")
    assert simulate("phone", "-o", tmp_path, *SMALL) == 2
    assert "movie.truth.csv" in capsys.readouterr().err
    assert (tmp_path / "movie.truth.csv").read_text() == "mine"


def test_values_that_a_codec_cuts_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate("phone", "-o", tmp_path, *SMALL, "--set", "camera=ixon-897") == 0
    assert "the camera gives 14 bits and the file keeps 8" in capsys.readouterr().out
    assert simulate("emccd", "-o", tmp_path / "uncoded", *SMALL) == 0
    assert "note" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (("structure=image", "structure.path=grey.png"), "structure.path takes a black-and-white"),
        (("structure=image", "structure.path=no.png"), "no.png: there is no such picture"),
        (("structure=positions", "structure.path=no.csv"), "structure.path takes a .csv"),
        (("structure=positions",), "structure.path: field required"),
        (("psf={kind: volume, path: no.tif, pixel_nm: 50, z_step_nm: 50}",), "psf.path takes a"),
        (("photons=-3",), "photophysics.photons: "),
        (("codec.gop=0",), "codec.gop: "),
        (("codec=xvid",), "codec: there is no kind 'xvid'"),
        (("frame_rate_hz=1e-9",), "frame_rate_hz: "),
        (("density_per_um2_frame=1e6",), "um2"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8), 255).save("grey.jpg")
    Path("grey.jpg").rename("grey.png")
    words = [word for setting in settings for word in ("--set", setting)]
    assert simulate("phone", "-o", "made", *SMALL, *words) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""
    assert not Path("made").exists()


def test_a_file_in_the_folder_s_place_is_called_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "afile").write_text("")
    assert simulate("phone", "-o", tmp_path / "afile", *SMALL) == 2
    printed = capsys.readouterr()
    assert "this is a file, not a folder" in printed.err
    assert printed.out == ""


def test_a_run_that_fails_takes_its_folder_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # deeper than the stack reaches, which only the molecules show
    settings = ("--set", "psf=pupil", "--set", "structure.z_spread_nm=1e5")
    code = simulate("phone", "-o", tmp_path / "made", *SMALL, *settings)
    assert code == 2
    assert capsys.readouterr().err != ""
    assert not (tmp_path / "made").exists()
