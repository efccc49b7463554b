"""Pairs against everything tried, a whole-movie assignment, and the challenge's own way."""

import itertools
import math

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cellstorm.evaluate import score
from cellstorm.evaluate.matching import match


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


@pytest.mark.parametrize("axial_radius_nm", [None, 300.0])
def test_pairs_are_those_of_one_assignment_over_the_whole_movie(
    axial_radius_nm: float | None,
) -> None:
    random = np.random.default_rng(2)
    sides = np.array([1000.0, 1000.0, 1000.0])
    found = np.c_[random.integers(0, 4, 60), random.uniform(0, 1, (60, 3)) * sides]
    truth = np.c_[random.integers(0, 4, 70), random.uniform(0, 1, (70, 3)) * sides]
    step = found[:, None, 1:] - truth[None, :, 1:]
    lateral = np.hypot(step[..., 0], step[..., 1])
    allowed = (found[:, None, 0] == truth[None, :, 0]) & (lateral <= 250.0)
    distance = lateral
    if axial_radius_nm is not None:
        allowed &= np.abs(step[..., 2]) <= axial_radius_nm
        distance = np.hypot(lateral, step[..., 2])
    # a pair that is not allowed costs nothing and gains nothing
    rows, columns = linear_sum_assignment(np.where(allowed, distance - 1e6, 0.0))
    real = allowed[rows, columns]

    found_row, true_row = match(found, truth, 250.0, axial_radius_nm)
    assert 30 < real.sum() == found_row.size
    assert allowed[found_row, true_row].all()
    assert distance[found_row, true_row].sum() == pytest.approx(distance[rows, columns][real].sum())
    assert set(zip(found_row, true_row, strict=True)) == set(
        zip(rows[real], columns[real], strict=True)
    )


def test_a_crowded_movie_is_paired_one_to_one() -> None:
    random = np.random.default_rng(3)
    truth = np.c_[np.repeat(np.arange(100.0), 400), random.uniform(0, 12800, (40_000, 2))]
    found = truth + np.c_[np.zeros(40_000), random.normal(0, 40, (40_000, 2))]
    found_row, true_row = match(found, truth, 250.0)
    assert np.unique(found_row).size == np.unique(true_row).size == found_row.size > 39_600


def test_the_challenge_s_own_way_comes_to_the_same_where_molecules_are_sparse() -> None:
    truth, found = _sparse_movie(np.random.default_rng(4))
    for quantile in (0.0, 0.25):
        theirs = _challenge(found, truth, border_nm=450.0, side_nm=20_000.0, quantile=quantile)
        ours = score(
            pl.DataFrame(found, schema=_COLUMNS),
            pl.DataFrame(truth, schema=_COLUMNS),
            border_nm=450.0,
            field_nm=(20_000.0, 20_000.0),
            faintest_quantile=quantile,
            faint="ignored",
        )
        assert ours.true_positives > 1500
        assert ours.false_positives > 100
        assert {name: getattr(ours, name) for name in theirs} == pytest.approx(theirs)


_COLUMNS = ["frame", "x_nm", "y_nm", "z_nm", "photons"]


def _sparse_movie(
    random: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Molecules at least 1.2 um from each other and off the line of the border."""
    grid = np.stack(np.meshgrid(np.arange(13), np.arange(13)), axis=-1).reshape(-1, 2) * 1500.0
    frames = []
    for frame in range(20):
        at = grid + 100.0 + random.uniform(0, 300, grid.shape)
        at[at[:, 0] < 1000.0, 0] -= 150.0
        heights = random.uniform(-600, 600, len(grid))
        frames.append(
            np.c_[np.full(len(grid), frame), at, heights, random.gamma(2, 500, len(grid))]
        )
    truth = np.concatenate(frames)
    truth = truth[~((np.abs(truth[:, 1:3] - 450.0) < 150.0).any(axis=1))]
    found = truth + random.normal(0, [0, 25, 25, 80, 50], truth.shape)
    false = random.random(len(found)) < 0.1
    found[false, 1:3] += 600.0
    return truth, found[random.random(len(found)) < 0.8]


def _challenge(
    found: NDArray[np.float64],
    truth: NDArray[np.float64],
    *,
    border_nm: float,
    side_nm: float,
    quantile: float,
) -> dict[str, float]:
    """The assessment of Sage et al. (2019), after their public program's loc_metrics.m.

    Borders are cut first; then the nearest pair of a frame is taken, again and again; pairs
    with faint molecules are thrown away.
    """
    found, truth = (
        at[((at[:, 1:3] > border_nm) & (at[:, 1:3] < side_nm - border_nm)).all(axis=1)]
        for at in (found, truth)
    )
    least = np.quantile(truth[:, 4], quantile, method="hazen") if quantile else 0.0
    pairs: list[tuple[int, int]] = []
    spent: set[tuple[str, int]] = set()
    for frame in np.unique(truth[:, 0]):
        here, there = (np.flatnonzero(at[:, 0] == frame).tolist() for at in (found, truth))
        far = [
            (math.dist(found[i, 1:4], truth[j, 1:4]), i, j)
            for i, j in itertools.product(here, there)
            if math.dist(found[i, 1:3], truth[j, 1:3]) <= 250.0
            and abs(found[i, 3] - truth[j, 3]) <= 500.0
        ]
        for _, i, j in sorted(far):
            if not {("found", i), ("true", j)} & spent:
                spent |= {("found", i), ("true", j)}
                pairs.append((i, j))
    bright = [(i, j) for i, j in pairs if truth[j, 4] >= least]
    faint = int((truth[:, 4] < least).sum())
    count = len(bright)
    missed = len(truth) - faint - count
    false = len(found) - len(pairs)
    step = np.array([found[i, 1:4] - truth[j, 1:4] for i, j in bright])
    jaccard = count / (count + missed + false)
    lateral = math.sqrt((step[:, :2] ** 2).sum() / count)
    axial = math.sqrt((step[:, 2] ** 2).sum() / count)
    # in percent, with alpha 1 and 0.5 per nm
    efficiencies = [
        100 - math.sqrt((100 - 100 * jaccard) ** 2 + (alpha * rmse) ** 2)
        for alpha, rmse in ((1.0, lateral), (0.5, axial))
    ]
    light = np.array([(found[i, 4], truth[j, 4]) for i, j in bright])
    return {
        "true_positives": count,
        "false_positives": false,
        "false_negatives": missed,
        "jaccard": jaccard,
        "rmse_nm": lateral,
        "rmse_axial_nm": axial,
        "bias_x_nm": step[:, 0].mean(),
        "bias_z_nm": step[:, 2].mean(),
        "efficiency_3d": sum(efficiencies) / 200,
        "photon_correlation": np.corrcoef(light.T)[0, 1],
        "photon_ratio": light[:, 0].sum() / light[:, 1].sum(),
    }
