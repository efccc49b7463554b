"""Widths and distances of lines come out of the molecules, with errors that hold."""

import json
import math

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from cellstorm.errors import TableError
from cellstorm.evaluate import ProfileBox, frc, profile
from cellstorm.localizations import Localizations

SIGMA_NM = 10.0
FWHM_NM = 23.55


def lines(
    gap_nm: float, molecules: int, seed: int, *, turn: float = 0.4, on_frames: int = 1
) -> tuple[Localizations, ProfileBox]:
    """Two lines through (2000, 2000), turned, on even ground, and a box across them."""
    random = np.random.default_rng(seed)
    side = random.choice([-0.5, 0.5], molecules) * gap_nm
    along = random.uniform(-500, 500, molecules)
    stray = molecules // 10
    side = np.concatenate([side, random.uniform(-300, 300, stray)])
    along = np.concatenate([along, random.uniform(-500, 500, stray)])
    side = np.repeat(side, on_frames) + SIGMA_NM * random.standard_normal(side.size * on_frames)
    along = np.repeat(along, on_frames)
    start = np.repeat(random.integers(0, 3000, molecules + stray), on_frames)
    data = {
        "frame": start + np.tile(np.arange(on_frames), molecules + stray),
        "x_nm": 2000 + side * math.cos(turn) - along * math.sin(turn),
        "y_nm": 2000 + side * math.sin(turn) + along * math.cos(turn),
    }
    reach = 200 * np.array([math.cos(turn), math.sin(turn)])
    begin, end = 2000 - reach, 2000 + reach
    box = ProfileBox(
        start_nm=(float(begin[0]), float(begin[1])),
        stop_nm=(float(end[0]), float(end[1])),
        width_nm=800,
    )
    return Localizations(pl.DataFrame(data)), box


def test_the_width_and_place_of_a_line_are_found_within_their_errors() -> None:
    found = profile(*lines(0.0, 1000, seed=1))
    assert found.lines == 1
    assert not found.are_separate
    assert found.fwhm_nm == pytest.approx(FWHM_NM, abs=4 * found.fwhm_error_nm)
    assert found.fwhm_error_nm < 2.5
    assert found.position_nm[0] == pytest.approx(200.0, abs=4 * found.position_error_nm[0])
    # of 10 % on three halves of the box
    assert found.background_share == pytest.approx(0.07, abs=0.04)
    assert found.reading.startswith("one line, ")


@pytest.mark.parametrize("gap_nm", [32.0, 50.0, 90.0])
def test_two_lines_are_seen_apart_and_their_distance_is_right(gap_nm: float) -> None:
    found = profile(*lines(gap_nm, 800, seed=2))
    assert found.are_separate
    assert found.separation_nm == pytest.approx(gap_nm, abs=4 * found.separation_error_nm)
    assert found.separation_error_nm < 3
    assert found.fwhm_nm == pytest.approx(FWHM_NM, rel=0.2)
    assert found.reading.startswith("two lines ")


@pytest.mark.parametrize("gap_nm", [0.0, 8.0, 16.0])
def test_lines_nearer_than_two_standard_deviations_are_not_called_separate(gap_nm: float) -> None:
    # two Gaussians nearer than that have no dip (Sparrow)
    assert not any(profile(*lines(gap_nm, 500, seed=s)).are_separate for s in range(3))


def test_lines_as_far_apart_as_the_resolution_are_seen_and_those_at_half_of_it_are_not() -> None:
    random = np.random.default_rng(5)
    parts = []
    for number, gap_nm in enumerate(random.uniform(15.0, 70.0, 25)):
        pair, _ = lines(gap_nm, 800, seed=number, turn=random.uniform(0, math.pi))
        x_nm, y_nm = 1600.0 * np.array(divmod(number, 5))
        parts.append(pair.data.with_columns(pl.col("x_nm") + x_nm, pl.col("y_nm") + y_nm))
    resolution_nm = frc(Localizations(pl.concat(parts))).resolution_nm
    for seed in range(2):
        assert profile(*lines(resolution_nm, 800, seed=seed)).are_separate
        assert not profile(*lines(0.5 * resolution_nm, 800, seed=seed)).are_separate


def test_molecules_seen_many_times_make_errors_larger_not_smaller() -> None:
    once = profile(*lines(60.0, 300, seed=4))
    # the same number of molecules, five looks at each: better by what they scatter, at most
    often = profile(*lines(60.0, 300, seed=4, on_frames=5))
    assert often.localizations == pytest.approx(5 * once.localizations, rel=0.1)
    assert often.are_separate
    assert often.separation_nm == pytest.approx(60.0, abs=4 * often.separation_error_nm)


def test_one_can_be_asked_for_one_line_or_two_and_the_result_is_plain_json() -> None:
    table, box = lines(60.0, 500, seed=5)
    single = profile(table, box.model_copy(update={"lines": 1}))
    assert single.lines == 1
    assert single.fwhm_nm > 2 * FWHM_NM
    read = json.loads(json.dumps(single.to_dict(), allow_nan=False))
    assert read["separation_nm"] is None
    assert sum(read["counts"]) == single.localizations
    assert sum(read["fitted"]) == pytest.approx(single.localizations, rel=0.03)


def test_a_box_with_nothing_in_it_and_one_without_a_length_are_refused() -> None:
    table, _ = lines(60.0, 100, seed=6)
    with pytest.raises(TableError, match="cannot be told from 0 localizations"):
        profile(table, ProfileBox(start_nm=(0, 0), stop_nm=(100, 0)))
    with pytest.raises(ValidationError, match="must differ"):
        ProfileBox(start_nm=(1, 1), stop_nm=(1, 1))
