"""The pixel's edge from a grating and from the optics."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.camera.pixel_size import OpticalPath, grating_period, measure_grating
from cellstorm.errors import MovieError
from cellstorm.movie import ArrayMovie


def grating(
    period_px: float, angle_rad: float, *, square: bool, seed: int = 0
) -> NDArray[np.float64]:
    y, x = np.mgrid[:160, :200]
    phase = 2 * np.pi * (x * np.cos(angle_rad) + y * np.sin(angle_rad)) / period_px
    wave = np.sin(phase + 0.3)
    lines = np.sign(wave) if square else wave
    shading = 100 + 0.2 * x + 0.1 * y
    noise = np.random.default_rng(seed).normal(0, 8, x.shape)
    image: NDArray[np.float64] = shading + 30 * lines + noise
    return image


@pytest.mark.parametrize("square", [False, True], ids=["sine", "lines"])
@pytest.mark.parametrize(("period_px", "angle_rad"), [(12.34, 0.0), (7.9, 0.4), (23.1, -1.2)])
def test_a_period_is_found_within_a_thousandth(
    period_px: float, angle_rad: float, square: bool
) -> None:
    found = grating_period(grating(period_px, angle_rad, square=square))
    assert found is not None
    period, angle = found
    assert period.value == pytest.approx(period_px, rel=2e-3)
    assert angle == pytest.approx(angle_rad, abs=0.01)


def test_the_error_of_a_period_is_what_it_scatters_by() -> None:
    found = [grating_period(grating(12.34, 0.2, square=False, seed=k)) for k in range(24)]
    values = [one[0].value for one in found if one is not None]
    errors = [one[0].error for one in found if one is not None]
    assert len(values) == 24
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.6)


def test_a_movie_of_a_grating_tells_the_pixel_size() -> None:
    frames = np.stack([grating(12.5, 0.1, square=True, seed=k) for k in range(5)])
    found = measure_grating(ArrayMovie(frames.astype(np.uint8)), period_um=1.0)
    assert found.pixel_size_nm.value == pytest.approx(80.0, rel=2e-3)


def test_a_picture_without_lines_is_refused() -> None:
    noise = np.random.default_rng(0).poisson(40, (4, 64, 64)).astype(np.uint8)
    with pytest.raises(MovieError, match="no regular grating"):
        measure_grating(ArrayMovie(noise), period_um=1.0)


def test_optics_give_the_pixel_size() -> None:
    path = OpticalPath(
        objective_magnification=100.0,
        eyepiece_magnification=10.0,
        phone_focal_mm=4.5,
        phone_pixel_um=1.25,
    )
    # 10x is 25 mm: 100 * 4.5 / 25 = 18 times, and 1.25 um / 18
    assert path.magnification == pytest.approx(18.0)
    assert path.pixel_size_nm == pytest.approx(69.44, abs=0.01)
