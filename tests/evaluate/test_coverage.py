"""Reported uncertainties that are right are called right, and others by how much not."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cellstorm.errors import TableError
from cellstorm.evaluate import coverage
from cellstorm.evaluate.quality_pictures import draw_coverage

COUNT = 20_000


def tables(
    *, told: float = 1.0, shift: float = 0.0, wrong: int = 0, seed: int = 4
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Found and true molecules with normal errors; uncertainties are ``told`` times those."""
    random = np.random.default_rng(seed)
    truth = random.random((COUNT, 2)) * 20_000.0
    spread = random.uniform(4.0, 30.0, (COUNT, 2))
    error = spread * (random.standard_normal((COUNT, 2)) + shift)
    error[:wrong] = 150.0
    frame = np.arange(COUNT)
    found = pl.DataFrame(
        {
            "frame": frame,
            "x_nm": truth[:, 0] + error[:, 0],
            "y_nm": truth[:, 1] + error[:, 1],
            "uncertainty_x_nm": (told * spread[:, 0]).astype(np.float32),
            "uncertainty_y_nm": (told * spread[:, 1]).astype(np.float32),
        }
    )
    return found, pl.DataFrame({"frame": frame, "x_nm": truth[:, 0], "y_nm": truth[:, 1]})


def test_true_uncertainties_cover_what_they_promise() -> None:
    result = coverage(*tables())
    assert result.pairs == COUNT
    for z in (result.x, result.y):
        # standard errors of 20,000: 0.007, 0.005, 0.008
        assert z.mean == pytest.approx(0.0, abs=0.03)
        assert z.sd == pytest.approx(1.0, abs=0.02)
        assert z.robust_sd == pytest.approx(1.0, abs=0.03)
    assert [one.level for one in result.levels] == [0.50, 0.68, 0.95]
    for one in (*result.levels, *result.curve):
        assert one.interval == pytest.approx(one.level, abs=0.012)
        assert one.ellipse == pytest.approx(one.level, abs=0.015)
        assert one.interval_low < one.interval < one.interval_high
    for decile in result.deciles:
        assert decile.pairs == COUNT // 10
        assert decile.rmse_nm == pytest.approx(decile.reported_nm, abs=4 * decile.rmse_error_nm)
        assert decile.coverage_68 == pytest.approx(0.68, abs=0.03)
    reported = [decile.reported_nm for decile in result.deciles]
    assert reported == sorted(reported)
    assert result.histogram.sum() * 0.2 == pytest.approx(1.0, abs=0.001)


def test_confidence_intervals_hold_the_promise_in_nineteen_of_twenty_tables() -> None:
    held = 0
    for seed in range(60):
        found, truth = tables(seed=seed)
        one = coverage(found[:400], truth[:400]).level(0.68)
        held += one.interval_low <= 0.68 <= one.interval_high
    # 57 expected; under 51 once in a thousand
    assert 51 <= held


def test_half_the_true_error_shows_as_two_standard_deviations() -> None:
    result = coverage(*tables(told=0.5))
    assert result.x.sd == pytest.approx(2.0, abs=0.05)
    assert result.y.robust_sd == pytest.approx(2.0, abs=0.06)
    # P(|z| < 0.9945 / 2) of a normal distribution; 1 - (1 - 0.68)^(1/4) in the plane
    assert result.level(0.68).interval == pytest.approx(0.381, abs=0.012)
    assert result.level(0.68).ellipse == pytest.approx(1 - 0.32**0.25, abs=0.015)
    assert all(decile.rmse_nm > 1.8 * decile.reported_nm for decile in result.deciles)


def test_wrong_pairs_widen_the_spread_but_not_the_robust_one() -> None:
    result = coverage(*tables(wrong=COUNT // 50))
    assert result.x.sd > 1.5
    assert result.x.robust_sd == pytest.approx(1.0, abs=0.05)


def test_a_bias_shows_in_the_mean() -> None:
    result = coverage(*tables(shift=0.3))
    assert result.x.mean == pytest.approx(0.3, abs=0.03)
    assert result.level(0.95).interval < 0.945


def test_one_uncertainty_stands_for_both_axes_and_missing_ones_are_counted() -> None:
    found, truth = tables()
    one = found.with_columns(
        uncertainty_nm=pl.when(pl.col("frame") < 100)
        .then(None)
        .when(pl.col("frame") < 150)
        .then(0.0)
        .otherwise(20.0)
    ).drop("uncertainty_x_nm", "uncertainty_y_nm")
    result = coverage(one, truth)
    assert (result.pairs, result.without_uncertainty) == (COUNT - 150, 150)
    with pytest.raises(TableError, match="no uncertainties"):
        coverage(one.drop("uncertainty_nm"), truth)


def test_no_pairs_give_no_figures(tmp_path: Path) -> None:
    found, truth = tables()
    nothing = coverage(found, truth.with_columns(frame=pl.col("frame") + COUNT))
    assert nothing.pairs == 0
    assert math.isnan(nothing.x.sd)
    assert math.isnan(nothing.level(0.5).ellipse)
    assert nothing.deciles == ()
    json.dumps(nothing.to_dict(), allow_nan=False)
    draw_coverage(nothing, tmp_path / "nothing.png")
    assert len(coverage(found[:3], truth).deciles) == 3


def test_the_result_is_plain_json_and_a_picture(tmp_path: Path) -> None:
    result = coverage(*tables())
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert read["levels"][1]["level"] == 0.68
    assert len(read["deciles"]) == 10
    draw_coverage(result, tmp_path / "coverage.png", title="test")
    with Image.open(tmp_path / "coverage.png") as picture:
        assert picture.width > 1000
