"""Molecules of the network, fitted once more."""

import math
from pathlib import Path

import numpy as np
import pytest

from cellstorm.cli import main
from cellstorm.localize import NetMethod
from cellstorm.localize.gaussian._refine_kernel import REFINED_FIELDS, refine_frames
from cellstorm.movie import ArrayMovie
from cellstorm.simulate import Simulation

SIGMA_PX, PHOTONS, BACKGROUND = 1.3, 800.0, 10.0


def _profile(centre: float, size: int) -> np.ndarray:
    edges = (np.arange(size + 1) - centre) / (SIGMA_PX * math.sqrt(2.0))
    return 0.5 * np.diff([math.erf(edge) for edge in edges])


def test_a_fit_that_begins_near_reaches_the_cramer_rao_bound() -> None:
    random = np.random.default_rng(5)
    count, size = 300, 25
    # the second molecule is in the way of the first, but is fitted with it
    places = 12.5 + random.uniform(-0.5, 0.5, (count, 1, 2)) + np.array([[0.0, 0.0], [4.5, 0.0]])
    frames = np.empty((count, size, size), np.float32)
    for frame, pair in zip(frames, places, strict=True):
        light = np.full((size, size), BACKGROUND)
        for x, y in pair:
            light += PHOTONS * np.outer(_profile(y, size), _profile(x, size))
        frame[:] = random.poisson(light)
    begin = places + random.uniform(-0.4, 0.4, places.shape)
    known = np.column_stack([begin.reshape(-1, 2), np.full(2 * count, 0.7 * PHOTONS)])
    table = np.empty((2 * count, len(REFINED_FIELDS)))
    numbers = np.repeat(np.arange(count), 2)
    empty = np.zeros((1, size, size), np.float32)
    refine_frames(frames, empty, numbers, known, SIGMA_PX, 4, 12, 3, 40, table)
    fitted = dict(zip(REFINED_FIELDS, table.T, strict=True))
    assert (fitted["converged"] > 0).mean() > 0.98
    error = fitted["x"] - places.reshape(-1, 2)[:, 0]
    expected = math.sqrt(np.median(fitted["var_x"]))
    assert np.sqrt(np.mean(error**2)) == pytest.approx(expected, rel=0.12)
    assert abs(error.mean()) < 4.0 * expected / math.sqrt(error.size)
    assert np.median(fitted["photons"]) == pytest.approx(PHOTONS, rel=0.03)


def test_refinement_keeps_the_molecules_and_their_probabilities() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=16, seed=3)
    movie = ArrayMovie(simulation.stack())
    found = []
    for refine in (False, True):
        localizer = NetMethod(refine=refine).prepare(
            movie, simulation.camera, (0, 16), (0, 64, 0, 64)
        )
        assert ("refinement" in localizer.summary()) is refine
        found.append(localizer.localize(movie.read_chunk(0, 16), first=0, last=16))
    plain, refined = found
    assert plain.keys() == refined.keys()
    for name in ("frame", "probability", "flags"):
        np.testing.assert_array_equal(plain[name], refined[name])
    moved = np.hypot(refined["x_px"] - plain["x_px"], refined["y_px"] - plain["y_px"])
    assert 0.0 < np.median(moved) < 0.1
    assert moved.max() < 1.0
    ratio = refined["uncertainty_x_px"] / plain["uncertainty_x_px"]
    assert 0.7 < np.median(ratio) < 1.1
    assert {name: values.dtype for name, values in plain.items()} == {
        name: values.dtype for name, values in refined.items()
    }


def test_refinement_is_the_networks_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(tmp_path / "movie.mp4"), "--refine", "--fast"])
    assert exit_.value.code == 2
    assert "--refine needs --method net" in capsys.readouterr().err
