"""Intervals hold what they promise, also for molecules that stay on."""

import math

import numpy as np
import polars as pl
import pytest

from cellstorm.evaluate import Interval, Pairs, pair_up, score_intervals, score_pairs

_RECALL, _PRECISION, _ERROR_NM = 0.7, 0.9, 30.0


def movie(random: np.random.Generator, frames: int, *, on_frames: int = 1) -> Pairs:
    """Five molecules a frame on a grid, each found or missed for ``on_frames`` together."""
    sites = np.arange(5) * 1000.0
    frame = np.repeat(np.arange(frames), sites.size)
    truth = pl.DataFrame(
        {"frame": frame, "x_nm": np.tile(sites, frames), "y_nm": np.zeros(frame.size)}
    )
    blinks = -(-frames // on_frames)
    is_found = np.repeat(random.random((blinks, sites.size)) < _RECALL, on_frames, axis=0)
    found = truth.filter(pl.Series(is_found[:frames].ravel()))
    found = found.with_columns(
        pl.col("x_nm") + random.normal(0, _ERROR_NM, found.height),
        pl.col("y_nm") + random.normal(0, _ERROR_NM, found.height),
    )
    share = _RECALL * (1 / _PRECISION - 1)
    false = truth.filter(pl.Series(random.random(truth.height) < share))
    return pair_up(pl.concat([found, false.with_columns(pl.col("y_nm") + 5000.0)]), truth)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(1)
    held = {"recall": 0, "precision": 0, "rmse_nm": 0, "bias_x_nm": 0}
    true = dict(zip(held, (_RECALL, _PRECISION, _ERROR_NM * math.sqrt(2), 0.0), strict=True))
    trials = 120
    for _ in range(trials):
        intervals = score_intervals(movie(random, 150), resamples=300, block_frames=1)
        for name in held:
            held[name] += intervals[name].low <= true[name] <= intervals[name].high
    # 95 % of 120 is 114; five standard deviations of that are 12
    assert min(held.values()) >= 102, held
    assert sum(held.values()) < 4 * trials


def test_blocks_longer_than_a_blink_make_the_interval_as_wide_as_it_is() -> None:
    random = np.random.default_rng(2)
    movies = [movie(random, 400, on_frames=8) for _ in range(40)]
    spread = np.std([score_pairs(pairs).recall for pairs in movies])

    def width(block_frames: int) -> float:
        ends = [
            score_intervals(pairs, resamples=300, block_frames=block_frames)["recall"]
            for pairs in movies
        ]
        return float(np.mean([interval.high - interval.low for interval in ends]) / (2 * 1.96))

    # frame by frame the eight frames of a blink pass for eight witnesses
    assert width(1) < 0.5 * spread
    assert 0.7 * spread < width(40) < 1.4 * spread


def test_an_interval_is_about_the_figure() -> None:
    pairs = movie(np.random.default_rng(3), 300)
    score = score_pairs(pairs)
    for name, interval in score_intervals(pairs).items():
        if not math.isnan(interval.low):
            assert interval.low <= getattr(score, name) <= interval.high, name


def test_the_same_seed_gives_the_same_intervals() -> None:
    pairs = movie(np.random.default_rng(4), 100)
    assert score_intervals(pairs, seed=5)["recall"] == score_intervals(pairs, seed=5)["recall"]
    assert score_intervals(pairs, seed=5)["recall"] != score_intervals(pairs, seed=6)["recall"]


def test_frames_far_apart_cost_no_memory() -> None:
    truth = pl.DataFrame(
        {"frame": [0, 1, 4_000_000_000], "x_nm": [0.0, 0.0, 0.0], "y_nm": [0.0, 0.0, 0.0]}
    )
    interval = score_intervals(pair_up(truth[:2], truth))["recall"]
    assert 0.0 <= interval.low < interval.high <= 1.0


@pytest.mark.parametrize("frames", [0, 1])
def test_without_two_frames_there_is_no_interval(frames: int) -> None:
    one = pl.DataFrame({"frame": [3], "x_nm": [0.0], "y_nm": [0.0]})[:frames]
    for interval in score_intervals(pair_up(one, one)).values():
        assert isinstance(interval, Interval)
        assert math.isnan(interval.low) and math.isnan(interval.high)


@pytest.mark.parametrize("options", [{"resamples": 1}, {"level": 1.0}, {"block_frames": 0}])
def test_impossible_numbers_are_refused(options: dict[str, int]) -> None:
    pairs = movie(np.random.default_rng(5), 10)
    with pytest.raises(ValueError, match="needs two resamples"):
        score_intervals(pairs, **options)
