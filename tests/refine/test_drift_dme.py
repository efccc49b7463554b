"""The entropy of the mixture, its gradient, and what comes of its minimum."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from cellstorm.localizations import Localizations, Metadata
from cellstorm.refine.drift import Aim, Dme, find_drift, molecules_of
from cellstorm.refine.drift.blocks import cut_into_blocks
from cellstorm.refine.drift.mixture import Mixture
from cellstorm.refine.drift.whitened import Whitened

_FRAMES, _BIN = 200, 20


def seen(count: int, *, solid: bool, seed: int = 4) -> Localizations:
    """Localizations of a few places, of two sorts of uncertainty."""
    random = np.random.default_rng(seed)
    error = random.choice([8.0, 14.0], count)
    data = {
        "frame": np.sort(random.integers(0, _FRAMES, count)).astype(np.uint32),
        "x_nm": random.choice([100.0, 140.0, 600.0], count) + random.normal(0, error),
        "y_nm": random.choice([100.0, 400.0], count) + random.normal(0, error),
        "uncertainty_nm": error.astype(np.float32),
    }
    if solid:
        data["z_nm"] = (random.choice([-50.0, 80.0], count) + random.normal(0, 25, count)).astype(
            np.float32
        )
        data["uncertainty_z_nm"] = np.full(count, 25.0, np.float32)
    return Localizations(pl.DataFrame(data), Metadata(frames=(0, _FRAMES)))


def mixture_of(table: Localizations, neighbours: int) -> tuple[Mixture, NDArray[np.float64]]:
    """The mixture, and shifts that it is looked at with."""
    molecules = molecules_of(table.data.lazy(), table.metadata, with_uncertainties=True)
    blocks = cut_into_blocks(molecules, _BIN)
    axes = 2 if molecules.z_nm is None else 3
    mixture = Mixture(molecules, blocks, np.zeros((len(blocks), axes)), neighbours)
    return mixture, np.random.default_rng(1).normal(0, 3, (len(blocks), axes))


def slow_entropy(table: Localizations, shift_nm: NDArray[np.float64]) -> float:
    """Every localization with every other one of another bin within three usual errors."""
    bins = table.column("frame").astype(np.int64) // _BIN
    flat = table.column("uncertainty_nm").astype(np.float64)
    names, errors = ["x_nm", "y_nm"], [flat, flat]
    if shift_nm.shape[1] == 3:
        names.append("z_nm")
        errors.append(table.column("uncertainty_z_nm").astype(np.float64))
    places = np.stack([table.column(name).astype(np.float64) for name in names], axis=1)
    error = np.stack(errors, axis=1)
    variance = error**2
    reach = 3.0 * np.median(error, axis=0)
    step = places[:, None] - places[None]
    near = (((step / reach) ** 2).sum(axis=2) < 1) & (bins[:, None] != bins[None])
    moved = places - shift_nm[bins]
    square = (moved[:, None] - moved[None]) ** 2
    divergence = 0.5 * (
        np.log(variance[None] / variance[:, None])
        + (variance[:, None] + square) / variance[None]
        - 1.0
    ).sum(axis=2)
    lonely = ~near.any(axis=1)
    density = 1.0 + np.where(near, np.exp(-divergence), 0.0).sum(axis=1)
    return float(-np.log(density[~lonely]).sum())


@pytest.mark.parametrize("solid", [False, True])
def test_the_entropy_is_that_of_all_pairs(solid: bool) -> None:
    table = seen(400, solid=solid)
    mixture, shift = mixture_of(table, 1_000)
    assert mixture.entropy(shift)[0] == pytest.approx(slow_entropy(table, shift), rel=1e-4)


@pytest.mark.parametrize("solid", [False, True])
@pytest.mark.parametrize("neighbours", [8, 1_000])
def test_the_gradient_is_what_the_entropy_changes_by(solid: bool, neighbours: int) -> None:
    mixture, shift = mixture_of(seen(600, solid=solid), neighbours)
    _, gradient = mixture.entropy(shift)
    change = np.zeros_like(shift)
    for place in np.ndindex(shift.shape):
        there = np.zeros_like(shift)
        there[place] = 0.1
        change[place] = (
            mixture.entropy(shift + there)[0] - mixture.entropy(shift - there)[0]
        ) / 0.2
    assert np.allclose(gradient, change, atol=0.02 * np.abs(gradient).max())


def test_whitened_unknowns_make_the_hessian_one() -> None:
    random = np.random.default_rng(3)
    curvature, stiffness = random.uniform(0.5, 2, (12, 2)), random.uniform(0, 50, (11, 2))
    whitened, shift = Whitened(curvature, stiffness), random.normal(size=(12, 2))
    unknowns = whitened.unknowns(shift)
    assert np.allclose(whitened.shifts(unknowns), shift)
    steps = np.diff(shift, axis=0)
    gradient = curvature * shift
    gradient[1:] += stiffness * steps
    gradient[:-1] -= stiffness * steps
    assert np.allclose(whitened.slopes(gradient), unknowns)


def test_a_sample_of_the_neighbours_says_about_the_same() -> None:
    table = seen(6_000, solid=False)
    all_of_them, shift = mixture_of(table, 1_000)
    some, _ = mixture_of(table, 24)
    assert some.pairs < 0.1 * all_of_them.pairs
    (_, one), (_, other) = all_of_them.entropy(shift), some.entropy(shift)
    own = all_of_them.asked_for(shift)[0] - some.asked_for(shift)[0]
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.98
    assert np.abs(own).mean() < 0.5


@pytest.mark.slow
def test_a_swing_faster_than_the_blocks_of_aim_is_followed() -> None:
    """A swing of 40 nm every 600 frames, of which AIM's blocks see a fraction."""
    random = np.random.default_rng(2)
    frames, count = 6_000, 60_000
    frame = np.sort(random.integers(0, frames, count))
    path = np.stack(
        [40.0 * np.sin(np.arange(frames) / 95.0), np.linspace(-100, 100, frames)], axis=1
    )
    sites = random.uniform(0, 8_000, (600, 2))
    at = sites[random.integers(0, 600, count)] + path[frame] + random.normal(0, 10, (count, 2))
    table = Localizations(
        pl.DataFrame(
            {
                "frame": frame.astype(np.uint32),
                "x_nm": at[:, 0],
                "y_nm": at[:, 1],
                "uncertainty_nm": np.full(count, 10.0, np.float32),
            }
        ),
        Metadata(frames=(0, frames)),
    )
    left = {}
    for method in (Aim(), Dme()):
        curve = find_drift(table, method).curve
        left[method.kind] = float(np.std(curve.x_nm - path[:, 0]))
    # 200 localizations of 10 nm in a bin of 20 frames
    assert left["dme"] < 1.5
    assert left["dme"] < 0.6 * left["aim"]
