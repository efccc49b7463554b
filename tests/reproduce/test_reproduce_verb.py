"""``cellstorm reproduce``: picture, table and sentences of each figure, from the command line."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from cellstorm.cli import main
from cellstorm.localize.model_names import SHIPPED_MODELS


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["reproduce", *words])
    return int(str(end.value.code))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_photon_transfer_gives_the_papers_camera_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("fig7", "--quick", "--output", str(tmp_path)) == 0
    found = {row["quantity"]: row for row in _rows(tmp_path / "fig7-quick.csv")}
    assert float(found["gain, e per ADU"]["measured, raw"]) == pytest.approx(0.69, rel=0.05)
    assert float(found["offset, ADU"]["measured, raw"]) == pytest.approx(4.1, abs=0.2)
    assert float(found["linear up to, ADU"]["measured, raw"]) == pytest.approx(220, abs=3)
    assert found["gain, e per ADU"]["paper"] == "0.69"
    assert found["gain, e per ADU"]["version"] == "quick"
    with Image.open(tmp_path / "fig7-quick.png") as picture:
        assert min(picture.size) > 300
    told = capsys.readouterr().out
    assert "quick version: small movies, not the paper's" in told
    assert "within three standard errors" in told
    assert "quick version" in (tmp_path / "fig7-quick.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_dark_series_dips_as_often_as_the_papers(tmp_path: Path) -> None:
    assert _run("fig8", "--quick", "--output", str(tmp_path)) == 0
    found = {row["quantity"]: row for row in _rows(tmp_path / "fig8-quick.csv")}
    assert found["dips every, frames"]["paper"] == found["dips every, frames"]["measured"] == "31"


@pytest.mark.slow
def test_the_paper_grid_compares_three_methods_and_is_run_once(
    tmp_path: Path, toy_gan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--quick", "--frames", "20", "--output", str(tmp_path), "--model", str(toy_gan))
    assert _run("fig4", *words) == 0
    rows = _rows(tmp_path / "fig4-quick.csv")
    assert {row["method"] for row in rows} == {"gan", "as ThunderSTORM", "net"}
    assert len(rows) == 12
    bright = {
        row["method"]: int(row["events found within 200 nm"])
        for row in rows
        if (row["photons"], row["quality, %"]) == ("1000.0", "100.0")
    }
    assert min(bright.values()) > 0
    kept = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "work/grid").rglob("*"))
    capsys.readouterr()
    assert _run("fig5", *words) == 0
    told = capsys.readouterr()
    assert "The paper: The network finds more events than ThunderSTORM" in told.out
    # the cells of fig4 are fig5's
    again = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "work/grid").rglob("*"))
    assert again == kept
    tables = [_rows(path) for path in sorted(tmp_path.glob("fig5-quick*.csv"))]
    grid = {row["method"]: row for rows in tables if "ratio" in rows[0] for row in rows}
    assert grid["gan"]["picture"] == "sum of its frames"
    assert grid["net"]["picture"] == "histogram"
    assert 0.3 < float(grid["truth"]["ratio"]) < 3.0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fig7", "--movie", "there.mp4"), "--movie is for fig2"),
        (("fig2", "--movie", "nowhere.mp4"), "nowhere.mp4: there is no such file."),
        (("fig2", "--pixel-size-nm", "80"), "--pixel-size-nm is that of a --movie"),
        (("fig5", "--model", "nowhere.onnx"), "nowhere.onnx: there is no such model file."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(*words) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    assert not list(tmp_path.rglob("*.png"))


def test_a_file_that_is_no_movie_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.mp4").write_text("this is not a movie, but a text about one\n" * 20)
    words = ("--movie", str(tmp_path / "notes.mp4"), "--output", str(tmp_path / "out"))
    assert _run("fig2", *words) == 2
    assert "this is a text file, not a movie." in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.mp4"))


def test_a_model_of_another_method_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = str(SHIPPED_MODELS["net"])
    assert _run("fig5", "--model", net, "--output", str(tmp_path)) == 2
    assert "this is a model for --method net, not for --method gan." in capsys.readouterr().err
    assert not list((tmp_path / "work").rglob("*.onnx"))


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert _run("fig7", "--quick", "--output", str(tmp_path / "file" / "out")) == 2
    assert "Error" in capsys.readouterr().err
