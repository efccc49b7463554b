"""Real noise against predicted noise, also where bright and dim places differ."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cellstorm.localize.gaussian.residuals import score_spread

PROFILE = np.exp(-0.5 * (np.arange(-4, 5) / 1.3) ** 2).astype(np.float32)
PROFILE /= PROFILE.sum()


def _light(bright: float) -> np.ndarray:
    light = np.full((6, 96, 96), 20.0, np.float32)
    light[:, :, 48:] = bright
    return light


def test_the_right_noise_model_has_a_spread_of_one() -> None:
    light = _light(20.0)
    electrons = np.random.default_rng(0).poisson(light).astype(np.float32)
    noise = score_spread(electrons, np.zeros_like(light), light, PROFILE)
    assert noise.overall == pytest.approx(1.0, abs=0.05)
    assert len(noise.level) == 1 and noise.spread == (noise.overall,)


def test_noise_that_is_larger_in_bright_places_is_told_from_that_in_dim_ones() -> None:
    light = _light(200.0)
    random = np.random.default_rng(1)
    noise = np.sqrt(light) * random.standard_normal(light.shape)
    # neighbours share their noise there, as after denoising: coarser, at the same height
    smooth = gaussian_filter(random.standard_normal(light.shape), (0, 1.0, 1.0))
    noise[:, :, 48:] = np.sqrt(200.0) * smooth[:, :, 48:] / smooth.std()
    electrons = (light + noise).astype(np.float32)
    found = score_spread(electrons, np.zeros_like(light), light, PROFILE)
    assert len(found.level) > 1
    assert found.level == tuple(sorted(found.level))
    assert found.spread[0] == pytest.approx(1.0, abs=0.25)
    assert found.spread[-1] > 1.8


def test_molecules_do_not_count_as_noise() -> None:
    light = _light(20.0)
    random = np.random.default_rng(2)
    electrons = random.poisson(light).astype(np.float32)
    rows, columns = random.integers(8, 88, (2, 12))
    shown = electrons.copy()
    for row, column in zip(rows, columns, strict=True):
        shown[:, row - 4 : row + 5, column - 4 : column + 5] += 500.0 * np.outer(PROFILE, PROFILE)
    with_molecules = score_spread(shown, np.zeros_like(light), light, PROFILE)
    assert with_molecules.overall == pytest.approx(1.0, abs=0.3)
