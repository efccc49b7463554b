"""The highest frequency in a picture is found, whatever its noise."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.evaluate import decorrelation

PIXEL_NM = 10.0


def band_limited(
    cut_nm: float, noise: float, shape: tuple[int, int] = (400, 360)
) -> NDArray[np.float64]:
    """Structure of every frequency up to a cut, and white noise."""
    random = np.random.default_rng(0)
    spectrum = np.fft.fft2(random.standard_normal(shape))
    y, x = (np.fft.fftfreq(size, PIXEL_NM) for size in shape)
    spectrum[np.hypot(y[:, None], x[None, :]) > 1.0 / cut_nm] = 0
    picture = np.fft.ifft2(spectrum).real
    result: NDArray[np.float64] = picture / picture.std() + noise * random.standard_normal(shape)
    return result


@pytest.mark.parametrize("cut_nm", [35.0, 60.0, 90.0])
@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_a_sharp_cut_is_found_within_three_percent(cut_nm: float, noise: float) -> None:
    found = decorrelation(band_limited(cut_nm, noise), pixel_nm=PIXEL_NM)
    assert found.resolution_nm == pytest.approx(cut_nm, rel=0.03)
    assert found.error_nm < 0.05 * cut_nm


def test_noise_lowers_the_peak_and_scale_and_level_do_not_matter() -> None:
    clean, noisy = (decorrelation(band_limited(80, n), pixel_nm=PIXEL_NM) for n in (0.01, 1.0))
    assert noisy.peak < clean.peak
    scaled = decorrelation(1000.0 + 50.0 * band_limited(80, 0.01), pixel_nm=PIXEL_NM)
    assert scaled.resolution_nm == pytest.approx(clean.resolution_nm, rel=0.01)


def test_too_large_pixels_are_told() -> None:
    found = decorrelation(band_limited(22, 0.01), pixel_nm=PIXEL_NM)
    assert "draw it with smaller ones" in found.reading
    json.dumps(found.to_dict(), allow_nan=False)


def test_pictures_without_a_figure_are_refused() -> None:
    random = np.random.default_rng(1)
    with pytest.raises(TableError, match="noise hides"):
        decorrelation(random.standard_normal((200, 200)), pixel_nm=PIXEL_NM)
    with pytest.raises(TableError, match="the same everywhere"):
        decorrelation(np.ones((64, 64)), pixel_nm=PIXEL_NM)
    with pytest.raises(TableError, match="only 20 px wide"):
        decorrelation(np.ones((20, 64)), pixel_nm=PIXEL_NM)
    with pytest.raises(ValueError, match="two axes"):
        decorrelation(np.ones((64, 64, 3)), pixel_nm=PIXEL_NM)
