"""Offsets of single frames, found in a movie with molecules and taken away."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.camera.gop_rhythm import RhythmCorrectedMovie, measure_rhythm
from cellstorm.movie import ArrayMovie
from cellstorm.simulate import Simulation


@pytest.fixture(scope="module")
def frames() -> NDArray[np.uint8]:
    movie = Simulation(width_px=96, height_px=96, frames=128, seed=4).changed({"codec": "none"})
    return movie.stack()


def dipping(frames: NDArray[np.uint8], depth_adu: float) -> NDArray[np.float32]:
    changed = frames.astype(np.float32)
    changed[::31] -= depth_adu
    return changed


def test_dips_are_found_in_a_movie_of_molecules(frames: NDArray[np.uint8]) -> None:
    quiet = measure_rhythm(ArrayMovie(frames.astype(np.float32))).offset_adu
    found = measure_rhythm(ArrayMovie(dipping(frames, 1.0))).offset_adu
    np.testing.assert_allclose((found - quiet)[::31], -1.0, atol=0.25)
    assert np.abs(np.delete(found - quiet, np.s_[::31])).max() < 0.1


def test_the_correction_takes_dips_away(frames: NDArray[np.uint8]) -> None:
    movie = ArrayMovie(dipping(frames, 2.0))
    corrected = RhythmCorrectedMovie(movie, measure_rhythm(movie))
    rest = np.median(corrected.read(0, 128).astype(float) - frames, axis=(1, 2))
    assert abs(rest[::31].mean() - np.delete(rest, np.s_[::31]).mean()) < 0.3
    assert corrected.shape == movie.shape
    assert corrected.read(30, 33).dtype == np.float32
    np.testing.assert_array_equal(corrected.read(30, 33), corrected.read(0, 64)[30:33])


def test_a_movie_without_rhythm_is_hardly_changed(frames: NDArray[np.uint8]) -> None:
    found = measure_rhythm(ArrayMovie(frames))
    assert np.abs(found.offset_adu).max() < 8 * found.error_adu
    assert found.key_frame_dip_adu is None
