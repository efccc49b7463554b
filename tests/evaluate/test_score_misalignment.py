"""Conventions that differ are recognised, and nothing is made up where they don't."""

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from cellstorm.evaluate import Misalignment, find_misalignment


def blinking_movie(random: np.random.Generator, molecules: int) -> pl.DataFrame:
    """Molecules anywhere in 128 x 100 px of 100 nm, on for three frames of 150 on average."""
    start = random.integers(0, 150, molecules)
    on = np.minimum(random.geometric(1 / 3, molecules), 150 - start)
    return pl.DataFrame(
        {
            "frame": np.concatenate([np.arange(s, s + n) for s, n in zip(start, on, strict=True)]),
            "x_nm": np.repeat(random.uniform(0, 12_800, molecules), on),
            "y_nm": np.repeat(random.uniform(0, 10_000, molecules), on),
        }
    )


def found_of(random: np.random.Generator, truth: pl.DataFrame, error_nm: float) -> pl.DataFrame:
    """Seven in ten of the truth, and one in ten that is false."""
    found = truth.filter(pl.Series(random.random(truth.height) < 0.7))
    false = found.sample(fraction=0.1, seed=1).with_columns(pl.col("x_nm", "y_nm").reverse())
    everything = pl.concat([found, false])
    return everything.with_columns(
        pl.col("x_nm") + random.normal(0, error_nm, everything.height),
        pl.col("y_nm") + random.normal(0, error_nm, everything.height),
    )


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return blinking_movie(np.random.default_rng(1), 1500)


@pytest.fixture(scope="module")
def found(truth: pl.DataFrame) -> pl.DataFrame:
    return found_of(np.random.default_rng(2), truth, 25.0)


def test_half_a_pixel(found: pl.DataFrame, truth: pl.DataFrame) -> None:
    shifted = found.with_columns(pl.col("x_nm", "y_nm") - 50.0)
    seen = find_misalignment(shifted, truth)
    assert seen is not None
    assert (seen.frames, seen.swapped, seen.scale) == (0, False, 1.0)
    assert (seen.dx_nm, seen.dy_nm) == pytest.approx((50.0, 50.0), abs=4.0)
    assert seen.rmse_nm == pytest.approx(25 * math.sqrt(2), rel=0.1)
    assert seen.rmse_now_nm == pytest.approx(math.hypot(seen.rmse_nm, 50 * math.sqrt(2)), rel=0.1)


def test_a_shift_farther_than_any_pair(found: pl.DataFrame, truth: pl.DataFrame) -> None:
    seen = find_misalignment(found.with_columns(pl.col("y_nm") + 400.0), truth)
    assert seen is not None
    assert (seen.dx_nm, seen.dy_nm) == pytest.approx((0.0, -400.0), abs=4.0)
    assert seen.recall == pytest.approx(0.7, abs=0.03)
    assert seen.recall_now < 0.2


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_frame_though_molecules_stay_on(
    found: pl.DataFrame, truth: pl.DataFrame, shift: int
) -> None:
    late = found.with_columns(pl.col("frame") + shift, pl.col("x_nm") - 50.0)
    seen = find_misalignment(late, truth)
    assert seen is not None
    assert seen.frames == -shift
    assert (seen.dx_nm, seen.dy_nm) == pytest.approx((50.0, 0.0), abs=4.0)


def test_axes_in_each_other_s_place(found: pl.DataFrame, truth: pl.DataFrame) -> None:
    seen = find_misalignment(found.rename({"x_nm": "y_nm", "y_nm": "x_nm"}), truth)
    assert seen is not None
    assert seen.swapped
    assert math.hypot(seen.dx_nm, seen.dy_nm) < 4.0


@pytest.mark.parametrize("scale", [0.01, 1 / 1.5, 1.2])
def test_another_pixel_size(found: pl.DataFrame, truth: pl.DataFrame, scale: float) -> None:
    seen = find_misalignment(found.with_columns(pl.col("x_nm", "y_nm") * scale), truth)
    assert seen is not None
    assert seen.scale == pytest.approx(1 / scale, rel=1e-3)
    assert seen.recall == pytest.approx(0.7, abs=0.03)


def _nudged(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col("x_nm") + 4.0)


def _emptied(table: pl.DataFrame) -> pl.DataFrame:
    return table[:0]


@pytest.mark.parametrize("change", [pl.DataFrame.clone, _nudged, _emptied])
def test_nothing_is_made_up(
    found: pl.DataFrame, truth: pl.DataFrame, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    assert find_misalignment(change(found), truth) is None


def test_nor_of_molecules_that_are_not_those(truth: pl.DataFrame) -> None:
    for seed in range(3, 6):
        others = blinking_movie(np.random.default_rng(seed), 1500)
        assert find_misalignment(others, truth) is None


def test_a_long_movie_is_judged_by_some_of_its_frames() -> None:
    random = np.random.default_rng(7)
    truth = blinking_movie(random, 12_000)
    seen = find_misalignment(found_of(random, truth, 20.0).with_columns(pl.col("frame") + 1), truth)
    assert isinstance(seen, Misalignment)
    assert seen.frames == -1
    assert seen.recall == pytest.approx(0.7, abs=0.03)
