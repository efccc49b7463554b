"""The image-to-image method: peaks without a shift, nothing in the dark, any size of frame."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from numpy.typing import NDArray

from cellstorm.camera import Camera, load_camera
from cellstorm.errors import ConfigurationError
from cellstorm.evaluate import score
from cellstorm.evaluate.matching import match
from cellstorm.localize.gan import (
    BrightnessScale,
    GanFacts,
    GanLocalizer,
    GanMethod,
    MeasuredLaw,
    load_gan,
)
from cellstorm.localize.gan._peak_kernel import PEAK_COLUMNS, find_peaks
from cellstorm.localize.gan.tiling import cycled_maps, tiled_maps, tiles
from cellstorm.localize.localizer import Drawing, Localizer
from cellstorm.localize.model_names import SHIPPED_MODELS
from cellstorm.localize.net import SHIPPED_MODEL
from cellstorm.movie import ArrayMovie
from cellstorm.run import Progress, RunInterrupted, localize_frames, localize_movie
from cellstorm.simulate import Simulation, make_clip
from cellstorm.simulate.codec import NoCodec

onnx = pytest.importorskip("onnx")

P9 = load_camera("huawei-p9")
FACTOR = 4


def _write_model(
    path: Path, *, least_light: float = 0.0, gain: float = 0.25, **facts_changes: object
) -> GanFacts:
    """A generator without weights: what is brighter than something, enlarged linearly."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    constants = {
        "scales": np.array([1, 1, FACTOR, FACTOR], np.float32),
        "least": np.array(least_light, np.float32),
        "gain": np.array(gain, np.float32),
        "low": np.array(0.0, np.float32),
        "high": np.array(1.0, np.float32),
    }
    nodes = [
        helper.make_node("Resize", ["frames", "", "scales"], ["fine"], mode="linear"),
        helper.make_node("Sub", ["fine", "least"], ["over"]),
        helper.make_node("Mul", ["over", "gain"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["maps"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "toy",
        [value("frames", onnx.TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [value("maps", onnx.TensorProto.FLOAT, ["n", 1, "fh", "fw"])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    facts = GanFacts(
        name="toy",
        cellstorm_version="0",
        created="2026-01-01",
        factor=FACTOR,
        halo_px=2,
        align_px=1,
        floor=0.1,
        reach_fine_px=6,
        brightness=BrightnessScale(full_photons=1000.0, exponent=1.0),
        intensity=MeasuredLaw(log_constant=np.log(0.05), slope=1.0),
        position_error_px=MeasuredLaw(log_constant=np.log(3.0), slope=-0.5),
    ).model_copy(update=facts_changes)
    model.metadata_props.add(key="cellstorm", value=json.dumps(facts.model_dump(mode="json")))
    onnx.save(model, str(path))
    return facts


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gan") / "toy.onnx"
    _write_model(path)
    return path


@pytest.fixture(scope="module")
def movie() -> tuple[ArrayMovie, Camera, pl.DataFrame]:
    """Bright molecules far apart, uncompressed, of an odd size."""
    simulation = Simulation(width_px=61, height_px=45, frames=24, seed=3, codec=NoCodec()).changed(
        {
            "photons": 4000,
            "photophysics.photon_spread": 0.1,
            "density_per_um2_frame": 0.15,
            "structure": "uniform",
            "background_photons": 2,
        }
    )
    clip = make_clip(simulation)
    return ArrayMovie(clip.frames), simulation.recorded_camera, clip.truth


def _peaks(maps: NDArray[np.float32], threshold: float = 0.1, reach: int = 2) -> pl.DataFrame:
    thresholds = np.full(maps.shape[0], threshold)
    return pl.DataFrame(find_peaks(maps, thresholds, reach), schema=list(PEAK_COLUMNS))


def test_a_single_bright_pixel_is_a_molecule_at_its_centre() -> None:
    maps = np.zeros((2, 20, 24), np.float32)
    maps[1, 7, 13] = 0.6
    found = _peaks(maps)
    assert found.rows() == [pytest.approx((1.0, 13.5, 7.5, 0.6, 0.6))]


def test_brightness_shared_by_pixels_is_one_molecule_at_the_centroid() -> None:
    maps = np.zeros((1, 20, 20), np.float32)
    maps[0, 8, 8:10] = 0.3, 0.2
    maps[0, 9, 8] = 0.1
    found = _peaks(maps)
    assert found.height == 1
    assert found["x_fine_px"][0] == pytest.approx((0.4 * 8.5 + 0.2 * 9.5) / 0.6)
    assert found["y_fine_px"][0] == pytest.approx((0.5 * 8.5 + 0.1 * 9.5) / 0.6)
    assert found["mass"][0] == pytest.approx(0.6)


def test_neighbours_keep_their_own_brightness_and_share_what_lies_between() -> None:
    maps = np.zeros((1, 20, 20), np.float32)
    maps[0, 5, 4], maps[0, 5, 8], maps[0, 5, 6] = 0.5, 0.4, 0.2
    found = _peaks(maps)
    assert found["mass"].to_list() == pytest.approx([0.6, 0.5])
    maps[0, 5, 6] = 0.0
    maps[0, 5, 5] = 0.2
    assert _peaks(maps)["mass"].to_list() == pytest.approx([0.7, 0.4])


def test_a_plateau_is_one_molecule_and_what_is_under_the_threshold_none() -> None:
    maps = np.zeros((1, 20, 20), np.float32)
    maps[0, 5:7, 5:7] = 0.4
    assert _peaks(maps).height == 1
    assert _peaks(maps, threshold=0.5).height == 0
    assert _peaks(np.zeros((3, 9, 9), np.float32), threshold=0.0).height == 0


def test_random_places_come_back_from_single_pixels_without_a_shift() -> None:
    from cellstorm.train.pairs.fine_grid import rasterised

    random = np.random.default_rng(1)
    x_px, y_px = random.uniform(2.0, 30.0, (2, 500))
    maps = np.stack(
        [
            rasterised(x_px[i : i + 1], y_px[i : i + 1], np.ones(1), shape_px=(32, 32), factor=5)
            for i in range(500)
        ]
    )
    found = find_peaks(maps.astype(np.float32), np.full(500, 0.3), 2)
    errors = found[:, 1:3] - 5.0 * np.column_stack([x_px, y_px])
    # an even error of a whole fine pixel: 0.29 / sqrt(500) = 0.013
    assert np.abs(errors.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("length_px", [7, 64, 65, 130])
def test_tiles_touch_and_see_enough(length_px: int) -> None:
    cut = list(tiles(length_px, core_px=30, halo_px=7, align_px=4))
    assert cut[0][0] == 0 and cut[-1][1] == length_px
    for (_, stop, _, _), (start, _, _, _) in pairwise(cut):
        assert stop == start
    for start, stop, before, after in cut:
        assert before % 4 == 0 and start % 4 == 0
        assert before <= max(start - 7, 0) and after >= min(stop + 7, length_px)


def test_tiles_put_together_are_the_whole() -> None:
    random = np.random.default_rng(0)
    light = random.normal(size=(2, 37, 50)).astype(np.float32)

    def spread(frames: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = np.pad(frames, ((0, 0), (0, 0), (1, 1), (1, 1)))
        near = padded[:, :, :-2, 1:-1] + padded[:, :, 2:, 1:-1] + padded[:, :, 1:-1, 2:]
        fine: NDArray[np.float32] = near.repeat(3, axis=2).repeat(3, axis=3)
        return fine

    whole = spread(light[:, None])[:, 0]
    tiled = tiled_maps(spread, light, factor=3, core_px=16, halo_px=1, align_px=2)
    np.testing.assert_array_equal(tiled, whole)


def _prepared(model: Path, movie: ArrayMovie, camera: Camera, **changes: object) -> GanLocalizer:
    frames, height, width = movie.shape
    method = GanMethod(model=model)
    localizer = method.prepare(movie, camera, (0, frames), (0, width, 0, height))
    return localizer.model_copy(update=changes)


def test_molecules_are_found_where_they_are_with_their_light(
    model: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame]
) -> None:
    film, camera, truth = movie
    table = localize_frames(film, method=GanMethod(model=model), camera=camera, pixel_size_nm=100.0)
    bright = truth.filter(pl.col("photons") > 2500)
    errors = []
    for row in bright.iter_rows(named=True):
        here = table.data.filter(pl.col("frame") == row["frame"])
        x_nm, y_nm = here["x_nm"].to_numpy() - row["x_nm"], here["y_nm"].to_numpy() - row["y_nm"]
        nearest = int(np.hypot(x_nm, y_nm).argmin())
        errors.append((x_nm[nearest], y_nm[nearest]))
    distance = np.hypot(*np.transpose(errors))
    # a toy sees two where there are two only if they stand apart
    assert (distance < 60.0).mean() > 0.8
    close = np.array(errors)[distance < 60.0]
    # 0.1 of a fine pixel of 25 nm would be 2.5 nm; noise leaves about 15 nm / sqrt(n)
    assert np.abs(close.mean(axis=0)).max() < 45.0 / np.sqrt(len(close))
    assert {"photons", "uncertainty_nm"} <= set(table.columns)
    light, error = table.data["photons"].to_numpy(), table.data["uncertainty_nm"].to_numpy()
    np.testing.assert_allclose(error, 300.0 / np.sqrt(light), rtol=1e-4)


def test_the_sum_of_the_maps_is_where_the_molecules_are(
    model: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame]
) -> None:
    film, camera, _ = movie
    localizer = _prepared(model, film, camera)
    columns, drawn = localizer.localize_and_draw(film.read_chunk(0, 24), first=0, last=24)
    assert drawn.shape == (FACTOR * 45, FACTOR * 61)
    rows = (FACTOR * columns["y_px"]).astype(int)
    lines = (FACTOR * columns["x_px"]).astype(int)
    assert (drawn[rows, lines] > 0.1).all()
    parts = [
        localizer.localize_and_draw(film.read_chunk(first, last), first=first, last=last)[1]
        for first, last in ((0, 5), (5, 24))
    ]
    np.testing.assert_allclose(sum(parts), drawn, rtol=1e-6)


def test_a_run_leaves_the_sum_beside_its_table_and_a_killed_one_completes_it(
    model: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame], tmp_path: Path
) -> None:
    film, camera, _ = movie
    frames = np.concatenate([film.read(0, 24)] * 24)
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, frames)
    method = GanMethod(model=model)
    whole = localize_movie(path, method=method, camera=camera, output=tmp_path / "whole.parquet")
    assert whole.sum_picture == tmp_path / "whole.sum.tif"
    drawn = tifffile.imread(whole.sum_picture)
    assert drawn.shape == (FACTOR * 45, FACTOR * 61)

    def stop(progress: Progress) -> None:
        if progress.frames_done:
            raise KeyboardInterrupt

    broken = tmp_path / "broken.parquet"
    with pytest.raises(RunInterrupted):
        localize_movie(path, method=method, camera=camera, output=broken, workers=1, progress=stop)
    run = localize_movie(path, method=method, camera=camera, output=broken, resume=True)
    assert run.sum_picture is not None
    np.testing.assert_allclose(tifffile.imread(run.sum_picture), drawn, rtol=1e-5)


def test_a_grid_of_the_networks_own_is_even_over_the_frames() -> None:
    grid = np.zeros((16, 16), np.float32)
    grid[::4, 1::4] = 16.0

    def draws_its_grid(light: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = light.shape[2:]
        tiled = np.tile(grid, (-(-height // 16), -(-width // 16)))[:height, :width]
        return light + tiled

    light = np.random.default_rng(0).random((960, 14, 19)).astype(np.float32)
    sizes = {"factor": 1, "core_px": 128, "halo_px": 0, "align_px": 4}
    drawn = cycled_maps(draws_its_grid, light, first_frame=5, **sizes) - light
    np.testing.assert_allclose(drawn.mean(axis=0), 1.0, atol=0.15)
    # and at key frames only, whatever their rhythm
    for rhythm in (12, 16, 31, 32):
        assert drawn[::rhythm].mean(axis=0).max() < 3.0
    still = tiled_maps(draws_its_grid, light, **sizes) - light
    assert still.mean(axis=0).max() > 15.0
    part = cycled_maps(draws_its_grid, light[7:9], first_frame=12, **sizes)
    np.testing.assert_array_equal(part, drawn[7:9] + light[7:9])


def test_chunks_batches_and_tiles_change_nothing(
    model: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame]
) -> None:
    film, camera, _ = movie
    localizer = _prepared(model, film, camera)
    assert isinstance(localizer, Localizer) and isinstance(localizer, Drawing)
    whole = localizer.localize(film.read_chunk(0, 24), first=0, last=24)
    assert len(whole["frame"]) > 20
    small = localizer.model_copy(update={"tile_px": 16, "batch_frames": 3})
    part = small.localize(film.read_chunk(4, 20), first=7, last=15)
    here = (whole["frame"] >= 7) & (whole["frame"] < 15)
    for name, values in part.items():
        np.testing.assert_allclose(values, whole[name][here], rtol=1e-5)


def test_empty_and_dark_movies_give_no_molecule_and_a_black_picture(model: Path) -> None:
    simulation = Simulation(width_px=48, height_px=40, frames=10, seed=1).changed(
        {"density_per_um2_frame": 0.0, "background_photons": 5, "crf": 18}
    )
    dim = make_clip(simulation).frames
    for frames in (dim, np.zeros((10, 40, 48), np.uint8)):
        film = ArrayMovie(frames)
        localizer = _prepared(model, film, simulation.recorded_camera)
        columns, drawn = localizer.localize_and_draw(film.read_chunk(0, 10), first=0, last=10)
        assert all(len(values) == 0 for values in columns.values())
        assert drawn.max() == 0.0


def test_the_threshold_is_a_share_of_the_frames_brightest(
    tmp_path: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame]
) -> None:
    film, camera, _ = movie
    path = tmp_path / "toy.onnx"
    _write_model(path)
    found = []
    for share in (0.05, 0.3, 0.9):
        localizer = _prepared(path, film, camera, threshold_share=share, floor=0.01)
        found.append(len(localizer.localize(film.read_chunk(0, 24), first=0, last=24)["frame"]))
    assert found[0] > found[1] > found[2] > 0


def test_the_floor_is_low_where_there_is_much_to_find_and_high_where_nothing_is(
    tmp_path: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame]
) -> None:
    film, camera, _ = movie
    path = tmp_path / "toy.onnx"
    false_per_mpx = ((0.05, 5000.0, 9000.0), (0.1, 100.0, 300.0), (0.8, 0.1, 0.2), (0.9, 0.0, 0.0))
    _write_model(path, false_per_mpx=false_per_mpx)
    dark = ArrayMovie(np.full((24, 45, 61), 4, np.uint8))
    # never under the model's own, which is 0.1
    assert _prepared(path, film, camera).floor == 0.1
    assert _prepared(path, dark, camera).floor == 0.8
    assert _prepared(path, dark, camera, floor=0.05).floor == 0.05


def test_what_a_model_draws_too_far_is_undone(
    model: Path, tmp_path: Path, movie: tuple[ArrayMovie, Camera, pl.DataFrame]
) -> None:
    film, camera, _ = movie
    path = tmp_path / "toy.onnx"
    _write_model(path, shift_px=(0.04, -0.02))
    chunk = film.read_chunk(0, 24)
    as_drawn, undone = (
        _prepared(one, film, camera).localize(chunk, first=0, last=24) for one in (model, path)
    )
    np.testing.assert_allclose(undone["x_px"], as_drawn["x_px"] - 0.04)
    np.testing.assert_allclose(undone["y_px"], as_drawn["y_px"] + 0.02)


@pytest.mark.slow
def test_the_shipped_model_finds_bright_molecules_where_they_are() -> None:
    simulation = Simulation(frames=60, seed=2001).changed(
        {"photons": 1500, "structure": "uniform", "density_per_um2_frame": 0.2, "crf": 20}
    )
    clip = make_clip(simulation)
    film = ArrayMovie(clip.frames)
    localizer = _prepared(SHIPPED_MODELS["gan"], film, simulation.recorded_camera)
    found = localizer.localize(film.read_chunk(0, 60), first=0, last=60)
    size_nm = simulation.pixel_size_nm
    table = pl.DataFrame(
        {
            "frame": found["frame"],
            "x_nm": found["x_px"] * size_nm,
            "y_nm": found["y_px"] * size_nm,
            "photons": found["photons"],
        }
    )
    mark = score(table, clip.truth, faintest_photons=simulation.faintest_photons)
    assert mark.precision > 0.75
    assert mark.recall > 0.7
    pairs = match(
        table.select("frame", "x_nm", "y_nm").to_numpy(),
        clip.truth.select("frame", "x_nm", "y_nm").to_numpy(),
        150.0,
    )
    errors_nm = (
        table.select("x_nm", "y_nm").to_numpy()[pairs[0]]
        - clip.truth.select("x_nm", "y_nm").to_numpy()[pairs[1]]
    )
    # a tenth of a fine pixel
    shift_nm = np.abs(np.median(errors_nm, axis=0))
    assert shift_nm.max() < 0.1 * size_nm / FACTOR


@pytest.mark.slow
def test_the_shipped_model_finds_nothing_in_empty_video_and_draws_a_black_picture() -> None:
    simulation = Simulation(frames=80, seed=2002).changed(
        {"density_per_um2_frame": 0.0, "background_photons": 20, "crf": 18}
    )
    film = ArrayMovie(make_clip(simulation).frames)
    localizer = _prepared(SHIPPED_MODELS["gan"], film, simulation.recorded_camera)
    columns, drawn = localizer.localize_and_draw(film.read_chunk(0, 80), first=0, last=80)
    assert len(columns["frame"]) == 0
    assert drawn.max() == 0.0


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    film = ArrayMovie(np.zeros((3, 16, 16), np.uint8))
    for given, told in (
        (tmp_path / "missing.onnx", "no such model file"),
        (SHIPPED_MODEL, "--method net, not for --method gan"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            GanMethod(model=given).prepare(film, P9, (0, 3), (0, 16, 0, 16))


def test_facts_of_another_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "toy.onnx"
    facts = _write_model(path)
    stored = onnx.load(str(path))
    for changes, told in (({"format_version": 99}, "another version"), ({"factor": 0}, "factor")):
        values = {**facts.model_dump(mode="json"), **changes}
        del stored.metadata_props[:]
        stored.metadata_props.add(key="cellstorm", value=json.dumps(values))
        other = tmp_path / f"{next(iter(changes))}.onnx"
        onnx.save(stored, str(other))
        with pytest.raises(ConfigurationError, match=told):
            load_gan(other)


def test_calibration_makes_photons_of_brightness_and_keeps_the_dark_dark(tmp_path: Path) -> None:
    from cellstorm.train.gan.calibration import calibrated_gan_facts

    path = tmp_path / "toy.onnx"
    facts = _write_model(path).model_copy(update={"intensity": MeasuredLaw(), "floor": 0.3})
    shown = Simulation(width_px=48, height_px=48, frames=40, seed=620, codec=NoCodec()).changed(
        {"photons": 1500, "density_per_um2_frame": 0.15, "structure": "uniform"}
    )
    dark = shown.changed({"density_per_um2_frame": 0.0, "frames": 20})
    measured = calibrated_gan_facts(path, facts, {"shown": shown}, [dark])
    assert measured.figures["shown"] > 0.3
    stored = onnx.load(str(path))
    del stored.metadata_props[:]
    told = json.dumps(measured.model_dump(mode="json"))
    stored.metadata_props.add(key="cellstorm", value=told)
    onnx.save(stored, str(path))
    clip = make_clip(shown.changed({"seed": 621}))
    film = ArrayMovie(clip.frames)
    camera = clip.simulation.recorded_camera
    columns = _prepared(path, film, camera).localize(film.read_chunk(0, 40), first=0, last=40)
    # an enlarged frame is no network: molecules of about the right light, and errors in order
    truth = clip.truth.filter(pl.col("photons") > 500)["photons"].to_numpy()
    bright = columns["photons"][columns["photons"] > 500]
    assert np.median(bright) == pytest.approx(np.median(truth), rel=0.25)
    assert 0.02 < np.median(columns["uncertainty_px"]) < 0.5
    film = ArrayMovie(make_clip(dark.changed({"seed": 622})).frames)
    found = _prepared(path, film, camera).localize(film.read_chunk(0, 20), first=0, last=20)
    assert len(found["frame"]) == 0


@pytest.mark.slow
def test_an_estimated_gain_makes_no_molecules_of_the_noise_of_dark_video(tmp_path: Path) -> None:
    dark = Simulation(frames=60, seed=2).changed(
        density_per_um2_frame=0, background_photons=3, crf=12.0
    )
    found = localize_frames(
        dark.run(tmp_path / "dark").movie, method=GanMethod(), pixel_size_nm=100.0
    )
    # of the gain that is estimated here, 12 % over, there were 140
    assert found.data.height <= 1
