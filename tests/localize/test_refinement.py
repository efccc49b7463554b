"""Molecules of the network, one place fitted to all frames of each."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cellstorm.cli import main
from cellstorm.localize import MoleculeColumns, NetMethod
from cellstorm.localize.localizer import Blockwise
from cellstorm.localize.net._track_fit_kernel import FITTED_FIELDS, fit_tracks
from cellstorm.localize.net.block_pull import BlockPull
from cellstorm.localize.net.refinement import Refinement
from cellstorm.movie import ArrayMovie
from cellstorm.run.plan import Plan
from cellstorm.run.preparation import plan_for, resolve_request
from cellstorm.simulate import Simulation

SIGMA_PX, PHOTONS, BACKGROUND = 1.3, 800.0, 10.0
SIZE_PX, ON_FRAMES = 25, 4


def _profile(centre: float) -> np.ndarray:
    edges = (np.arange(SIZE_PX + 1) - centre) / (SIGMA_PX * math.sqrt(2.0))
    return 0.5 * np.diff([math.erf(edge) for edge in edges])


def _blinks(places_px: np.ndarray, photons: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Frames ``(n, size, size)`` of molecules at ``(n, k, 2)`` with ``(n, k)`` photons."""
    light = np.full((len(places_px), SIZE_PX, SIZE_PX), BACKGROUND)
    for frame, here, bright in zip(light, places_px, photons, strict=True):
        for (x, y), each in zip(here, bright, strict=True):
            frame += each * np.outer(_profile(y), _profile(x))
    return random.poisson(light).astype(np.float32)


def _fitted(
    frames: np.ndarray, frame: np.ndarray, known: np.ndarray, starts: np.ndarray, chi2: float
) -> dict[str, np.ndarray]:
    table = np.empty((frame.size, len(FITTED_FIELDS)))
    nothing = np.zeros((1, SIZE_PX, SIZE_PX), np.float32)
    fit_tracks(
        frames, nothing, frame, known, starts, SIGMA_PX, 4, 8, 1e6, chi2, 6, table
    )  # fmt: skip
    return dict(zip(FITTED_FIELDS, table.T, strict=True))


def test_one_place_for_all_frames_reaches_the_cramer_rao_bound_of_all() -> None:
    random = np.random.default_rng(5)
    blinks = 120
    # the second molecule is in the way of the first, but is fitted with it
    places = SIZE_PX / 2 + random.uniform(-0.5, 0.5, (blinks, 1, 2)) + [[0.0, 0.0], [4.5, 0.0]]
    light = PHOTONS * random.uniform(0.5, 1.5, (blinks * ON_FRAMES, 2))
    frames = _blinks(np.repeat(places, ON_FRAMES, axis=0), light, random)
    # by track: molecule after molecule, each with its frames
    first = ON_FRAMES * np.arange(blinks)
    frame = (first[:, None, None] + np.arange(ON_FRAMES)[None, None, :]).repeat(2, axis=1).ravel()
    begin = (places + random.uniform(-0.3, 0.3, places.shape)).reshape(-1, 2)
    known = np.empty((frame.size, 4))
    known[:, :2] = begin.repeat(ON_FRAMES, axis=0)
    known[:, 2], known[:, 3] = 0.7 * PHOTONS, 0.2
    starts = ON_FRAMES * np.arange(2 * blinks + 1)
    fitted = _fitted(frames, frame, known, starts, chi2=1e9)
    error = fitted["x"][::ON_FRAMES] - places.reshape(-1, 2)[:, 0]
    expected = math.sqrt(np.median(fitted["var_x"]))
    # a single frame of 800 photons over 10 photons/px is worth 0.063 px (Mortensen et al. 2010)
    assert expected == pytest.approx(0.063 / math.sqrt(ON_FRAMES), rel=0.15)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(expected, rel=0.15)
    assert abs(error.mean()) < 4.0 * expected / math.sqrt(error.size)


def test_two_molecules_taken_for_one_are_told_apart() -> None:
    random = np.random.default_rng(6)
    blinks, apart_px = 60, 0.6
    places = np.full((2 * blinks, 2, 1, 2), SIZE_PX / 2)
    # of every second one the later two frames are of another molecule
    places[::2, 1, 0, 0] += apart_px
    frames = _blinks(
        places.repeat(2, axis=1).reshape(-1, 1, 2), np.full((8 * blinks, 1), PHOTONS), random
    )
    frame = np.arange(frames.shape[0])
    known = np.empty((frame.size, 4))
    known[:, :2], known[:, 2], known[:, 3] = SIZE_PX / 2, PHOTONS, 0.2
    fitted = _fitted(frames, frame, known, np.arange(0, frame.size + 1, 4), chi2=20.0)
    x = fitted["x"].reshape(-1, 4)
    step = x[:, 2] - x[:, 0]
    np.testing.assert_array_equal(x[:, 0], x[:, 1])
    # chi-square over 20 by chance: once in 20,000, with three boundaries to choose from
    assert np.count_nonzero(step[1::2]) == 0
    assert (step[::2] != 0).mean() > 0.95
    assert step[::2][step[::2] != 0].mean() == pytest.approx(apart_px, abs=0.04)


