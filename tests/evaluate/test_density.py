"""How many molecules there are, how long they are on, and whether that is enough."""

import json
import math

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.evaluate import blink_statistics, density, event_rate
from cellstorm.localizations import Localizations, Metadata, MovieFacts
from cellstorm.refine import Linking

FIELD_NM = 10_000.0
FIELD = (0.0, FIELD_NM, 0.0, FIELD_NM)
METADATA = Metadata(
    pixel_size_nm=100.0,
    movie=MovieFacts(name="made.mp4", shape=(2000, 100, 100), frame_rate_hz=20.0),
    frames=(0, 2000),
)


def blinking(
    blinks: int, on_frames: float, seed: int, *, side_nm: float = FIELD_NM, frames: int = 2000
) -> Localizations:
    """Molecules on a square in the corner, on for a geometric number of frames each."""
    random = np.random.default_rng(seed)
    count = random.geometric(1 / on_frames, blinks)
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    frame = np.repeat(random.integers(0, frames - 60, blinks), count) + within
    place = np.repeat(random.uniform(0, side_nm, (blinks, 2)), count, axis=0)
    place = place + 10.0 * random.standard_normal(place.shape)
    data = {"frame": frame, "x_nm": place[:, 0], "y_nm": place[:, 1]}
    made = pl.DataFrame(data).with_columns(uncertainty_nm=pl.lit(10.0))
    return Localizations(made.filter(pl.col("frame") < frames), METADATA)


def test_the_mean_time_on_is_found_in_frames_and_seconds() -> None:
    found = blink_statistics(blinking(4000, 4.0, seed=1), Linking(dark_frames=0))
    # three standard errors of a step lose one link in ninety
    assert found.on_frames == pytest.approx(4.0, rel=0.06)
    assert found.on_frames_error < 0.1
    assert found.on_s == pytest.approx(found.on_frames / 20.0)
    assert found.decay_frames == pytest.approx(-1 / math.log(1 - 1 / found.on_frames))
    assert found.blinks == pytest.approx(4000, rel=0.06)
    assert found.blinks_on.sum() == found.blinks
    assert found.chance_share < 0.02
    assert "too crowded" not in found.reading
    json.dumps(found.to_dict(), allow_nan=False)


def test_links_by_chance_are_told_where_molecules_are_crowded() -> None:
    crowded = blinking(30_000, 1.0, seed=2, side_nm=600.0)
    found = blink_statistics(crowded, Linking(dark_frames=0))
    assert found.chance_share > 0.8
    assert "too crowded to tell" in found.reading


def test_the_rate_of_localizations_is_per_area_and_frame_and_shows_bleaching() -> None:
    found = event_rate(blinking(20_000, 1.0, seed=3))
    assert found.area_um2 == pytest.approx(100.0)
    assert found.per_um2_frame == pytest.approx(0.1, rel=0.01)
    assert found.frame[0] == 0
    assert found.frame[-1] == 2000
    assert found.time_s[-1] == pytest.approx(100.0)
    assert np.median(found.rate_per_um2_frame) == pytest.approx(0.1, rel=0.1)
    random = np.random.default_rng(4)
    table = blinking(20_000, 1.0, seed=4)
    kept = random.random(len(table)) < np.exp(table.column("frame") / -700.0)
    fading = event_rate(table.with_data(table.data.filter(pl.Series(kept))))
    assert fading.last_fifth < 0.2 * fading.first_fifth
    assert "fewer than at the beginning" in fading.reading
    json.dumps(fading.to_dict(), allow_nan=False)


def test_a_part_of_the_field_has_its_own_rate() -> None:
    corner = blinking(20_000, 1.0, seed=5, side_nm=5000.0)
    inside = event_rate(corner, field_nm=(0.0, 5000.0, 0.0, 5000.0))
    assert inside.per_um2_frame == pytest.approx(0.4, rel=0.02)


def test_the_density_is_that_of_the_structure_and_counts_blinks() -> None:
    # 20,000 blinks on 4 of 100 um2
    found = density(blinking(20_000, 3.0, seed=6, side_nm=2000.0), wanted_nm=20.0)
    assert found.blinks_per_localization == pytest.approx(1 / 3, rel=0.1)
    assert found.around_per_um2 == pytest.approx(5000.0, rel=0.15)
    assert found.field_per_um2 == pytest.approx(200.0, rel=0.1)
    assert found.nyquist_nm == pytest.approx(2e3 / math.sqrt(5000.0), rel=0.08)
    assert found.is_enough is False
    assert "20 nm would take" in found.reading
    assert density(blinking(20_000, 3.0, seed=6, side_nm=2000.0), wanted_nm=50.0).is_enough


def test_blinks_without_neighbours_carry_no_detail_and_no_number_is_made_up() -> None:
    found = density(blinking(100, 1.0, seed=9))
    assert found.around_per_um2 == 0
    assert "too few of them to carry any detail" in found.reading


def test_tables_that_are_too_small_or_in_other_units_are_refused() -> None:
    few = blinking(5, 1.0, seed=7)
    for figure in (event_rate, density, blink_statistics):
        with pytest.raises(TableError, match="cannot be told from 5 localizations"):
            figure(few)
    table = blinking(100, 1.0, seed=8)
    with pytest.raises(TableError, match="are its positions in nm"):
        density(table, field_nm=(0.0, 1e9, 0.0, 1e9))
    with pytest.raises(ValueError, match="cell_nm"):
        density(table, cell_nm=0.0)
