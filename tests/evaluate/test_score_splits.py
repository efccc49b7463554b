"""Splits by brightness and crowding, and the paper's score, by hand."""

import math

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.evaluate import (
    ScoreOptions,
    nearest_truth_score,
    pair_up,
    score,
    split_by_neighbours,
    split_by_photons,
)


def table(*rows: tuple[float, ...]) -> pl.DataFrame:
    """Rows of frame, x_nm, y_nm and perhaps photons."""
    return pl.DataFrame(
        rows, schema=["frame", "x_nm", "y_nm", "photons"][: len(rows[0])], orient="row"
    )


def test_brightness_bins_by_hand() -> None:
    truth = table((0, 0, 0, 10.0), (1, 0, 0, 20.0), (2, 0, 0, 30.0), (3, 0, 0, 40.0))
    found = table((1, 30, 40, 30.0), (2, 0, 10, 30.0), (3, 10, 0, 40.0))
    assert split_by_photons(pair_up(found, truth), bins=2).to_dicts() == [
        {
            "photons_from": 10.0,
            "photons_to": 20.0,
            "true": 2,
            "found": 1,
            "recall": 0.5,
            "rmse_nm": pytest.approx(50.0),
            "photon_ratio": pytest.approx(1.5),
        },
        {
            "photons_from": 30.0,
            "photons_to": 40.0,
            "true": 2,
            "found": 2,
            "recall": 1.0,
            "rmse_nm": pytest.approx(10.0),
            "photon_ratio": pytest.approx(1.0),
        },
    ]


def test_brightness_bins_hold_equally_many_and_all() -> None:
    random = np.random.default_rng(1)
    truth = table(*[(k, 0, 0, float(random.gamma(2, 300))) for k in range(1000)])
    bins = split_by_photons(pair_up(truth[::2], truth), bins=4)
    assert bins["true"].to_list() == [250] * 4
    assert bins["photons_to"].to_list()[:-1] < bins["photons_from"].to_list()[1:]
    assert (bins["found"] / bins["true"] == bins["recall"]).all()
    assert bins["found"].sum() == 500


def test_one_brightness_is_one_bin_and_none_is_no_bin() -> None:
    truth = table((0, 0, 0, 100.0), (1, 0, 0, 100.0))
    assert split_by_photons(pair_up(truth, truth)).height == 1
    dark = truth.drop("photons")
    assert split_by_photons(pair_up(truth, dark)).is_empty()
    assert split_by_photons(pair_up(dark, truth))["photon_ratio"].to_list() == [None]


def test_crowding_bins_by_hand() -> None:
    # a pair 400 nm apart, one alone in the same frame, and one alone in another
    truth = table((0, 0, 0), (0, 400, 0), (0, 2000, 0), (1, 200, 0))
    found = table((0, 400, 30), (0, 2000, 0), (1, 210, 0))
    assert split_by_neighbours(pair_up(found, truth)).to_dicts() == [
        {
            "neighbours_from": 0,
            "neighbours_to": 0,
            "true": 2,
            "found": 2,
            "recall": 1.0,
            "rmse_nm": pytest.approx(math.sqrt(50.0)),
        },
        {
            "neighbours_from": 1,
            "neighbours_to": 1,
            "true": 2,
            "found": 1,
            "recall": 0.5,
            "rmse_nm": pytest.approx(30.0),
        },
    ]


def test_a_neighbour_beyond_the_border_is_a_neighbour() -> None:
    truth = table((0, 50, 500), (0, 300, 500))
    options = ScoreOptions(border_nm=100, field_nm=(1000, 1000))
    bins = split_by_neighbours(pair_up(truth, truth, options))
    assert bins.select("neighbours_from", "true").rows() == [(1, 1)]


def test_the_nearest_truth_by_hand() -> None:
    # the first found serves two true ones; the second is found twice; the last is nowhere
    truth = table((0, 0, 0), (0, 150, 0), (1, 0, 0), (2, 0, 0))
    found = table((0, 60, 0), (1, 0, 30), (1, 0, -90), (2, 0, 201), (3, 0, 0))
    result = nearest_truth_score(found, truth)
    assert (result.true_events, result.events_found) == (4, 3)
    assert result.found_fraction == 0.75
    assert (result.localizations, result.localizations_near) == (5, 3)
    assert result.mean_distance_nm == pytest.approx((60 + 30 + 90) / 3)


def test_the_nearest_truth_flatters_noise_as_its_description_warns() -> None:
    random = np.random.default_rng(2)
    crowd, noise = (
        pl.DataFrame(
            {
                "frame": random.integers(0, 20, 4000),
                "x_nm": random.uniform(0, 5000, 4000),
                "y_nm": random.uniform(0, 5000, 4000),
            }
        )
        for _ in range(2)
    )
    flattered = nearest_truth_score(noise, crowd)
    assert flattered.found_fraction > 0.5
    assert flattered.mean_distance_nm < 120
    assert score(noise, crowd).efficiency < -0.3


def test_the_nearest_truth_within_the_frames_asked_for() -> None:
    truth = table((0, 0, 0), (1, 0, 0))
    assert nearest_truth_score(truth, truth, frames=(1, 9)).true_events == 1
    nothing = nearest_truth_score(truth, truth, frames=(7, 9))
    assert math.isnan(nothing.found_fraction) and math.isnan(nothing.mean_distance_nm)
    with pytest.raises(TableError, match="the truth lack the column x_nm"):
        nearest_truth_score(truth, truth.drop("x_nm"))
    with pytest.raises(ValueError, match="radius_nm"):
        nearest_truth_score(truth, truth, radius_nm=0)
