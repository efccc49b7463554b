"""Lopsided spots do not become two molecules."""

import numpy as np

from cellstorm.camera import Camera
from cellstorm.localize import GaussianLocalizer, GaussianMethod
from cellstorm.localize.gaussian.satellites import satellite_share
from cellstorm.movie import ArrayMovie
from cellstorm.simulate._spot_kernel import add_spots

FRAMES = 40


def _movie(tail: float) -> ArrayMovie:
    """Five molecules a frame, each with a tail of light 2.4 px to its right."""
    random = np.random.default_rng(3)
    expected = np.full((FRAMES, 64, 64), 10.0, np.float32)
    frame = np.repeat(np.arange(FRAMES), 5)
    # a lattice with room between, jittered below a pixel
    x = np.tile([10.0, 34.0, 54.0, 20.0, 44.0], FRAMES) + random.random(5 * FRAMES)
    y = np.tile([12.0, 12.0, 30.0, 48.0, 54.0], FRAMES) + random.random(5 * FRAMES)
    photons = random.uniform(1500, 2500, 5 * FRAMES)
    add_spots(frame, x, y, photons, 1.1, expected)
    if tail:
        add_spots(frame, x + 2.4, y, tail * photons, 1.1, expected)
    return ArrayMovie(random.poisson(expected).astype(np.uint16))


def _prepared(movie: ArrayMovie) -> GaussianLocalizer:
    method = GaussianMethod(emitters="multi", sigma_px=1.1)
    return method.prepare(movie, Camera(bit_depth=16), (0, FRAMES), (0, 64, 0, 64))


def test_a_tail_on_one_side_is_not_a_molecule() -> None:
    movie = _movie(tail=0.2)
    localizer = _prepared(movie)
    assert 0.15 < localizer.satellite_share < 0.5
    found = localizer.localize(movie.read_chunk(0, FRAMES), first=0, last=FRAMES)
    # the share is the 95th percentile of the tails: one in twenty may slip through
    assert found["frame"].size <= 1.07 * 5 * FRAMES
    kept = localizer.model_copy(update={"satellite_share": 0.0})
    all_found = kept.localize(movie.read_chunk(0, FRAMES), first=0, last=FRAMES)
    assert all_found["frame"].size > 1.6 * 5 * FRAMES
    assert "lopsided spots" in localizer.summary()


def test_round_spots_have_no_satellites() -> None:
    assert _prepared(_movie(tail=0.0)).satellite_share == 0.0


def test_neighbours_on_all_sides_are_molecules() -> None:
    random = np.random.default_rng(0)
    frame = np.repeat(np.arange(200), 2)
    angle = random.uniform(0, 2 * np.pi, 200)
    x = np.full(400, 30.0)
    y = np.full(400, 30.0)
    x[1::2] += 2.5 * np.cos(angle)
    y[1::2] += 2.5 * np.sin(angle)
    photons = np.tile([1000.0, 300.0], 200)
    assert satellite_share(frame, x, y, photons, 1.2) == 0.0
    x[1::2], y[1::2] = 32.5, 30.0
    assert 0.29 < satellite_share(frame, x, y, photons, 1.2) < 0.31
