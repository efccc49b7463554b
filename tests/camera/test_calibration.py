"""Photon transfer: a simulated camera is found again, with errors that are right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.camera import Camera, load_camera
from cellstorm.camera.calibration import Calibration, calibrate
from cellstorm.camera.calibration_report import measured_quantities
from cellstorm.errors import MovieError
from cellstorm.movie import ArrayMovie, open_movie
from cellstorm.simulate import Simulation

TRUTH = {"gain": 0.69, "offset": 4.1, "read noise": 2.5, "knee": 220.0}


def still(
    seed: int = 0, *, brightest_e: float = 230.0, frames: int = 40, size: int = 96, **more: Any
) -> Simulation:
    """An unevenly lit scene without molecules, as the Huawei P9 records it."""
    base = Simulation(width_px=size, height_px=size, frames=frames, seed=seed)
    return base.changed(
        {
            "codec": "none",
            "structure": "uniform",
            "density_per_um2_frame": 0.0,
            "background.photons": 2.0,
            "background.haze": {"kind": "lowpass", "peak_photons": brightest_e},
            **more,
        }
    )


def without_light(seed: int = 50, *, frames: int = 100, size: int = 96, **more: Any) -> Simulation:
    settings: dict[str, Any] = {"background.photons": 0.0, "background.haze": "off", **more}
    return still(seed, frames=frames, size=size).changed(settings)


def sigmas_off(found: Calibration) -> dict[str, float]:
    fit = found.fit
    assert fit.knee_adu is not None
    numbers = {
        "gain": fit.gain_e_per_adu,
        "offset": fit.offset_adu,
        "read noise": fit.read_noise_e,
        "knee": fit.knee_adu,
    }
    return {name: (n.value - TRUTH[name]) / n.error for name, n in numbers.items()}


@pytest.fixture(scope="module")
def raw() -> Calibration:
    return calibrate(ArrayMovie(still().stack()), ArrayMovie(without_light().stack()))


def test_a_raw_series_gives_the_camera_within_three_per_cent(raw: Calibration) -> None:
    assert raw.camera.gain_e_per_adu == pytest.approx(0.69, rel=0.03)
    assert raw.camera.offset_adu == pytest.approx(4.1, rel=0.03)
    assert raw.camera.read_noise_e == pytest.approx(2.5, rel=0.03)
    assert raw.camera.saturation_adu == pytest.approx(220, rel=0.03)
    assert raw.camera.dark_clip_adu == 0
    assert not raw.camera.estimated


def test_errors_of_a_raw_series_are_small_and_right(raw: Calibration) -> None:
    assert raw.fit.gain_e_per_adu.error < 0.03 * 0.69
    assert all(abs(z) < 4 for z in sigmas_off(raw).values()), sigmas_off(raw)
    assert 0.4 < raw.fit.chi2_per_level < 2.5


def test_the_table_names_a_unit_for_every_measured_number(raw: Calibration) -> None:
    rows = {row.name: row for row in measured_quantities(raw)}
    assert rows["gain"].unit == "e/ADU"
    assert rows["read noise"].unit == "e RMS"
    assert all(row.unit for row in rows.values() if row.error)


def test_without_a_dark_series_the_offset_is_uncertain_and_says_so() -> None:
    found = calibrate(ArrayMovie(still().stack()))
    offset = found.fit.offset_adu
    assert offset.error > 0.5
    assert abs(offset.value - 4.1) < 4 * offset.error
    assert found.camera.gain_e_per_adu == pytest.approx(0.69, rel=0.03)
    assert any("--dark" in notice for notice in found.notices)


@pytest.mark.slow
@pytest.mark.parametrize("crf", [0.0, 17.0, 23.0])
def test_coded_clips_state_errors_that_cover_the_truth(tmp_path: Path, crf: float) -> None:
    settings: dict[str, Any] = {"codec": "h264", "codec.crf": crf}
    clip, dark = tmp_path / "clip.mp4", tmp_path / "dark.mp4"
    still(1, frames=64, size=128, **settings).run(clip)
    without_light(51, frames=64, size=128, **settings).run(dark)
    with open_movie(clip) as movie, open_movie(dark) as series:
        found = calibrate(movie, series)
    assert all(abs(z) < 4 for z in sigmas_off(found).values()), sigmas_off(found)
    assert found.fit.gain_e_per_adu.error < 0.25 * 0.69
    if crf == 0:
        assert found.share_left == {}
    else:
        # the finest quantiser of an intra picture takes less than that of what follows
        assert found.share_left["inter"] < found.share_left["intra"] + 0.1 < 1.15
        assert any("The codec left" in notice for notice in found.notices)


def test_what_the_codec_has_eaten_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    still(1, brightest_e=60.0, frames=12, codec="h264").changed({"codec.crf": 45.0}).run(clip)
    with open_movie(clip) as movie, pytest.raises(MovieError, match="removed the noise"):
        calibrate(movie)


def test_a_long_dark_series_gives_maps_of_the_pixels() -> None:
    lifted: dict[str, Any] = {
        "defects.fixed_pattern_offset_e": 2.0,
        "camera.offset_adu": 20.0,
    }
    light = still(3, frames=20, size=64, **lifted)
    dark = without_light(3, frames=300, size=64, **lifted)
    found = calibrate(ArrayMovie(light.stack()), ArrayMovie(dark.stack()))
    maps = found.camera.maps
    assert maps is not None
    assert maps.offset_adu is not None
    assert maps.variance_adu2 is not None
    assert float(maps.offset_adu.std()) == pytest.approx(2.0 / 0.69, rel=0.1)
    assert float(np.median(maps.variance_adu2)) == pytest.approx((2.5 / 0.69) ** 2, rel=0.1)


def test_the_camera_that_is_written_reads_back(raw: Calibration, tmp_path: Path) -> None:
    raw.camera.save(tmp_path / "camera.yaml")
    back = load_camera(tmp_path / "camera.yaml")
    assert back.gain_e_per_adu == raw.camera.gain_e_per_adu
    assert "+-" in back.notes


def test_a_linear_clip_says_how_far_it_was_tested() -> None:
    found = calibrate(ArrayMovie(still(4, brightest_e=80.0).stack()))
    assert found.fit.knee_adu is None
    assert found.camera.saturation_adu is None
    assert 60 < found.fit.linear_up_to_adu < 130


def walking(frames: int = 30) -> NDArray[np.uint8]:
    x = np.arange(96)
    pattern = 90 + 60 * np.sin(x / 4.0)
    noise = np.random.default_rng(0).normal(0, 4, (frames, 96, 96))
    shifted = np.stack([np.roll(pattern, 2 * k) for k in range(frames)])
    return np.clip(shifted[:, np.newaxis, :] + noise, 0, 255).astype(np.uint8)


def coloured() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 200, (8, 32, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("frames", "sentence"),
    [
        (np.full((1, 32, 32), 40, np.uint8), "single frame"),
        (np.zeros((12, 32, 32), np.uint8), "nothing in it"),
        (np.full((12, 32, 32), 255, np.uint8), "nothing in it"),
        (np.where(np.arange(32) > 4, 255, 80) * np.ones((12, 32, 1), int), "overexposed"),
        (np.where(np.arange(32) > 4, 0, 80) * np.ones((12, 32, 1), int), "underexposed"),
        (walking(), "does not stand still"),
        (coloured(), "colour"),
        (np.random.default_rng(0).poisson(50, (12, 32, 32)), "brightness only goes"),
    ],
    ids=["one frame", "black", "white", "bright", "dim", "moving", "colour", "even"],
)
def test_clips_that_tell_nothing_are_refused_in_a_sentence(
    frames: NDArray[Any], sentence: str
) -> None:
    with pytest.raises(MovieError, match=sentence) as caught:
        calibrate(ArrayMovie(frames.astype(np.uint8)))
    assert caught.value.todo


def test_a_dark_series_that_is_not_dark_is_refused() -> None:
    light = still(5, frames=10, size=64)
    with pytest.raises(MovieError, match="not dark"):
        calibrate(ArrayMovie(light.stack()), ArrayMovie(light.stack()))


def test_a_bent_response_is_made_straight_first() -> None:
    srgb: dict[str, Any] = {"isp.tone": "srgb"}
    bent = still(6, brightest_e=100.0, frames=60, **srgb)
    curve = bent.recorded_camera.tone_curve
    assert curve is not None
    straight = calibrate(ArrayMovie(bent.stack()), tone_curve=curve)
    assert straight.camera.gain_e_per_adu == pytest.approx(0.69, rel=0.1)
    assert isinstance(straight.camera, Camera)
    assert straight.camera.tone_curve == curve
