"""Scores of small cases worked out by hand, and of one large enough to be slow."""

import itertools
import math
import time

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.evaluate import score
from cellstorm.evaluate.matching import match


def table(*rows: tuple[float, ...]) -> pl.DataFrame:
    """Rows of frame, x_nm, y_nm and perhaps photons."""
    names = ("frame", "x_nm", "y_nm", "photons")[: len(rows[0])] if rows else ("frame",)
    if not rows:
        return pl.DataFrame(schema={"frame": pl.UInt32, "x_nm": pl.Float64, "y_nm": pl.Float64})
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])


def test_the_challenge_definitions_by_hand() -> None:
    truth = table((0, 100, 100), (0, 900, 900), (1, 500, 500), (2, 50, 50))
    found = table((0, 130, 140), (1, 500, 400), (1, 2000, 2000))
    result = score(found, truth)
    assert (result.true_positives, result.false_positives, result.false_negatives) == (2, 1, 2)
    assert result.recall == pytest.approx(2 / 4)
    assert result.precision == pytest.approx(2 / 3)
    assert result.jaccard == pytest.approx(2 / 5)
    assert result.f1 == pytest.approx(4 / 7)
    assert result.rmse_nm == pytest.approx(math.sqrt((50**2 + 100**2) / 2))
    assert result.mean_distance_nm == pytest.approx(75.0)
    assert result.bias_x_nm == pytest.approx(15.0)
    assert result.bias_y_nm == pytest.approx(-30.0)
    assert result.efficiency == pytest.approx(1 - math.sqrt(0.6**2 + 0.625))
    assert result.frames == 3


def test_a_pair_at_the_radius_counts_and_one_beyond_does_not() -> None:
    truth = table((0, 0, 0))
    assert score(table((0, 250, 0)), truth).true_positives == 1
    assert score(table((0, 250.001, 0)), truth).true_positives == 0
    assert score(table((0, 0, 60)), truth, radius_nm=50).true_positives == 0


def test_molecules_of_different_frames_never_pair() -> None:
    assert score(table((3, 10, 10)), table((4, 10, 10))).true_positives == 0


def test_more_pairs_win_over_nearer_pairs() -> None:
    # the nearest neighbour of the first found is the only partner of the second
    truth = table((0, 0, 0), (0, -200, 0))
    found = table((0, 10, 0), (0, 240, 0))
    result = score(found, truth)
    assert result.true_positives == 2
    assert result.mean_distance_nm == pytest.approx((210 + 240) / 2)


def test_of_equally_many_pairs_the_nearest_are_taken() -> None:
    truth = table((0, 0, 0), (0, 100, 0))
    found = table((0, 90, 0), (0, 10, 0))
    assert score(found, truth).mean_distance_nm == pytest.approx(10.0)


def test_a_molecule_found_twice_counts_once_and_once_as_false() -> None:
    result = score(table((0, 20, 0), (0, 0, 30)), table((0, 0, 0)))
    assert (result.true_positives, result.false_positives) == (1, 1)
    assert result.rmse_nm == pytest.approx(20.0)


def test_pairing_is_as_good_as_trying_everything() -> None:
    random = np.random.default_rng(1)
    for _ in range(60):
        found = np.c_[np.zeros(4), random.uniform(0, 500, (4, 2))]
        truth = np.c_[np.zeros(5), random.uniform(0, 500, (5, 2))]
        rows, columns = match(found, truth, 250.0)
        distance = np.hypot(*(found[:, None, 1:] - truth[None, :, 1:]).transpose(2, 0, 1))
        best = (0, 0.0)
        for order in itertools.permutations(range(5), 4):
            lengths = [distance[i, j] for i, j in enumerate(order) if distance[i, j] <= 250]
            best = max(best, (len(lengths), -sum(lengths)))
        assert rows.size == best[0]
        assert distance[rows, columns].sum() == pytest.approx(-best[1])


def test_molecules_near_the_edge_count_neither_way() -> None:
    truth = table((0, 40, 500), (0, 500, 500), (0, 110, 110), (1, 990, 990))
    found = table((0, 60, 500), (0, 510, 500), (0, 90, 110), (1, 20, 20), (1, 700, 700))
    result = score(found, truth, border_nm=100, field_nm=(1000, 1000))
    # the third pair lies across the line: it goes by the true position and counts
    assert (result.true_positives, result.false_positives, result.false_negatives) == (2, 1, 0)


def test_a_border_needs_a_field() -> None:
    with pytest.raises(ValueError, match="field_nm"):
        score(table((0, 1, 1)), table((0, 1, 1)), border_nm=10)


def test_faint_truth_is_left_out() -> None:
    truth = table((0, 100, 100, 30), (0, 900, 900, 500))
    found = table((0, 900, 910, 480))
    assert score(found, truth, faintest_photons=50).jaccard == 1.0
    assert score(found, truth).jaccard == 0.5


def test_only_the_frames_asked_for_count() -> None:
    truth = table((0, 0, 0), (1, 0, 0), (2, 0, 0))
    found = table((1, 0, 0), (3, 0, 0))
    result = score(found, truth, frames=(1, 3))
    assert (result.true_positives, result.false_positives, result.false_negatives) == (1, 0, 1)


def test_photons_of_pairs_are_correlated() -> None:
    truth = table((0, 0, 0, 100), (1, 0, 0, 200), (2, 0, 0, 300))
    doubled = table((0, 0, 0, 210), (1, 0, 0, 410), (2, 0, 0, 610))
    assert score(doubled, truth).photon_correlation == pytest.approx(1.0)
    assert math.isnan(score(doubled.drop("photons"), truth).photon_correlation)


def test_nothing_found_and_nothing_true_are_no_errors() -> None:
    nothing = table()
    missed = score(nothing, table((0, 1, 1)))
    assert missed.jaccard == 0.0 and missed.recall == 0.0 and math.isnan(missed.rmse_nm)
    invented = score(table((0, 1, 1)), nothing)
    assert invented.precision == 0.0 and math.isnan(invented.recall)
    assert score(nothing, nothing).frames == 0


def test_a_missing_column_is_named() -> None:
    with pytest.raises(TableError, match="the truth lack the column x_nm"):
        score(table((0, 1, 1)), pl.DataFrame({"frame": [0]}))


def test_a_dense_movie_is_scored_within_three_seconds() -> None:
    random = np.random.default_rng(2)
    count = 600 * 400
    truth = pl.DataFrame(
        {
            "frame": np.repeat(np.arange(600), 400),
            "x_nm": random.uniform(0, 12800, count),
            "y_nm": random.uniform(0, 12800, count),
        }
    )
    moved = truth.with_columns(
        pl.col("x_nm") + random.normal(0, 40, count), pl.col("y_nm") + random.normal(0, 40, count)
    )
    began = time.process_time()
    result = score(moved, truth)
    assert result.recall > 0.99
    assert time.process_time() - began < 3.0
