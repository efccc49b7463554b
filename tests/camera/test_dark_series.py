"""A series without light: drift, dips on key frames, clipping, hot pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellstorm.camera.dark_series import measure_dark
from cellstorm.camera.key_frame_dips import find_dips
from cellstorm.movie import ArrayMovie, open_movie
from cellstorm.simulate import Simulation


def dark(frames: int, size: int = 64, /, **more: Any) -> Simulation:
    base = Simulation(width_px=size, height_px=size, frames=frames, frame_rate_hz=29.0, seed=3)
    return base.changed(
        {
            "codec": "none",
            "structure": "uniform",
            "density_per_um2_frame": 0.0,
            "background.photons": 0.0,
            **more,
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("gop", [12, 31, 60])
def test_dips_come_back_with_the_key_frames(tmp_path: Path, gop: int) -> None:
    settings = {"codec": "h264", "codec.crf": 17.0, "codec.gop": gop}
    dark(900, 96, **settings, **{"isp.dark_clip": {"threshold_adu": 6.0}}).run(tmp_path / "d.mp4")
    with open_movie(tmp_path / "d.mp4") as movie:
        found = measure_dark(movie)
    assert found.dips.period_frames == gop
    assert found.dips.share_on_key_frames == 1.0
    assert found.dips.depth_adu > 3 * found.dips.depth_error_adu
    assert found.dark_clip_adu == pytest.approx(6, abs=2)


@pytest.mark.slow
def test_a_movie_of_key_frames_alone_has_no_dips(tmp_path: Path) -> None:
    settings = {"codec": "h264", "codec.crf": 17.0, "codec.gop": 1}
    dark(600, 96, **settings, **{"isp.dark_clip": {"threshold_adu": 6.0}}).run(tmp_path / "d.mp4")
    with open_movie(tmp_path / "d.mp4") as movie:
        assert measure_dark(movie).dips.period_frames is None


@pytest.mark.parametrize("period", [12, 31, 60])
def test_the_period_is_found_without_knowing_key_frames(period: int) -> None:
    random = np.random.default_rng(0)
    mean = 4.0 - 1e-4 * np.arange(2000) + random.normal(0, 0.02, 2000)
    mean[7::period] -= 0.06
    found = find_dips(mean)
    assert found.period_frames == period
    assert found.first_frame == 7
    assert found.depth_adu == pytest.approx(0.06, abs=4 * found.depth_error_adu)
    assert found.share_on_key_frames is None


def test_noise_and_drift_alone_have_no_rhythm() -> None:
    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        walk = np.cumsum(random.normal(0, 0.01, 1500))
        found.append(find_dips(walk + random.normal(0, 0.02, 1500)).period_frames)
    assert found == [None] * 12


def test_the_fall_of_the_mean_is_that_of_the_offset() -> None:
    drifting = dark(600, **{"defects.offset_drift_e": 2.0, "defects.offset_drift_time_s": 5.0})
    found = measure_dark(ArrayMovie(drifting.changed({"camera.offset_adu": 30.0}).stack()))
    time_s = np.arange(600) / 29.0
    course = 2.0 / 0.69 * np.exp(-time_s / 5.0)
    expected = course[:60].mean() - course[-60:].mean()
    assert found.fall_adu.value == pytest.approx(expected, abs=0.1)


def test_clipping_is_exact_where_nothing_was_coded() -> None:
    found = measure_dark(ArrayMovie(dark(40, **{"isp.dark_clip": {"threshold_adu": 6.0}}).stack()))
    # 6.0 itself rounds to what is kept
    assert found.dark_clip_adu in (5.0, 6.0)
    assert 0.5 < found.share_clipped < 0.9
    unclipped = measure_dark(ArrayMovie(dark(40, **{"camera.offset_adu": 40.0}).stack()))
    assert unclipped.dark_clip_adu is None
    assert unclipped.share_clipped == 0.0


def test_hot_pixels_are_found_where_they_are() -> None:
    frames = dark(100, **{"camera.offset_adu": 30.0}).stack().astype(np.int64)
    frames[:, 10, 20] += 60
    frames[:, 40, 5] += 25
    found = measure_dark(ArrayMovie(frames.astype(np.uint8)))
    assert [(pixel.x, pixel.y) for pixel in found.hot_pixels] == [(20, 10), (5, 40)]
    assert found.hot_pixels[0].over_adu == pytest.approx(60, abs=3)


def test_the_fixed_pattern_is_told_from_noise() -> None:
    lifted = {"camera.offset_adu": 40.0}
    even = measure_dark(ArrayMovie(dark(60, **lifted).stack()))
    uneven = measure_dark(
        ArrayMovie(dark(60, **lifted, **{"defects.fixed_pattern_offset_e": 1.0}).stack())
    )
    assert even.fixed_pattern_adu < 0.15
    assert uneven.fixed_pattern_adu == pytest.approx(1.0 / 0.69, rel=0.1)
