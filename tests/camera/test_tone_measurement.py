"""The tone curve from known exposures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.camera.tone_measurement import fit_tone_curve, measure_tone_curve, split_by_light
from cellstorm.errors import MovieError
from cellstorm.movie import ArrayMovie


def recorded(exposure: float, *, gamma: float = 2.0, frames: int = 8) -> NDArray[np.uint8]:
    """A ramp of light seen through a curve with a toe, 8 bits."""
    y, x = np.mgrid[:48, :64]
    light = exposure * (0.02 + 0.98 * x / 64) * (1 + 0.1 * y / 48)
    grey = 4 + 251 * ((light + 0.02) ** (1 / gamma) - 0.02 ** (1 / gamma)) / (
        1.02 ** (1 / gamma) - 0.02 ** (1 / gamma)
    )
    noise = np.random.default_rng(0).normal(0, 1.5, (frames, 48, 64))
    values: NDArray[np.uint8] = np.clip(np.rint(grey + noise), 0, 255).astype(np.uint8)
    return values


EXPOSURES = (0.1, 0.2, 0.4, 0.8)


def test_a_bent_response_comes_out_straight() -> None:
    found = measure_tone_curve([ArrayMovie(recorded(e)) for e in EXPOSURES], EXPOSURES)
    images = [found.curve.linearise(recorded(e).mean(axis=0)) for e in EXPOSURES]
    black = found.curve.linearise(np.array([4.0]))[0]
    bright = images[3][:, 8:60] - black
    for image, exposure in zip(images[1:3], EXPOSURES[1:3], strict=True):
        ratio = (image[:, 8:60] - black) / bright
        assert np.median(ratio) == pytest.approx(exposure / 0.8, rel=0.06)
    assert found.bend > 0.1
    assert found.relative_rest < 0.1


def test_a_straight_response_stays_straight() -> None:
    movies = [ArrayMovie(recorded(e, gamma=1.0)) for e in EXPOSURES]
    assert measure_tone_curve(movies, EXPOSURES).bend < 0.02


def test_one_clip_with_steps_of_light_will_do() -> None:
    clip = ArrayMovie(np.concatenate([recorded(e) for e in EXPOSURES]))
    images = split_by_light(clip, 4)
    found = fit_tone_curve(images, EXPOSURES, top_adu=255.0)
    apart = measure_tone_curve([ArrayMovie(recorded(e)) for e in EXPOSURES], EXPOSURES)
    np.testing.assert_allclose(found.curve.linear_adu, apart.curve.linear_adu, atol=5.0)


def test_exposures_that_contradict_are_refused() -> None:
    with pytest.raises(MovieError, match="different"):
        measure_tone_curve([ArrayMovie(recorded(0.1))] * 2, (1.0, 1.0))
    with pytest.raises(MovieError, match="at least two"):
        measure_tone_curve([ArrayMovie(recorded(0.1))], (1.0,))
