"""``cellstorm calibrate`` from the command line."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cellstorm.camera import load_camera
from cellstorm.cli import main


def exit_code(*words: object) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return caught.value.code


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    light = np.linspace(5, 120, 96) * np.ones((12, 64, 1))
    grey = random.poisson(light) / 0.8 + 10 + random.normal(0, 2, light.shape)
    tifffile.imwrite(tmp_path / "clip.tif", np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return tmp_path / "clip.tif"


@pytest.fixture
def dark(tmp_path: Path) -> Path:
    grey = np.random.default_rng(1).normal(10, 2, (40, 64, 96))
    tifffile.imwrite(tmp_path / "dark.tif", np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return tmp_path / "dark.tif"


def test_a_camera_and_a_page_are_written(
    clip: Path, dark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "mine.yaml"
    assert exit_code("calibrate", clip, "--dark", dark, "-o", made) == 0
    camera = load_camera(made)
    assert camera.gain_e_per_adu == pytest.approx(0.8, rel=0.06)
    assert camera.offset_adu == pytest.approx(10, abs=0.1)
    page = made.with_suffix(".html").read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="http' not in page
    printed = capsys.readouterr().out
    assert "gain" in printed
    assert "e/ADU" in printed


def test_an_earlier_camera_is_not_lost(clip: Path, tmp_path: Path) -> None:
    made = tmp_path / "mine.yaml"
    made.write_text("name: precious\n")
    assert exit_code("calibrate", clip, "-o", made) == 2
    assert made.read_text() == "name: precious\n"
    assert exit_code("calibrate", clip, "-o", made, "--overwrite") == 0


def test_a_grating_tells_the_pixel_size(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.arange(160)
    lines = 100 + 40 * np.sign(np.sin(2 * np.pi * x / 12.5 + 0.2)) * np.ones((160, 1))
    tifffile.imwrite(tmp_path / "lines.tif", lines.astype(np.uint8))
    grating = ("--grating", tmp_path / "lines.tif", "--period-um", "1")
    made = tmp_path / "camera.yaml"
    assert exit_code("calibrate", clip, *grating, "-o", made) == 0
    said = capsys.readouterr().out
    size_nm = float(said.split("pixel size ")[1].split()[0])
    assert size_nm == pytest.approx(80, rel=3e-3)
    assert "pixel size" in load_camera(made).notes


def test_exposures_give_the_camera_a_tone_curve(clip: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words: list[object] = []
    for exposure in (1, 2, 4):
        light = exposure * np.linspace(1, 60, 96) * np.ones((6, 64, 1))
        grey = 10 + light + random.normal(0, 2, light.shape)
        path = tmp_path / f"exposed{exposure}.tif"
        tifffile.imwrite(path, np.clip(np.rint(grey), 0, 255).astype(np.uint8))
        words += ["--exposure", f"{path}={exposure}"]
    made = tmp_path / "camera.yaml"
    assert exit_code("calibrate", clip, *words, "-o", made) == 0
    curve = load_camera(made).tone_curve
    assert curve is not None
    np.testing.assert_allclose(curve.linear_adu, curve.grey, atol=4.0)


@pytest.mark.parametrize("bad", ["none", "text", "black", "suffix", "optics", "exposure"])
def test_bad_input_ends_with_one_sentence(
    bad: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "camera.yaml"
    given: list[object] = [clip, "-o", made]
    if bad == "none":
        given[0] = tmp_path / "nothing.mp4"
    elif bad == "text":
        given[0] = tmp_path / "notes.mp4"
        (tmp_path / "notes.mp4").write_text("no movie\n" * 100)
    elif bad == "black":
        given[0] = tmp_path / "black.tif"
        tifffile.imwrite(tmp_path / "black.tif", np.zeros((8, 32, 32), np.uint8))
    elif bad == "suffix":
        given[2] = tmp_path / "camera.txt"
    elif bad == "exposure":
        given += ["--exposure", "a.mp4"]
    else:
        given += ["--objective", "100"]
    assert exit_code("calibrate", *given) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert len(said.strip().splitlines()) <= 2
    assert not made.exists()
    assert not made.with_suffix(".html").exists()
