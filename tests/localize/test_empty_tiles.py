"""Places without molecules are skipped, and nothing is lost by it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellstorm.localize import MoleculeColumns, NetMethod
from cellstorm.localize.model_file import preferred_providers
from cellstorm.localize.net import SHIPPED_MODEL, load_model
from cellstorm.localize.net.inputs import input_planes
from cellstorm.localize.net.occupied import map_runs
from cellstorm.movie import ArrayMovie, Movie, open_movie
from cellstorm.simulate import Simulation

SPARSE: dict[str, Any] = {"structure": "uniform", "density_per_um2_frame": 0.012}
HAZE = {"background.haze": "structure", "background.haze.peak_photons": 90}
MOVIES: dict[str, dict[str, Any]] = {
    "faint, uncoded": {"photons": 150, "codec": "none"},
    "faint, coded": {"photons": 200, "crf": 23},
    "strongly coded": {"photons": 500, "crf": 33},
    "haze, HEVC": {"photons": 600, "codec": "hevc", "crf": 24, **HAZE},
    "wide PSF": {"photons": 600, "psf.sigma_px": 2.0, "crf": 20},
    "narrow PSF": {"photons": 300, "psf.sigma_px": 0.9, "crf": 20},
}
# of 128 x 128 px, where the sparse ones hold two molecules
FRAMES = 60


def _both(simulation: Simulation, movie: Movie) -> tuple[MoleculeColumns, MoleculeColumns]:
    """Molecules with everything computed, and with empty places skipped."""
    count, height, width = movie.shape
    # low, where most is at stake; so sparse a movie would get a higher one by itself
    method = NetMethod(least_mass=0.5)
    localizer = method.prepare(movie, simulation.camera, (0, count), (0, width, 0, height))
    chunk = movie.read_chunk(0, count)
    thorough = localizer.model_copy(update={"skip_empty": False})
    everything = thorough.localize(chunk, first=0, last=count)
    return everything, localizer.localize(chunk, first=0, last=count)


def _steps(everything: MoleculeColumns, skipped: MoleculeColumns) -> NDArray[np.float64]:
    """How far each molecule moved, in its own errors; infinite where it is there no more."""
    before, after = (
        np.column_stack([found["x_px"], found["y_px"], 1e3 * found["frame"]])
        for found in (everything, skipped)
    )
    moved_px = np.asarray(cKDTree(after).query(before, distance_upper_bound=0.5)[0])
    steps: NDArray[np.float64] = moved_px / everything["uncertainty_px"]
    return steps


@pytest.mark.slow
def test_no_molecule_is_lost_or_moved_where_empty_places_are_skipped(tmp_path: Path) -> None:
    steps, sure = [], []
    for number, (name, changes) in enumerate(MOVIES.items()):
        simulation = Simulation(frames=FRAMES, seed=90 + number).changed({**SPARSE, **changes})
        with open_movie(simulation.run(tmp_path / name).movie) as movie:
            everything, skipped = _both(simulation, movie)
        assert len(everything["x_px"]) > 15, name
        assert len(skipped["x_px"]) <= len(everything["x_px"]), name
        steps.append(_steps(everything, skipped))
        sure.append(everything["probability"] > 0.6)
    moved = np.concatenate(steps)
    assert moved.size > 300
    # what is a tenth over the threshold is never lost, what is next to it in one of 100 cases
    lost = np.isinf(moved)
    assert not (lost & np.concatenate(sure)).any()
    assert np.mean(lost) < 0.01
    moved = moved[np.isfinite(moved)]
    # what is computed is what the whole frame gives
    assert np.percentile(moved, 99) < 1e-3
    assert moved.max() < 0.5


def _maps(simulation: Simulation, *, skip: bool) -> NDArray[np.float32]:
    """Probability logits of a movie's inner frames, -100 where nothing was computed."""
    model = load_model(SHIPPED_MODEL)
    stack = simulation.stack()
    height, width = stack.shape[1:]
    planes = input_planes(stack, simulation.camera, None, (0, width, 0, height))
    context = model.facts.context_frames
    logits = np.full((stack.shape[0] - context + 1, height, width), -100.0, np.float32)
    runs = map_runs(model, planes, context, skip_empty=skip, least_mass=model.facts.least_mass)
    for start, maps in runs:
        logits[start : start + maps.shape[0]] = maps[:, 0]
    return logits


def test_most_of_a_sparse_movie_is_not_given_to_the_network() -> None:
    simulation = Simulation(frames=24, seed=8).changed({**SPARSE, "density_per_um2_frame": 0.006})
    logits = _maps(simulation, skip=True)
    assert np.mean(logits == -100.0) > 0.95
    assert (logits > 0.0).any()


def test_a_crowded_movie_is_computed_as_a_whole() -> None:
    simulation = Simulation(frames=18, seed=8)
    np.testing.assert_array_equal(_maps(simulation, skip=True), _maps(simulation, skip=False))


@pytest.mark.parametrize("corner", [(2.0, 3.0), (1.0, 40.0), (150.3, 98.8)])
def test_a_molecule_of_a_single_frame_is_found_anywhere(corner: tuple[float, float]) -> None:
    random = np.random.default_rng(3)
    place = np.arange(200) + 0.5
    spot = [np.exp(-0.5 * ((place - at) / 1.3) ** 2) / (1.3 * np.sqrt(2 * np.pi)) for at in corner]
    light = np.full((12, 200, 200), 10.0)
    light[6] += 900.0 * np.outer(spot[1], spot[0])
    simulation = Simulation()
    camera = simulation.camera.model_copy(update={"gain_e_per_adu": 1.0, "offset_adu": 5.0})
    movie = ArrayMovie(np.clip(np.rint(random.poisson(light) + 5.0), 0, 255).astype(np.uint8))
    chunk = movie.read_chunk(0, 12)
    localizer = NetMethod().prepare(movie, camera, (0, 12), (0, 200, 0, 200))
    found = localizer.localize(chunk, first=0, last=12)
    here = found["frame"] == 6
    assert np.hypot(found["x_px"][here] - corner[0], found["y_px"][here] - corner[1]).min() < 0.3


def test_an_accelerator_is_taken_when_it_starts_at_once() -> None:
    everything = [
        "TensorrtExecutionProvider",
        "DmlExecutionProvider",
        "CUDAExecutionProvider",
        "AzureExecutionProvider",
        "CPUExecutionProvider",
    ]
    assert preferred_providers(everything) == [
        "CUDAExecutionProvider",
        "DmlExecutionProvider",
        "CPUExecutionProvider",
    ]
    assert preferred_providers(["AzureExecutionProvider"]) == ["CPUExecutionProvider"]
