"""Pairs: truth where the light is, on every way from a recording to a patch."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from cellstorm.camera import Camera, load_camera
from cellstorm.errors import ConfigurationError, TableError
from cellstorm.localizations import Localizations, Metadata
from cellstorm.localize.gan import BrightnessScale
from cellstorm.movie import ArrayMovie, open_movie
from cellstorm.simulate import Simulation, make_clip
from cellstorm.simulate.codec import H264Codec, NoCodec
from cellstorm.simulate.structures import FilamentStructure
from cellstorm.train.conditions import Conditions
from cellstorm.train.pairs import (
    Augmentation,
    MisalignedPairs,
    PairConditions,
    PairedRecording,
    PairPool,
    PatchSettings,
    check_alignment,
    cut_pair,
    degraded_recording,
    experimental_recording,
    measure_shift,
    rasterised,
    real_recordings,
    simulated_recording,
)
from cellstorm.train.pairs.conditions import structure_share

PLAIN = PatchSettings(factor=4, patch_px=24, augmentation=None, any_share=0.0)
CONDITIONS = PairConditions(
    recording=Conditions(
        size_px=48,
        frames=8,
        photons=(1500.0, 3000.0),
        sigma_px=(1.0, 1.4),
        background_photons=(1.0, 4.0),
        haze_share=0.0,
        out_of_focus_share=0.0,
        isp_share=0.0,
        empty_share=0.0,
    )
)


@pytest.fixture(scope="module")
def bright() -> PairedRecording:
    """Molecules of 3000 photons, half a micrometre and more apart on average."""
    simulation = Simulation(width_px=64, height_px=48, frames=24, seed=4).changed(
        {"photons": 3000, "crf": 12, "background_photons": 3, "structure": "uniform"}
    )
    return simulated_recording(simulation)


def test_truth_on_the_fine_grid_is_not_shifted_by_half_a_fine_pixel() -> None:
    random = np.random.default_rng(0)
    x_px, y_px = random.uniform(2.0, 14.0, (2, 900))
    for factor in (4, 5):
        errors = []
        for x, y in zip(x_px, y_px, strict=True):
            light = rasterised(
                np.array([x]), np.array([y]), np.ones(1), shape_px=(16, 16), factor=factor
            )
            row, column = np.argwhere(light)[0]
            errors.append(((column + 0.5) / factor - x, (row + 0.5) / factor - y))
        # rounding to a fine pixel is even: standard error 1 / (factor sqrt(12 * 900)) px
        assert np.abs(np.mean(errors, axis=0)).max() < 4.0 / (factor * np.sqrt(12 * 900))
        assert np.abs(errors).max() <= 0.5 / factor + 1e-12


def test_molecules_of_one_fine_pixel_add_up_and_those_outside_are_left_out() -> None:
    x_px, y_px = np.array([1.01, 1.05, -0.1, 8.0]), np.array([2.3, 2.4, 1.0, 1.0])
    light = rasterised(x_px, y_px, np.array([3.0, 4.0, 5.0, 6.0]), shape_px=(8, 8), factor=4)
    assert light[9, 4] == 7.0
    assert light.sum() == 7.0


def test_brightness_comes_back_as_photons() -> None:
    photons = np.array([0.0, 50.0, 400.0, 4000.0, 9000.0])
    for exponent in (1.0, 0.5):
        scale = BrightnessScale(full_photons=4000.0, exponent=exponent)
        brightness = scale.of_photons(photons)
        assert brightness.max() == 1.0 and (np.diff(brightness[:4]) > 0).all()
        np.testing.assert_allclose(scale.photons(brightness)[:4], photons[:4], rtol=1e-5)


def test_every_drawn_simulation_has_the_papers_density_and_quality() -> None:
    random = np.random.default_rng(1)
    phases = set()
    for _ in range(30):
        drawn = CONDITIONS.draw(random)
        share, _ = structure_share(drawn.structure, drawn.view, drawn.seed)
        assert 0.0 < share < 1.0
        density = drawn.photophysics.density_per_um2_frame
        assert density is not None
        on_structure = density / share
        assert 3.99 <= on_structure <= 6.01
        assert isinstance(drawn.codec, H264Codec)
        assert drawn.codec.quality_percent is not None
        assert 80.0 <= drawn.codec.quality_percent <= 90.0
        phases.add(drawn.codec.resolved(random).shift_px)
    assert len(phases) > 15


def test_a_straight_filament_fills_about_its_length_times_its_width() -> None:
    view = Simulation(width_px=100, height_px=100).view
    structure = FilamentStructure(filament_um_per_um2=0.5, persistence_um=1000.0)
    share, sites = structure_share(structure, view, 3)
    # cells of 50 nm; a line at an angle touches up to 1.4 times as many
    assert 0.025 < share < 0.055
    assert sites > 1000


def test_simulated_pairs_lie_right_and_a_quarter_of_a_pixel_off_is_told(
    bright: PairedRecording,
) -> None:
    shift = check_alignment(bright)
    assert np.hypot(shift.x_px, shift.y_px) < 0.06
    assert shift.frames == 0
    moved = measure_shift(bright.shifted(x_px=0.25))
    assert moved is not None
    assert moved.x_px == pytest.approx(-0.25, abs=0.06)
    for x_px, y_px in ((0.25, 0.0), (0.0, -0.5), (-3.0, 2.0)):
        with pytest.raises(MisalignedPairs, match="px right of"):
            check_alignment(bright.shifted(x_px=x_px, y_px=y_px))


def test_tables_of_another_frame_or_another_movie_are_told(bright: PairedRecording) -> None:
    late = _with(bright, first_row=np.concatenate([[0], bright.first_row[:-1]]))
    with pytest.raises(MisalignedPairs, match="1 frame before"):
        check_alignment(late)
    random = np.random.default_rng(3)
    other = _with(bright, x_px=random.permutation(bright.x_px))
    with pytest.raises(MisalignedPairs, match="nothing to do"):
        check_alignment(other)
    nothing = np.zeros(25, np.int64)
    with pytest.raises(MisalignedPairs, match="fewer than 20"):
        check_alignment(_with(bright, first_row=nothing))


def _with(recording: PairedRecording, **changes: NDArray[np.generic]) -> PairedRecording:
    return PairedRecording(**{**vars(recording), **changes})


def test_patches_hold_enough_molecules_and_their_light(bright: PairedRecording) -> None:
    random = np.random.default_rng(5)
    settings = PLAIN.model_copy(update={"least_molecules": 3})
    for _ in range(40):
        light, truth = cut_pair(bright, settings, random)
        assert light.shape == (24, 24) and truth.shape == (96, 96)
        assert np.count_nonzero(truth) >= 3
        assert truth.min() == 0.0 and truth.max() <= 1.0


def test_light_stays_with_its_molecules_through_turns_and_zoom(bright: PairedRecording) -> None:
    random = np.random.default_rng(6)
    turned = Augmentation(brightness=(1.0, 1.0), zoom=(0.8, 1.25))
    settings = PLAIN.model_copy(update={"augmentation": turned})
    offsets = []
    for _ in range(150):
        light, truth = cut_pair(bright, settings, random)
        background = np.median(light)
        for row, column in np.argwhere(truth > 0):
            y, x = (row + 0.5) / 4, (column + 0.5) / 4
            others = np.argwhere(truth > 0) / 4
            near = np.hypot(others[:, 0] - row / 4, others[:, 1] - column / 4) < 8
            if near.sum() > 1 or not (4 < x < 20 and 4 < y < 20):
                continue
            top, left = int(y) - 3, int(x) - 3
            window = np.maximum(light[top : top + 7, left : left + 7] - background, 0.0)
            mass = window.sum()
            at_y = (window.sum(axis=1) * (np.arange(7) + top + 0.5)).sum() / mass
            at_x = (window.sum(axis=0) * (np.arange(7) + left + 0.5)).sum() / mass
            offsets.append((at_x - x, at_y - y))
    assert len(offsets) > 60
    # a fine pixel's rounding is 0.07 px, noise as much; half a pixel would be 0.5
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.05


def test_brightness_changes_frame_and_truth_together(bright: PairedRecording) -> None:
    lit = PLAIN.model_copy(
        update={
            "augmentation": Augmentation(
                flips_and_turns=False, brightness=(1.5, 1.5), zoom=(1.0, 1.0)
            )
        }
    )
    plain = lit.model_copy(
        update={
            "augmentation": Augmentation(
                flips_and_turns=False, brightness=(1.0, 1.0), zoom=(1.0, 1.0)
            )
        }
    )
    light, truth = cut_pair(bright, plain, np.random.default_rng(7))
    brighter, lit_truth = cut_pair(bright, lit, np.random.default_rng(7))
    root, brighter_root = 10.0 * light + 10.0, 10.0 * brighter + 10.0
    np.testing.assert_allclose(brighter_root**2, 1.5 * root**2, rtol=0.01, atol=0.1)
    shown = (truth > 0) & (lit_truth < 1)
    np.testing.assert_allclose(lit_truth[shown] ** 2, 1.5 * truth[shown] ** 2, rtol=1e-3)


def test_patches_begin_at_every_phase_of_the_block_grid(bright: PairedRecording) -> None:
    marked = _with(
        bright,
        light=np.broadcast_to((np.arange(64) % 8).astype(np.float16), bright.light.shape),
    )
    random = np.random.default_rng(8)
    phases = {int(cut_pair(marked, PLAIN, random)[0][0, 0]) for _ in range(200)}
    assert phases == set(range(8))


def test_the_pool_mixes_real_and_simulated_pairs_as_asked(bright: PairedRecording) -> None:
    # real patches can be told by their light
    real = _with(bright, light=bright.light + np.float16(50.0))
    with PairPool(CONDITIONS, PLAIN, recordings=[real], real_share=0.3, clips=4, seed=1) as pool:
        batches = pool.batches(10, np.random.default_rng(0))
        share = np.mean(
            [(next(batches).light.mean(axis=(1, 2, 3)) > 25.0).mean() for _ in range(40)]
        )
    assert 0.22 < share < 0.38
    with PairPool(CONDITIONS, PLAIN, clips=4, seed=1) as pool:
        batch = next(pool.batches(3, np.random.default_rng(0)))
    assert batch.light.shape == (3, 1, 24, 24) and batch.truth.shape == (3, 1, 96, 96)


def test_the_pool_refuses_what_lies_wrong_or_is_too_small(bright: PairedRecording) -> None:
    with pytest.raises(MisalignedPairs):
        PairPool(CONDITIONS, PLAIN, recordings=[bright.shifted(x_px=1.0)])
    with pytest.raises(ConfigurationError, match="smaller than a patch"):
        PairPool(CONDITIONS, PLAIN.model_copy(update={"patch_px": 64}), recordings=[bright])


@pytest.fixture(scope="module")
def clean() -> tuple[NDArray[np.generic], Localizations, Camera]:
    """An uncompressed recording, its table, and its camera."""
    simulation = Simulation(
        width_px=61,
        height_px=49,
        frames=20,
        seed=9,
        camera=load_camera("scmos"),
        codec=NoCodec(),
    ).changed({"photons": 3000, "background_photons": 3, "structure": "uniform"})
    clip = make_clip(simulation)
    table = Localizations(
        clip.truth.filter(pl.col("photons") > 300).select("frame", "x_nm", "y_nm", "photons"),
        Metadata(pixel_size_nm=100.0),
    )
    return clip.frames, table, simulation.recorded_camera


def test_a_real_movie_and_its_table_are_a_pair(
    clean: tuple[NDArray[np.generic], Localizations, Camera],
) -> None:
    frames, table, camera = clean
    recording = experimental_recording(ArrayMovie(frames), table, camera, frames=(5, 20))
    assert recording.light.shape == (15, 49, 61)
    rows = table.data.filter(pl.col("frame") == 5)
    assert recording.rows(0).stop == rows.height
    np.testing.assert_allclose(
        recording.photons[recording.rows(0)], rows["photons"].to_numpy(), rtol=1e-5
    )
    half = Localizations(
        table.data.with_columns(pl.col("x_nm") + 50.0, pl.col("y_nm") + 50.0), table.metadata
    )
    with pytest.raises(MisalignedPairs, match="origin"):
        experimental_recording(ArrayMovie(frames), half, camera)
    with pytest.raises(TableError, match="no photons"):
        experimental_recording(
            ArrayMovie(frames), Localizations(table.data.drop("photons"), table.metadata), camera
        )
    with pytest.raises(TableError, match="no molecule in frames"):
        empty = Localizations(table.data.clear(), table.metadata)
        experimental_recording(ArrayMovie(frames), empty, camera)


def test_a_degraded_copy_keeps_places_loses_light_and_shows_the_codec(
    clean: tuple[NDArray[np.generic], Localizations, Camera],
) -> None:
    frames, table, camera = clean
    phone = Simulation(codec=H264Codec(quality_percent=80.0, grid_shift_px="random"))
    random = np.random.default_rng(2)
    copy = degraded_recording(
        ArrayMovie(frames), table, camera, phone, light_share=0.4, random=random
    )
    assert copy.light.shape == (20, 48, 60)
    assert copy.origin == "degraded"
    check_alignment(copy)
    rows = table.data.filter((pl.col("x_nm") < 6000) & (pl.col("y_nm") < 4800))
    assert copy.molecules == rows.height
    np.testing.assert_allclose(
        copy.photons.sum(), 0.4 * rows["photons"].to_numpy().sum(), rtol=1e-4
    )
    again = degraded_recording(
        ArrayMovie(frames), table, camera, phone, light_share=0.4, random=np.random.default_rng(2)
    )
    np.testing.assert_array_equal(again.light, copy.light)


def test_a_well_recorded_movie_gives_copies_as_phones_would_have_it(
    clean: tuple[NDArray[np.generic], Localizations, Camera], tmp_path: Path
) -> None:
    frames, table, camera = clean
    copies = real_recordings(
        ArrayMovie(frames), table, camera, CONDITIONS, random=np.random.default_rng(1)
    )
    assert {copy.origin for copy in copies} == {"degraded"}
    light = [float(copy.photons.sum()) for copy in copies]
    assert min(light) < 0.7 * max(light)
    made = Simulation(width_px=64, height_px=64, frames=8, seed=1).changed({"photons": 2000})
    recorded = made.run(tmp_path / "movie")
    truth = recorded.read_truth().filter(pl.col("photons") > 500)
    rows = truth.select("frame", "x_nm", "y_nm", "photons")
    with open_movie(recorded.movie) as movie:
        (as_it_is,) = real_recordings(
            movie,
            Localizations(rows, Metadata(pixel_size_nm=100.0)),
            made.recorded_camera,
            CONDITIONS,
            random=np.random.default_rng(1),
        )
    assert as_it_is.origin == "experimental"
    assert as_it_is.molecules == rows.height


def test_thinned_light_has_the_noise_of_light(
    clean: tuple[NDArray[np.generic], Localizations, Camera],
) -> None:
    random = np.random.default_rng(3)
    # 400 photoelectrons everywhere, and molecules that are nearly nothing to check against
    camera = Camera(gain_e_per_adu=0.5, offset_adu=100.0, bit_depth=16)
    flat = np.rint(random.poisson(400.0, (60, 48, 48)) / 0.5 + 100.0).astype(np.uint16)
    _, table, _ = clean
    phone = Simulation(codec=NoCodec(), camera=Camera(read_noise_e=2.0, bit_depth=12))
    copy = degraded_recording(
        ArrayMovie(_lit(flat, table)), table, camera, phone, light_share=0.25, random=random
    )
    # a hundred photoelectrons and a read noise of 2: the light's plane has a noise of 0.1
    quiet = copy.light[20:].astype(np.float64)
    assert quiet.std(axis=0).mean() == pytest.approx(0.1, rel=0.06)
    level = (0.5 * (10.0 * quiet.mean() + 10.0)) ** 2 - 4.0 - 0.375
    assert level == pytest.approx(100.0, rel=0.03)


def _lit(flat: NDArray[np.uint16], table: Localizations) -> NDArray[np.uint16]:
    """With a bright block where the table has a molecule, in the first 20 frames."""
    lit = flat.copy()
    for row in table.data.iter_rows(named=True):
        x, y = int(row["x_nm"] / 100.0), int(row["y_nm"] / 100.0)
        lit[row["frame"], max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] += 600
    return lit


def test_a_compressed_movie_is_no_original(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = Simulation(width_px=48, height_px=48, frames=8, seed=1).run(
        tmp_path_factory.mktemp("movie") / "movie"
    )
    table = Localizations(
        made.read_truth().select("frame", "x_nm", "y_nm", "photons"), Metadata(pixel_size_nm=100.0)
    )
    with open_movie(made.movie) as movie, pytest.raises(ConfigurationError, match="light_share"):
        degraded_recording(
            movie, table, Camera(), Simulation(), light_share=0.0, random=np.random.default_rng(0)
        )
    from cellstorm.errors import MovieError

    with open_movie(made.movie) as movie, pytest.raises(MovieError, match="compressed"):
        degraded_recording(movie, table, Camera(), Simulation(), random=np.random.default_rng(0))
