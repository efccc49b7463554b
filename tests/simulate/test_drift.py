"""Drifts move the sample as they say, from where it was in the first frame."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from cellstorm.parameters import describe_validation_error
from cellstorm.simulate.drift import (
    Drift,
    LinearDrift,
    RandomWalkDrift,
    StageJumpDrift,
    SumDrift,
)
from cellstorm.simulate.field_of_view import FieldOfView

VIEW = FieldOfView(64, 64, 100.0, frames=3000, frame_rate_hz=25.0)
KIND: TypeAdapter[Drift] = TypeAdapter(Drift)
EVERY: list[Drift] = [
    LinearDrift(),
    RandomWalkDrift(z_nm_per_sqrt_s=1.0),
    StageJumpDrift(jumps_per_minute=100.0),
    SumDrift(parts=(LinearDrift(), RandomWalkDrift())),
]


@pytest.mark.parametrize("drift", EVERY, ids=lambda drift: drift.kind)
def test_the_first_frame_has_not_drifted_and_a_seed_repeats_the_path(drift: Drift) -> None:
    path = drift.path_nm(VIEW, np.random.default_rng(4))
    assert path.shape == (3000, 3)
    np.testing.assert_array_equal(path[0], 0.0)
    assert np.abs(path[-1]).max() > 0
    np.testing.assert_array_equal(path, drift.path_nm(VIEW, np.random.default_rng(4)))
    assert KIND.validate_json(drift.model_dump_json()) == drift


@pytest.mark.parametrize("drift", EVERY, ids=lambda drift: drift.kind)
def test_a_single_frame_does_not_drift(drift: Drift) -> None:
    still = FieldOfView(64, 64, 100.0, frames=1, frame_rate_hz=25.0)
    np.testing.assert_array_equal(drift.path_nm(still, np.random.default_rng(0)), np.zeros((1, 3)))


def test_a_linear_drift_has_its_velocity() -> None:
    drift = LinearDrift(x_nm_per_s=2.0, y_nm_per_s=-1.0, z_nm_per_s=0.5)
    path = drift.path_nm(VIEW, np.random.default_rng(0))
    np.testing.assert_allclose(path[2500], [200.0, -100.0, 50.0])


def test_a_random_walk_spreads_with_the_square_root_of_time() -> None:
    drift = RandomWalkDrift(nm_per_sqrt_s=3.0, z_nm_per_sqrt_s=6.0)
    paths = np.stack([drift.path_nm(VIEW, np.random.default_rng(seed)) for seed in range(300)])
    # 300 walks give a standard deviation within 4 %
    np.testing.assert_allclose(paths[:, 25].std(axis=0), [3.0, 3.0, 6.0], rtol=0.15)
    np.testing.assert_allclose(paths[:, 2500].std(axis=0), [30.0, 30.0, 60.0], rtol=0.15)
    assert np.abs(paths[:, 2500].mean(axis=0) / [30.0, 30.0, 60.0]).max() < 0.25


def test_a_stage_jumps_as_often_and_as_far_as_asked() -> None:
    drift = StageJumpDrift(jumps_per_minute=6.0, size_nm=50.0, z_size_nm=20.0)
    long = FieldOfView(64, 64, 100.0, frames=100_000, frame_rate_hz=25.0)
    steps = np.diff(drift.path_nm(long, np.random.default_rng(1)), axis=0)
    jumps = steps[np.abs(steps).max(axis=1) > 1e-6]
    # 400 expected; Poisson gives 20 either way
    assert jumps.shape[0] == pytest.approx(400, abs=70)
    size = np.hypot(jumps[:, 0], jumps[:, 1])
    assert np.mean(np.isclose(size, 50.0)) > 0.98
    assert np.mean(np.isclose(np.abs(jumps[:, 2]), 20.0)) > 0.98
    assert np.abs(jumps.mean(axis=0)).max() < 10.0


def test_a_sum_is_all_its_parts_at_once() -> None:
    slow, fast = LinearDrift(x_nm_per_s=1.0), LinearDrift(x_nm_per_s=5.0)
    path = SumDrift(parts=(slow, fast)).path_nm(VIEW, np.random.default_rng(0))
    np.testing.assert_allclose(path[25], [6.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "linear", "x_nm_per_s": float("inf")}, "x_nm_per_s"),
        ({"kind": "random_walk", "nm_per_sqrt_s": -1}, "nm_per_sqrt_s"),
        ({"kind": "stage_jumps", "jumps_per_minute": -1}, "jumps_per_minute"),
        ({"kind": "sum", "parts": []}, "parts"),
        ({"kind": "earthquake"}, "'linear', 'random_walk', 'stage_jumps', 'sum'"),
    ],
)
def test_impossible_parameters_name_the_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KIND.validate_python(given)
    assert field in describe_validation_error(caught.value)
