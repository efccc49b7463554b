"""A movie without any option: what was left open is decided, and decided well."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cellstorm.camera import Camera, load_camera
from cellstorm.evaluate import score
from cellstorm.localizations import Flag
from cellstorm.localize import GaussianLocalizer, GaussianMethod, Localizer
from cellstorm.localize.gaussian import estimate_psf_width
from cellstorm.movie import ArrayMovie, Movie, open_movie
from cellstorm.simulate import Simulation
from cellstorm.simulate._spot_kernel import add_spots

P9 = load_camera("huawei-p9")


def _prepare(movie: Movie, camera: Camera = P9, **options: Any) -> GaussianLocalizer:
    count, height, width = movie.shape
    return GaussianMethod(**options).prepare(movie, camera, (0, count), (0, width, 0, height))


def _localize(movie: Movie, localizer: GaussianLocalizer) -> dict[str, NDArray[Any]]:
    count = movie.shape[0]
    return localizer.localize(movie.read_chunk(0, count), first=0, last=count)


def _table(found: dict[str, NDArray[Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "frame": found["frame"],
            "x_nm": found["x_px"] * 100,
            "y_nm": found["y_px"] * 100,
            "photons": found["photons"],
        }
    )


@pytest.fixture(scope="module")
def crowd() -> tuple[Simulation, ArrayMovie]:
    """One molecule per um2 and frame: neighbours overlap."""
    simulation = Simulation(frames=30, seed=5).changed(
        structure="uniform", density_per_um2_frame=1.0, codec="none"
    )
    return simulation, ArrayMovie(simulation.stack())


def test_psf_width_is_found_without_being_told() -> None:
    for sigma_px in (1.0, 1.3, 1.8):
        simulation = Simulation(frames=40, seed=9).changed(sigma_px=sigma_px, codec="none")
        electrons = P9.to_photoelectrons(simulation.stack())
        variance = np.full((1, 128, 128), 6.25, np.float32)
        found = estimate_psf_width(electrons, variance)
        assert found.sigma_px == pytest.approx(sigma_px, rel=0.06)
        assert found.molecules > 20


def test_a_movie_without_molecules_keeps_the_default_width_and_finds_nothing() -> None:
    random = np.random.default_rng(0)
    noise = np.clip(random.normal(30, 5, (100, 64, 64)), 0, 255).astype(np.uint8)
    movie = ArrayMovie(noise)
    localizer = _prepare(movie)
    assert localizer.sigma_molecules == 0
    # one false molecule in twenty frames of 64 x 64
    assert _localize(movie, localizer)["frame"].size < 5


def test_joint_fit_tells_neighbours_apart(crowd: tuple[Simulation, ArrayMovie]) -> None:
    simulation, movie = crowd
    marks = {}
    for emitters in ("single", "multi"):
        found = _localize(movie, _prepare(movie, emitters=emitters))
        marks[emitters] = score(
            _table(found), simulation.truth(), faintest_photons=simulation.faintest_photons
        )
    assert marks["multi"].efficiency > marks["single"].efficiency + 0.1
    assert marks["multi"].jaccard > 0.7


def test_two_molecules_three_widths_apart_are_both_found() -> None:
    random = np.random.default_rng(4)

    expected = np.full((50, 40, 40), 10.0, np.float32)
    frame = np.repeat(np.arange(50), 2)
    x = np.tile([18.3, 18.3 + 3 * 1.3], 50)
    add_spots(frame, x, np.full(100, 20.2), np.full(100, 1000.0), 1.3, expected)
    movie = ArrayMovie(random.poisson(expected).astype(np.uint16))
    found = _localize(movie, _prepare(movie, Camera(bit_depth=16), sigma_px=1.3, least_snr=5.0))
    assert np.array_equal(np.bincount(found["frame"], minlength=50), np.full(50, 2))
    z = (np.sort(found["x_px"].reshape(50, 2)) - x.reshape(50, 2)) / 0.07
    assert np.abs(z).max() < 5


def test_the_same_molecules_whatever_chunk_a_frame_stands_in(
    crowd: tuple[Simulation, ArrayMovie],
) -> None:
    _, movie = crowd
    localizer = _prepare(movie, temporal_median_frames=7)
    assert isinstance(localizer, Localizer)
    whole = _localize(movie, localizer)
    halo = localizer.halo_frames
    parts = []
    for first, last in ((0, 11), (11, 12), (12, 30)):
        chunk = movie.read_chunk(max(first - halo, 0), min(last + halo, 30))
        parts.append(localizer.localize(chunk, first=first, last=last))
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values)


def test_threads_change_nothing(crowd: tuple[Simulation, ArrayMovie]) -> None:
    _, movie = crowd
    localizer = _prepare(movie)
    alone = _localize(movie, localizer)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: _localize(movie, localizer), range(4)))
    for found in together:
        np.testing.assert_array_equal(found["x_px"], alone["x_px"])


def test_a_stored_localizer_gives_the_same_molecules(crowd: tuple[Simulation, ArrayMovie]) -> None:
    _, movie = crowd
    localizer = _prepare(movie)
    again = GaussianLocalizer.model_validate_json(localizer.model_dump_json())
    np.testing.assert_array_equal(
        _localize(movie, again)["x_px"], _localize(movie, localizer)["x_px"]
    )


def test_wide_background_where_flat_and_narrow_where_hazy() -> None:
    flat = Simulation(frames=40, seed=3).changed(codec="none")
    hazy = flat.changed({"background.haze": "structure", "background.haze.peak_photons": 120.0})
    radius = {
        name: _prepare(ArrayMovie(simulation.stack())).background_radius_px
        for name, simulation in (("flat", flat), ("hazy", hazy))
    }
    assert radius["flat"] > radius["hazy"]


def test_temporal_median_removes_what_stands_still() -> None:
    simulation = Simulation(frames=60, seed=8).changed(codec="none")
    specks_shown = np.zeros((1, 128, 128), np.float32)
    places = np.arange(10, 128, 20) + 0.5
    x_px, y_px = (grid.ravel() for grid in np.meshgrid(places, places))
    none = np.zeros(36, np.int64)
    # as bright as a molecule, but they never blink
    add_spots(none, x_px, y_px, np.full(36, 1000.0), 1.3, specks_shown)
    frames = simulation.stack() + np.rint(specks_shown / 0.69).astype(np.uint16)
    movie = ArrayMovie(frames)
    camera = P9.model_copy(update={"bit_depth": 16, "saturation_adu": None})
    specks = {}
    for window in (0, 51):
        localizer = _prepare(movie, camera, sigma_px=1.3, temporal_median_frames=window)
        found = _localize(movie, localizer)
        on_speck = (np.abs(found["x_px"] % 20 - 10.5) < 0.8) & (
            np.abs(found["y_px"] % 20 - 10.5) < 0.8
        )
        specks[window] = int(on_speck.sum())
    assert specks[51] < 0.1 * specks[0]


def test_electron_multiplication_widens_the_errors_not_the_photons() -> None:
    simulation = Simulation(frames=20, seed=2).changed(codec="none")
    movie = ArrayMovie(simulation.stack())
    options = {"sigma_px": 1.3, "least_snr": 5.0}
    plain = _localize(movie, _prepare(movie, P9, **options))
    em = _localize(
        movie, _prepare(movie, P9.model_copy(update={"excess_noise_factor": 2.0}), **options)
    )
    assert np.median(em["photons"]) == pytest.approx(np.median(plain["photons"]), rel=0.15)
    assert np.median(em["uncertainty_px"]) > 1.2 * np.median(plain["uncertainty_px"])


def test_doubtful_molecules_are_flagged() -> None:
    simulation = Simulation(frames=30, seed=6).changed(photons=4000, codec="none")
    movie = ArrayMovie(simulation.stack())
    localizer = _prepare(movie, P9.model_copy(update={"saturation_adu": 220.0}))
    found = _localize(movie, localizer)
    saturated = (found["flags"] & Flag.SATURATED) > 0
    assert 0.05 < saturated.mean() < 0.95
    assert np.median(found["photons"][saturated]) > np.median(found["photons"][~saturated])
    edge = (found["flags"] & Flag.NEAR_EDGE) > 0
    reach = localizer.fit_radius_px
    assert np.array_equal(
        edge,
        (np.minimum(found["x_px"], found["y_px"]) < reach)
        | (np.maximum(found["x_px"], found["y_px"]) > 128 - reach),
    )


def test_the_quantiser_counts_as_noise(tmp_path: Path) -> None:
    simulation = Simulation(frames=40, seed=4).changed(crf=33)
    made = simulation.run(tmp_path / "coded.mp4")
    path, truth = made.movie, made.read_truth()
    marks = {}
    with open_movie(path) as movie:
        for coding_noise in (False, True):
            found = _localize(movie, _prepare(movie, coding_noise=coding_noise))
            mark = score(_table(found), truth, faintest_photons=simulation.faintest_photons)
            marks[coding_noise] = mark
    assert marks[True].efficiency > marks[False].efficiency


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"fit": "wls"}, "--fast"),
        ({"width": "free"}, "--fast"),
        ({"threshold": "2*std(Wave.F1)"}, "filter"),
        ({"threshold": -1.0}, "over 0"),
        ({"threshold": "-1"}, "over 0"),
        ({"threshold": "nan"}, "over 0"),
        ({"sigma_px": 0.0}, "sigma_px"),
        ({"filter": {"kind": "sobel"}}, "wavelet"),
        ({"colour": 3}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        GaussianMethod(**options)


def test_blurred_molecules_are_not_taken_for_several() -> None:
    random = np.random.default_rng(1)
    count = 120
    frames = np.full((count, 64, 64), 10.0, np.float32)
    places = random.uniform(16, 48, (count, 2))
    widths = random.uniform(1.2, 3.0, count)
    for index in range(count):
        one = np.zeros((1, 64, 64), np.float32)
        spot = (np.zeros(1, np.int64), places[index, :1], places[index, 1:], np.full(1, 3000.0))
        add_spots(*spot, float(widths[index]), one)
        frames[index] += one[0]
    movie = ArrayMovie(random.poisson(frames).astype(np.uint16))
    localizer = _prepare(movie, Camera(bit_depth=16))
    found = _localize(movie, localizer)
    assert (localizer.emitters, localizer.width) == ("single", "elliptical")
    assert found["frame"].size <= 1.05 * count
    assert np.unique(found["frame"]).size >= 0.95 * count


@pytest.mark.parametrize("density", [0.1, 1.0, 2.5])
def test_crowds_are_not_taken_for_blur(density: float) -> None:
    simulation = Simulation(frames=30, seed=4).changed(
        structure="uniform", density_per_um2_frame=density, codec="none"
    )
    assert _prepare(ArrayMovie(simulation.stack())).emitters == "multi"
