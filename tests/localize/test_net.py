"""The network's socket: maps to molecules, model files, and what comes along works."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from cellstorm.camera import load_camera
from cellstorm.cli import main
from cellstorm.errors import ConfigurationError
from cellstorm.evaluate import score
from cellstorm.localizations import read_table
from cellstorm.localize import GaussianMethod, Localizer, NetMethod
from cellstorm.localize.net import ErrorScale
from cellstorm.localize.net._molecule_kernel import COLUMN_NAMES, collect_molecules
from cellstorm.localize.net.inputs import PLANES, input_planes, mirrored
from cellstorm.movie import ArrayMovie, open_movie
from cellstorm.run import localize_frames
from cellstorm.simulate import Simulation

P9 = load_camera("huawei-p9")
MASS, JOIN_PX = 0.5, 0.7


def _maps(*pixels: tuple[int, int, float, float, float]) -> NDArray[np.float32]:
    """One frame; pixels as row, column, probability and where in the frame it points (x, y)."""
    maps = np.zeros((1, 9, 12, 12), np.float32)
    maps[0, 0] = -12.0
    maps[0, 3], maps[0, 4] = np.log(500.0), np.log(20.0)
    maps[0, 5:8] = np.log(0.1)
    for row, column, probability, x_px, y_px in pixels:
        maps[0, 0, row, column] = np.log(probability / (1.0 - probability))
        maps[0, 1, row, column] = x_px - column - 0.5
        maps[0, 2, row, column] = y_px - row - 0.5
    return maps


def _found(maps: NDArray[np.float32]) -> pl.DataFrame:
    return pl.DataFrame(collect_molecules(maps, 0.03, MASS, JOIN_PX), schema=list(COLUMN_NAMES))


def test_probability_shared_by_two_pixels_is_one_molecule_at_the_mean() -> None:
    found = _found(_maps((5, 5, 0.45, 5.9, 5.5), (5, 6, 0.45, 6.1, 5.5)))
    assert found.height == 1
    assert found["x_px"][0] == pytest.approx(6.0, abs=1e-4)
    assert found["y_px"][0] == pytest.approx(5.5, abs=1e-4)
    assert found["probability"][0] == pytest.approx(0.9, abs=1e-4)
    # 0.1 px each, and 0.1 px that the two disagree by
    assert found["variance_x_px2"][0] == pytest.approx(0.02, rel=1e-3)
    assert np.exp(found["log_photons"][0]) == pytest.approx(500.0, rel=1e-3)


def test_two_molecules_in_neighbouring_pixels_stay_two() -> None:
    found = _found(_maps((5, 5, 0.9, 5.2, 5.5), (5, 6, 0.9, 6.8, 5.5)))
    assert sorted(found["x_px"].round(3).to_list()) == [5.2, 6.8]


def test_too_little_probability_is_no_molecule() -> None:
    assert _found(_maps((5, 5, 0.3, 5.5, 5.5), (9, 9, 0.4, 9.5, 9.5))).height == 0
    assert _found(_maps()).height == 0


def test_more_molecules_than_first_thought_of_are_all_kept() -> None:
    one = _maps(*((r, c, 0.9, c + 0.5, r + 0.5) for r in range(0, 12, 2) for c in range(0, 12, 2)))
    found = _found(np.repeat(one, 100, axis=0))
    assert found.height == 3600
    assert found["frame"].is_sorted()


def test_light_has_even_noise_at_any_brightness() -> None:
    random = np.random.default_rng(0)
    camera = P9.model_copy(update={"gain_e_per_adu": 1.0, "offset_adu": 10.0, "bit_depth": 16})
    spreads = []
    for level in (5.0, 50.0, 500.0):
        light = random.poisson(level, (4, 64, 64)) + 2.5 * random.standard_normal((4, 64, 64))
        frames = np.clip(np.rint(light + 10.0), 0, 65535).astype(np.uint16)
        planes = input_planes(frames, camera, None, (0, 64, 0, 64))
        spreads.append(planes[:, PLANES.index("light")].std())
        assert (planes[:, 1:] == 0).all()
    np.testing.assert_allclose(spreads, 0.1, rtol=0.12)


def test_codec_facts_are_planes_where_the_decoder_gives_them(tmp_path: Path) -> None:
    made = (
        Simulation(width_px=64, height_px=48, frames=40, seed=1)
        .changed(qp=30)
        .run(tmp_path / "movie")
    )
    with open_movie(made.movie) as movie:
        chunk = movie.read_chunk(0, 40)
    planes = input_planes(chunk.frames, P9, chunk.coding, (0, 64, 0, 48))
    noise_e = np.expm1(planes[:, PLANES.index("coding_noise")] / 0.3)
    # the step at QP 30 is 0.625 * 2^5 grey values of 0.69 e
    np.testing.assert_allclose(noise_e, 20.0 * 0.69 / np.sqrt(12.0), rtol=1e-3)
    assert (planes[:, PLANES.index("quantiser_known")] == 1).all()
    kind = planes[:, PLANES.index("picture_type"), 0, 0]
    assert kind[0] == kind[31] == 1.0 and (np.delete(kind, [0, 31]) == -0.5).all()


@pytest.mark.parametrize(
    ("content", "told"), [(None, "no such model file"), (b"not a model", "not an ONNX model")]
)
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    movie = ArrayMovie(np.zeros((3, 16, 16), np.uint8))
    with pytest.raises(ConfigurationError, match=told):
        NetMethod(model=path).prepare(movie, P9, (0, 3), (0, 16, 0, 16))


def test_options_of_the_fit_are_refused_for_the_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, told in (
        (["--method", "net", "--sigma-px", "1.3"], "--sigma-px belongs to --method gaussian"),
        (["--method", "net", "--fast"], "--fast belongs to --method gaussian"),
        (["--fast", "--model", "x.onnx"], "--model needs --method net"),
        (["--method", "net", "--set", "mass=1"], "mass: there is no such setting"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(["localize", str(tmp_path / "movie.mp4"), *options])
        assert exit_.value.code == 2
        assert told in capsys.readouterr().err


def _localizer(movie: ArrayMovie) -> Localizer:
    count, height, width = movie.shape
    return NetMethod().prepare(movie, P9, (0, count), (0, width, 0, height))


def test_a_frame_gives_the_same_molecules_whatever_chunk_it_stands_in() -> None:
    movie = ArrayMovie(Simulation(width_px=64, height_px=64, frames=20, seed=3).stack())
    localizer = _localizer(movie)
    whole = localizer.localize(movie.read_chunk(0, 20), first=0, last=20)
    reach = localizer.halo_frames
    parts = [
        localizer.localize(
            movie.read_chunk(max(first - reach, 0), min(last + reach, 20)), first=first, last=last
        )
        for first, last in ((0, 3), (3, 4), (4, 17), (17, 20))
    ]
    for name, values in whole.items():
        joined = np.concatenate([part[name] for part in parts])
        np.testing.assert_allclose(joined, values, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 33, 47), (2, 16, 16), (5, 65, 30)])
def test_any_size_and_a_single_frame_are_localized(shape: tuple[int, int, int]) -> None:
    frames = np.random.default_rng(0).poisson(30.0, shape).astype(np.uint8)
    movie = ArrayMovie(frames)
    found = _localizer(movie).localize(movie.read_chunk(0, shape[0]), first=0, last=shape[0])
    assert (found["x_px"] < shape[2]).all() and (found["y_px"] < shape[1]).all()


def test_empty_video_has_hardly_any_molecules(tmp_path: Path) -> None:
    # 0 to 5.5 in a hundred frames were measured, the most at CRF 30
    for crf in (0.0, 23.0, 30.0):
        simulation = Simulation(frames=100, seed=4).changed(density_per_um2_frame=0.0, crf=crf)
        made = simulation.run(tmp_path / f"{crf:.0f}")
        found = localize_frames(made.movie, method=NetMethod(), camera=P9, pixel_size_nm=100)
        assert len(found) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("photons", [150, 1000])
def test_the_network_that_comes_along_is_better_than_the_fit(photons: int, tmp_path: Path) -> None:
    simulation = Simulation(frames=80, seed=77).changed(photons=photons)
    made = simulation.run(tmp_path / "movie.mp4")
    marks = {}
    for name, method in (("net", NetMethod()), ("gaussian", GaussianMethod())):
        found = localize_frames(made.movie, method=method, pixel_size_nm=100)
        truth = made.read_truth()
        marks[name] = score(found.data, truth, faintest_photons=simulation.faintest_photons)
    assert marks["net"].efficiency > marks["gaussian"].efficiency


def test_the_command_line_localizes_with_the_network(tmp_path: Path) -> None:
    film = Simulation(width_px=64, height_px=64, frames=30, seed=5).run(tmp_path / "film.mp4").movie
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(film), "--method", "net", "--no-picture"])
    assert exit_.value.code == 0
    table = read_table(tmp_path / "film.locs.parquet")
    assert len(table) > 50
    assert {"probability", "uncertainty_x_nm", "background_photons"} <= set(table.data.columns)


def test_errors_are_scaled_as_the_model_file_says() -> None:
    error = np.array([0.1, 0.2])
    probability = np.array([1.0, 0.5])
    assert ErrorScale().scaled(error, probability) == pytest.approx(error)
    scale = ErrorScale(log_constant=0.3, per_probability=-0.4, per_log_error=0.1)
    factor = np.exp(0.3 - 0.4 * probability + 0.1 * np.log(error))
    assert scale.scaled(error, probability) == pytest.approx(error * factor)


def test_beyond_the_ends_of_a_movie_it_goes_backwards() -> None:
    np.testing.assert_array_equal(mirrored(np.arange(-2, 6), 4), [2, 1, 0, 1, 2, 3, 2, 1])
    np.testing.assert_array_equal(mirrored(np.arange(-2, 3), 1), [0, 0, 0, 0, 0])
    np.testing.assert_array_equal(mirrored(np.arange(-2, 4), 2), [0, 1, 0, 1, 0, 0])
