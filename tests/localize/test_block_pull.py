"""Where the codec's blocks draw molecules, and that they are put back."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.evaluate import ScoreOptions, pair_up
from cellstorm.localize import NetMethod
from cellstorm.localize.net._molecule_kernel import COLUMN_NAMES
from cellstorm.localize.net.block_pull import BlockPull, undo_block_pull
from cellstorm.movie import open_movie
from cellstorm.simulate import Simulation

PULL = BlockPull(by_noise=((0.4, 0.0, 0.0), (0.6, 0.2, -0.1)))


def test_the_pull_rises_with_the_noise_and_is_odd_about_a_block() -> None:
    quarter = np.array([1.0, 1.0, 1.0, 1.0, 3.0, 2.0, 4.0])
    noise = np.array([0.3, 0.5, 0.6, 0.9, 0.6, 0.6, 0.6])
    shift = PULL.shift_px(quarter, np.full(7, 0.1), noise)
    np.testing.assert_allclose(shift, [0, 0.01, 0.02, 0.02, -0.02, 0, 0], atol=1e-12)
    np.testing.assert_allclose(
        PULL.shift_px(np.array([0.5]), np.array([0.1]), np.array([0.7])),
        0.1 * (0.2 * np.sin(np.pi / 4) - 0.1),
    )


def test_nothing_is_moved_where_nothing_is_known_of_the_codec() -> None:
    place, error = np.array([1.0, 1.0]), np.array([0.1, 0.1])
    for pull in (PULL, BlockPull(by_noise=((0.6, 0.2, -0.1),)), BlockPull()):
        shift = pull.shift_px(place, error, np.zeros(2))
        np.testing.assert_array_equal(shift, 0.0)


def test_blocks_are_counted_from_the_corner_of_the_codecs_grid() -> None:
    molecules = np.zeros((1, len(COLUMN_NAMES)))
    for name, value in (
        ("x_px", 7.0),
        ("y_px", 2.0),
        ("variance_x_px2", 0.01),
        ("variance_y_px2", 0.04),
    ):
        molecules[0, COLUMN_NAMES.index(name)] = value
    noise = np.zeros((1, 16, 16), np.float32)
    noise[0, 2, 7] = 0.6
    undo_block_pull(molecules, PULL, noise, (2, 3))
    # at 9 and at 5 px, both a quarter of a block in
    assert molecules[0, COLUMN_NAMES.index("x_px")] == pytest.approx(7.0 - 0.02)
    assert molecules[0, COLUMN_NAMES.index("y_px")] == pytest.approx(2.0 - 0.04)


@pytest.mark.slow
def test_coarse_coding_leaves_no_wave_of_blocks_in_the_positions(tmp_path: Path) -> None:
    simulation = Simulation(frames=240, seed=5).changed(
        structure="uniform", density_per_um2_frame=0.3, photons=1000, crf=28.0
    )
    made = simulation.run(tmp_path / "movie")
    with open_movie(made.movie) as movie:
        height, width = movie.shape[1:]
        localizer = NetMethod().prepare(
            movie, simulation.recorded_camera, (0, 240), (0, width, 0, height)
        )
        found = localizer.localize(movie.read_chunk(0, 240), first=0, last=240)
    table = pl.DataFrame(
        {
            "frame": found["frame"],
            "x_nm": 100.0 * found["x_px"],
            "y_nm": 100.0 * found["y_px"],
        }
    )
    pairs = pair_up(table, made.read_truth(), ScoreOptions(axial_radius_nm=None))
    error_nm = pairs.step_nm[:, :2]
    place_px = (pairs.truth[pairs.true_row, 1:3] + error_nm) / 100.0
    wave_nm = 2.0 * (error_nm * np.sin(np.pi * place_px / 2.0)).mean()
    # left alone it is 3.5 nm; the standard error here is 0.3 nm
    assert abs(wave_nm) < 1.2
