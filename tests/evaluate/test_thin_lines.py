"""Thin lines are found where there are some, and nowhere else."""

import math

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from cellstorm.evaluate import LineSearch, ThinLine, profile, thin_lines
from cellstorm.localizations import Localizations

FIELD_NM = 12_000.0
SIGMA_NM = 12.0
FWHM_NM = 28.3

Places = NDArray[np.float64]


def as_table(place: Places, seed: int = 0) -> Localizations:
    """Places in any order, over 2000 frames."""
    random = np.random.default_rng(seed)
    inside = ((place > 0) & (place < FIELD_NM)).all(axis=1)
    place = place[inside]
    frame = random.integers(0, 2000, place.shape[0])
    return Localizations(pl.DataFrame({"frame": frame, "x_nm": place[:, 0], "y_nm": place[:, 1]}))


def on_lines(seed: int, *, gap_nm: float = 0.0, per_um: float = 700.0) -> tuple[Places, Places]:
    """Six lines through the field (point and angle), or pairs of them, and their molecules."""
    random = np.random.default_rng(seed)
    lines = np.column_stack(
        [random.uniform(0.2, 0.8, (6, 2)) * FIELD_NM, random.uniform(0, math.pi, 6)]
    )
    places = []
    for x, y, angle in lines:
        count = round(1.5 * FIELD_NM * per_um / 1000)
        along = random.uniform(-0.75, 0.75, count) * FIELD_NM
        aside = SIGMA_NM * random.standard_normal(count)
        aside += gap_nm * random.choice([-0.5, 0.5], count)
        places.append(
            np.column_stack(
                [
                    x + along * math.cos(angle) - aside * math.sin(angle),
                    y + along * math.sin(angle) + aside * math.cos(angle),
                ]
            )
        )
    return lines, np.concatenate(places)


def off(found: ThinLine, lines: Places) -> tuple[float, float]:
    """Distance of the box's middle from the nearest line, nm, and angle to its normal, rad."""
    start, stop = np.array(found.box.start_nm), np.array(found.box.stop_nm)
    middle = 0.5 * (start + stop)
    step = middle - lines[:, :2]
    aside = np.abs(-step[:, 0] * np.sin(lines[:, 2]) + step[:, 1] * np.cos(lines[:, 2]))
    nearest = int(np.argmin(aside))
    across = math.atan2(*(stop - start)[::-1])
    turn = (across - lines[nearest, 2]) % math.pi - math.pi / 2
    return float(aside[nearest]), turn


@pytest.mark.parametrize("seed", range(3))
def test_boxes_lie_across_lines_and_their_widths_are_those_of_the_lines(seed: int) -> None:
    lines, place = on_lines(seed)
    haze = np.random.default_rng(seed).uniform(0, FIELD_NM, (6000, 2))
    table = as_table(np.concatenate([place, haze]))
    found = thin_lines(table, LineSearch(most_lines=6))
    assert len(found) >= 4
    for one in found:
        aside, turn = off(one, lines)
        assert aside < 10
        assert abs(turn) < math.radians(2)
        assert one.emptiness < 0.25
    # not the narrowest by chance: the mean has no bias of a standard error
    widths = [profile(table, one.box) for one in found]
    mean = np.mean([one.fwhm_nm for one in widths])
    error = float(np.mean([one.fwhm_error_nm for one in widths])) / math.sqrt(len(widths))
    assert mean == pytest.approx(FWHM_NM, abs=4 * error)


def test_two_lines_side_by_side_are_taken_as_one_place_with_two_lines() -> None:
    table = as_table(on_lines(3, gap_nm=80.0)[1])
    found = thin_lines(table)
    assert len(found) == 3
    for one in found:
        told = profile(table, one.box)
        assert told.are_separate
        assert told.separation_nm == pytest.approx(80.0, abs=4 * told.separation_error_nm)


def test_noise_spots_and_crowds_are_no_lines() -> None:
    random = np.random.default_rng(1)
    even = random.uniform(0, FIELD_NM, (60_000, 2))
    spots = np.repeat(random.uniform(0, FIELD_NM, (300, 2)), 150, axis=0)
    spots = spots + 25.0 * random.standard_normal(spots.shape)
    assert thin_lines(as_table(even)) == ()
    assert thin_lines(as_table(spots)) == ()
    assert thin_lines(as_table(np.concatenate([even, spots]))) == ()


def test_what_is_too_little_to_search_gives_nothing() -> None:
    table = as_table(on_lines(1)[1])
    assert thin_lines(table, LineSearch(most_lines=0)) == ()
    assert thin_lines(Localizations(table.data.clear())) == ()
    assert thin_lines(Localizations(table.data.head(60))) == ()


def test_a_search_of_a_part_of_the_rows_finds_lines_as_well() -> None:
    lines, place = on_lines(4)
    found = thin_lines(as_table(place), LineSearch(most_localizations=20_000))
    assert len(found) == 3
    assert all(off(one, lines)[0] < 15 for one in found)