def _columns(refine: bool) -> MoleculeColumns:
    simulation = Simulation(width_px=64, height_px=64, frames=16, seed=3)
    movie = ArrayMovie(simulation.stack())
    localizer = NetMethod(refine=refine).prepare(movie, simulation.camera, (0, 16), (0, 64, 0, 64))
    assert ("refinement" in localizer.summary()) is refine
    return localizer.localize(movie.read_chunk(0, 16), first=0, last=16)


def test_refinement_keeps_the_molecules_their_light_and_their_probabilities() -> None:
    plain, refined = _columns(False), _columns(True)
    assert plain.keys() == refined.keys()
    moved = {"x_px", "y_px", "uncertainty_px", "uncertainty_x_px", "uncertainty_y_px"}
    for name in plain.keys() - moved:
        np.testing.assert_array_equal(plain[name], refined[name])
    step = np.hypot(refined["x_px"] - plain["x_px"], refined["y_px"] - plain["y_px"])
    assert 0.0 < np.median(step) < 0.1
    assert step.max() < 1.0
    ratio = refined["uncertainty_x_px"] / plain["uncertainty_x_px"]
    assert 0.5 < np.median(ratio) < 1.0
    assert {name: values.dtype for name, values in plain.items()} == {
        name: values.dtype for name, values in refined.items()
    }


def test_refined_molecules_are_nearer_to_the_truth() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=48, seed=4)
    clip = simulation.stack()
    truth = simulation.truth()
    movie = ArrayMovie(clip)
    errors = []
    for refine in (False, True):
        localizer = NetMethod(refine=refine).prepare(
            movie, simulation.camera, (0, 48), (0, 64, 0, 64)
        )
        found = localizer.localize(movie.read_chunk(0, 48), first=0, last=48)
        at = np.column_stack([1e3 * found["frame"], found["x_px"], found["y_px"]])
        true = np.column_stack(
            [1e3 * truth["frame"].to_numpy(), truth["x_nm"] / 100.0, truth["y_nm"] / 100.0]
        )
        nearest = np.linalg.norm(at[:, None] - true[None], axis=2).min(axis=1)
        errors.append(np.median(nearest[nearest < 2.0]))
    # 8.9 and 6.5 nm on longer movies of that kind, where more is known of the width
    assert errors[1] < 0.9 * errors[0]


def test_a_frame_gives_the_same_molecules_in_every_chunk() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=80, seed=8)
    movie = ArrayMovie(simulation.stack())
    localizer = NetMethod().prepare(movie, simulation.camera, (0, 80), (0, 64, 0, 64))
    halo = localizer.halo_frames
    whole = localizer.localize(movie.read_chunk(0, 80), first=0, last=80)
    cuts = [0, 32, 45, 47, 71, 80]
    parts = [
        localizer.localize(
            movie.read_chunk(max(0, first - halo), min(80, last + halo)), first=first, last=last
        )
        for first, last in pairwise(cuts)
    ]
    for name, values in whole.items():
        joined = np.concatenate([part[name] for part in parts])
        np.testing.assert_allclose(joined, values, rtol=0, atol=1e-4, err_msg=name)


def test_chunks_of_a_run_begin_at_blocks() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=300, seed=8)
    movie = ArrayMovie(simulation.stack())
    method = NetMethod()
    request = resolve_request(movie, method, simulation.camera, 100.0, (10, 300), None)
    plan, localizer = plan_for(movie, method, simulation.camera, request)
    assert isinstance(plan, Plan)
    assert isinstance(localizer, Blockwise)
    block = localizer.block_frames
    assert block == 32
    assert plan.chunk_starts[0] == 10
    assert len(plan.chunk_starts) > 2
    assert all(start % block == 0 for start in plan.chunk_starts[1:])
    assert plan.chunks[-1][1] == 300


def test_large_frames_are_fitted_in_smaller_blocks() -> None:
    assert Refinement.usual(1.3, (0, 128, 0, 128), BlockPull()).block_frames == 32
    assert Refinement.usual(1.3, (0, 1024, 0, 1024), BlockPull()).block_frames == 8
    assert Refinement.usual(1.3, (0, 3840, 0, 2160), BlockPull()).block_frames == 4


def test_nothing_found_is_nothing_to_refine() -> None:
    simulation = Simulation(width_px=64, height_px=64, frames=16, seed=3)
    movie = ArrayMovie(simulation.stack())
    localizer = NetMethod().prepare(movie, simulation.camera, (0, 16), (0, 64, 0, 64))
    dark = ArrayMovie(np.full((16, 64, 64), 12, np.uint8))
    found = localizer.localize(dark.read_chunk(0, 16), first=0, last=16)
    assert {values.size for values in found.values()} == {0}


def test_refinement_is_the_networks_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(tmp_path / "movie.mp4"), "--no-refine", "--fast"])
    assert exit_.value.code == 2
    assert "--refine and --no-refine need --method net" in capsys.readouterr().err
