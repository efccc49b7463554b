"""Single windows have the expectation they claim."""

import math

import numpy as np
import pytest
from scipy.integrate import dblquad

from cellstorm.simulate import isolated_spots


def test_expectation_is_the_gaussian_integrated_over_each_pixel() -> None:
    spots = isolated_spots(
        1, photons=700.0, background_photons=3.0, sigma_px=1.1, size_px=9, x_px=4.3, y_px=4.9
    )

    def density(y: float, x: float) -> float:
        squared = (x - 4.3) ** 2 + (y - 4.9) ** 2
        return 700.0 * math.exp(-squared / (2 * 1.1**2)) / (2 * math.pi * 1.1**2)

    for line, column in ((4, 4), (5, 3), (2, 6)):
        light, _ = dblquad(density, column, column + 1, line, line + 1)
        assert spots.expected[0, line, column] == pytest.approx(light + 3.0, rel=1e-4)


def test_noise_is_poisson_plus_read_noise() -> None:
    spots = isolated_spots(
        4000, photons=200.0, background_photons=10.0, read_noise_e=2.0, x_px=4.5, y_px=4.5
    )
    mean, variance = spots.windows.mean(axis=0), spots.windows.var(axis=0)
    np.testing.assert_allclose(mean, spots.expected[0], atol=6 * np.sqrt(variance.max() / 4000))
    np.testing.assert_allclose(variance / (spots.expected[0] + 4.0), 1.0, atol=0.15)


def test_positions_cover_the_middle_pixel_evenly() -> None:
    spots = isolated_spots(2000, size_px=7)
    for position in (spots.x_px, spots.y_px):
        assert position.min() >= 3.0 and position.max() < 4.0
        assert np.all(np.histogram(position, bins=4, range=(3, 4))[0] > 400)


def test_each_window_can_have_its_own_light_and_the_same_seed_the_same_noise() -> None:
    light = np.array([100.0, 1000.0, 5000.0])
    first = isolated_spots(3, photons=light, size_px=15, seed=5)
    again = isolated_spots(3, photons=light, size_px=15, seed=5)
    np.testing.assert_array_equal(first.windows, again.windows)
    total = first.expected.sum(axis=(1, 2)) - 10.0 * 15 * 15
    np.testing.assert_allclose(total, light, rtol=1e-3)
