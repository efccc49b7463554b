"""``cellstorm train --gan`` from the command line."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cellstorm.cli import main

pytest.importorskip("torch")


def exit_code(*words: object) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return caught.value.code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gan", "phone"], "folder of the run"),
        (["--real", "a.tif=a.csv", "-o", "run"], "need --gan"),
        (["--gan", "phone", "-o", "run", "--devices", "2"], "--devices does not go"),
        (["--gan", "phone", "-o", "run", "--real", "a.tif=a.csv"], "Give --camera"),
        (["--gan", "phone", "-o", "run", "--real", "a.tif", "--camera", "scmos"], "MOVIE=TABLE"),
    ],
)
def test_what_does_not_go_is_said(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code("train", *words) == 2
    message = capsys.readouterr().err
    assert said in message and "Traceback" not in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_pairs_that_lie_wrong_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:80, :80] + 0.5
    frames, rows = [], ["frame,x [nm],y [nm],intensity [photon]"]
    for frame in range(30):
        light = np.full((80, 80), 5.0)
        for x_px, y_px in random.uniform(5, 75, (12, 2)):
            light += 400.0 * np.exp(-((x - x_px) ** 2 + (y - y_px) ** 2) / 3.0)
            # a whole pixel off
            rows.append(f"{frame + 1},{100 * x_px + 100:.1f},{100 * y_px:.1f},3700")
        frames.append(random.poisson(light) * 2 + 100)
    tifffile.imwrite(tmp_path / "clean.tif", np.asarray(frames, np.uint16))
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    pair = f"{tmp_path / 'clean.tif'}={tmp_path / 'table.csv'}"
    words = ["--gan", "phone", "-o", tmp_path / "run", "--camera", "scmos"]
    assert exit_code("train", *words, "--pixel-size", 100, "--real", pair) == 2
    assert "clean.tif" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
