"""What filters take of the noise shows in its correlation."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cellstorm.camera import estimate_camera
from cellstorm.camera.noise_correlation import removed_noise
from cellstorm.movie import ArrayMovie
from cellstorm.simulate import Simulation


def test_white_noise_was_not_filtered() -> None:
    noise = np.random.default_rng(0).normal(50, 5, (16, 64, 64)).astype(np.float32)
    assert removed_noise(noise) == pytest.approx(1.0, abs=0.1)


def test_a_spatial_filter_is_seen_through() -> None:
    noise = np.random.default_rng(0).normal(50, 5, (16, 96, 96))
    filtered = gaussian_filter(noise, (0, 0.6, 0.6)).astype(np.float32)
    assert removed_noise(filtered) == pytest.approx(25 / filtered.var(), rel=0.2)


def test_a_recursive_filter_is_seen_through() -> None:
    noise = np.random.default_rng(0).normal(50, 5, (60, 64, 64))
    filtered = [noise[0]]
    for frame in noise[1:]:
        filtered.append(0.6 * frame + 0.4 * filtered[-1])
    seen = np.stack(filtered)[-16:].astype(np.float32)
    # against what differences of neighbouring frames show of the noise
    short = float(np.mean(np.diff(seen, axis=0) ** 2)) / 2
    assert removed_noise(seen) == pytest.approx(25 / short, rel=0.3)


def test_the_gain_of_a_denoised_movie_comes_nearer() -> None:
    simulation = Simulation(width_px=96, height_px=96, frames=96, seed=5).changed(
        {"codec": "none", "isp": "phone"}
    )
    movie = ArrayMovie(simulation.stack())
    plain, undone = estimate_camera(movie), estimate_camera(movie, undo_filters=True)
    assert "the noise looks filtered" in plain.notes
    assert plain.gain_e_per_adu > 1.6 * 0.69
    assert 0.69 / 1.6 < undone.gain_e_per_adu < 0.69 * 1.6
