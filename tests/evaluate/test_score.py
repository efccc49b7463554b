"""Scores of small cases worked out by hand."""

import math

import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.evaluate import score


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


def test_heights_by_hand() -> None:
    # as above, and the heights wrong by 60 and -80 nm; the third pair is 501 nm apart in z
    truth = table((0, 100, 100), (1, 500, 500), (2, 50, 50)).with_columns(z_nm=pl.Series([0, 9, 0]))
    found = table((0, 130, 140), (1, 500, 400), (2, 50, 50)).with_columns(
        z_nm=pl.Series([60, -71, 501])
    )
    result = score(found, truth)
    assert (result.true_positives, result.false_positives, result.false_negatives) == (2, 1, 1)
    assert result.rmse_nm == pytest.approx(math.sqrt((50**2 + 100**2) / 2))
    assert result.rmse_axial_nm == pytest.approx(math.sqrt((60**2 + 80**2) / 2))
    assert result.bias_z_nm == pytest.approx(-10.0)
    # 100 nm laterally and 200 nm axially each cost as much as finding nothing
    axial = 1 - math.hypot(1 - 2 / 4, math.sqrt(5000) / 200)
    assert result.efficiency_axial == pytest.approx(axial)
    assert result.efficiency_3d == pytest.approx((result.efficiency + axial) / 2)


def test_in_space_the_nearest_is_the_nearest_in_space() -> None:
    truth = table((0, 0, 0), (0, 30, 0)).with_columns(z_nm=pl.Series([0, 400]))
    found = table((0, 28, 0), (9, 0, 0)).with_columns(z_nm=pl.Series([10, 20]))
    assert score(found, truth).mean_distance_nm == pytest.approx(28.0)
    assert score(found, truth, axial_radius_nm=None).mean_distance_nm == pytest.approx(2.0)


@pytest.mark.parametrize("heights", [[0, 0], [None, None], [5, None]])
def test_heights_that_say_nothing_are_left_alone(heights: list[int | None]) -> None:
    truth = table((0, 100, 100), (1, 500, 500)).with_columns(z_nm=pl.Series([0, 900]))
    found = table((0, 100, 100), (1, 500, 500)).with_columns(z_nm=pl.Series(heights))
    result = score(found, truth)
    assert result.true_positives == 2
    assert math.isnan(result.rmse_axial_nm) and math.isnan(result.efficiency_3d)


def test_ignored_faint_molecules_count_neither_way() -> None:
    truth = table((0, 100, 100, 30), (0, 900, 900, 500), (1, 400, 400, 20), (2, 400, 400, 400))
    found = table((0, 110, 100, 30), (0, 900, 910, 480), (1, 900, 900, 50))
    # the faint one found counts as false, the faint one missed as nothing
    strict = score(found, truth, faintest_photons=50)
    assert (strict.true_positives, strict.false_positives, strict.false_negatives) == (1, 2, 1)
    # neither counts; what was found where nothing is, is false all the same
    lenient = score(found, truth, faintest_photons=50, faint="ignored")
    assert (lenient.true_positives, lenient.false_positives, lenient.false_negatives) == (1, 1, 1)
    assert lenient.rmse_nm == pytest.approx(10.0)


def test_the_quantile_is_of_the_light_within_the_border() -> None:
    # 10 to 80 photons inside, and four of no light at all on the edge
    inside = [(0, 1000.0 * k, 5000.0, 10.0 * k) for k in range(1, 9)]
    edge = [(0, 10.0, 2000.0 * k, 0.0) for k in range(1, 5)]
    truth = table(*inside, *edge)
    result = score(
        truth,
        truth,
        border_nm=450.0,
        field_nm=(9000.0, 10000.0),
        faintest_quantile=0.25,
        faint="ignored",
    )
    # the quarter's line lies at 25 photons: those of 10 and 20 are left out
    assert (result.true_positives, result.false_positives) == (6, 0)


def test_molecules_of_one_brightness_are_all_bright_enough() -> None:
    truth = table((0, 0, 0, 4861.02), (1, 0, 0, 4861.02))
    assert score(truth, truth, faintest_quantile=0.25).true_positives == 2


def test_what_lies_outside_the_field_counts_neither_way() -> None:
    truth = table((0, 500, 500), (0, 1500, 500))
    found = table((0, 500, 510), (0, -20, 500), (0, 300, 1200))
    result = score(found, truth, field_nm=(1000, 1000))
    assert (result.true_positives, result.false_positives, result.false_negatives) == (1, 0, 0)


def test_photons_are_compared_in_pairs_only() -> None:
    truth = table((0, 0, 0, 100), (1, 0, 0, 200), (2, 0, 0, 9000))
    found = table((0, 0, 0, 150), (1, 0, 0, 150), (5, 0, 0, 7000))
    result = score(found, truth)
    assert result.photon_ratio == pytest.approx(1.0)
    assert math.isnan(result.photon_correlation)  # of what does not vary


def test_impossible_options_name_the_field() -> None:
    for options, name in (
        ({"radius_nm": 0.0}, "radius_nm"),
        ({"radius_nm": math.nan}, "radius_nm"),
        ({"axial_radius_nm": -1.0}, "axial_radius_nm"),
        ({"faintest_quantile": 1.0}, "faintest_quantile"),
        ({"border_nm": 600.0, "field_nm": (1000.0, 9000.0)}, "field_nm"),
        ({"frames": (5, 5)}, "frames"),
    ):
        with pytest.raises(ValueError, match=name):
            score(table((0, 1, 1)), table((0, 1, 1)), **options)
