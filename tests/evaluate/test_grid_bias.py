"""A grid in the positions is found, and a structure is not taken for one."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image

from cellstorm.errors import TableError
from cellstorm.evaluate import grid_bias
from cellstorm.evaluate.quality_pictures import draw_grid_bias

Places = NDArray[np.float64]
PIXEL_NM = 100.0
FIELD_PX = 128.0
AXES_AND_PERIODS = [(axis, period) for axis in ("x", "y") for period in (1, 4, 8, 16)]


def table(places_px: Places, **columns: NDArray[np.int64]) -> pl.DataFrame:
    """Positions in px as a table, each in a frame of its own."""
    frame = np.arange(places_px.shape[0])
    x_nm, y_nm = PIXEL_NM * places_px.T
    return pl.DataFrame({"frame": frame, "x_nm": x_nm, "y_nm": y_nm, **columns})


def blinking(random: np.random.Generator, sites: int, times: int) -> Places:
    """Molecules anywhere, each seen many times."""
    places = np.repeat(random.random((sites, 2)) * FIELD_PX, random.geometric(1 / times, sites), 0)
    return places + 0.15 * random.standard_normal(places.shape)


def filaments(random: np.random.Generator, count: int) -> Places:
    """Localizations along eight straight lines across the field."""
    angle, line = random.random(8) * np.pi, random.integers(8, size=4 * count)
    through, along = random.random((8, 2)) * FIELD_PX, random.uniform(-180, 180, 4 * count)
    places = through[line] + along[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)[line]
    places += 0.15 * random.standard_normal(places.shape)
    inside: Places = places[((places > 0) & (places < FIELD_PX)).all(axis=1)][:count]
    return inside


def pulled(places_px: Places, period: float, share: float) -> Places:
    """Pulled towards multiples of the period; ``share`` is the amplitude of the density."""
    turns = 2 * np.pi * places_px / period
    moved: Places = places_px - share * period / (2 * np.pi) * np.sin(turns)
    return moved


def test_molecules_seen_many_times_are_no_grid_in_more_than_the_stated_share_of_cases() -> None:
    low = np.zeros(8)
    overall = 0
    for seed in range(120):
        result = grid_bias(
            table(blinking(np.random.default_rng(seed), 1000, 12)), pixel_size_nm=PIXEL_NM
        )
        low += [h.p_value < 0.05 for h in result.histograms]
        overall += result.p_value < 0.05
    # the plain chi-square test calls nearly all of these a grid
    naive = [h.chi2 > 2 * h.degrees_of_freedom for h in result.histograms if h.period_px > 1]
    assert all(naive)
    # 120 trials at 5 %: 6 expected, over 14 once in a thousand
    assert (low <= 14).all()
    assert 0.03 < low.mean() / 120 < 0.08
    assert overall <= 14


def test_filaments_are_no_grid() -> None:
    low = np.zeros(8)
    for seed in range(60):
        result = grid_bias(
            table(filaments(np.random.default_rng(seed), 8000)), pixel_size_nm=PIXEL_NM
        )
        low += [h.p_value < 0.05 for h in result.histograms]
    assert (low <= 9).all()
    assert low.mean() / 60 < 0.07


@pytest.mark.parametrize("period", [4, 8, 16])
@pytest.mark.parametrize("share", [0.05, 0.1])
def test_positions_pulled_towards_a_block_grid_are_found(period: int, share: float) -> None:
    random = np.random.default_rng(5)
    places = pulled(random.random((60_000, 2)) * FIELD_PX, period, share)
    result = grid_bias(table(places), pixel_size_nm=PIXEL_NM)
    for axis in ("x", "y"):
        histogram = result.histogram(axis, period)
        assert histogram.p_value < (0.005 if share == 0.05 else 1e-5)
        assert histogram.amplitude == pytest.approx(share, abs=0.02)
        assert histogram.amplitude > 3 * histogram.amplitude_elsewhere
        # no such wave in the finer grid
        if period > 4:
            assert result.histogram(axis, 4).p_value > 0.01
    assert result.p_value < 0.05
    assert result.strongest.period_px == period
    # whole pixels are blind to what repeats from pixel to pixel, and the reverse
    assert result.histogram("x", 1).p_value > 0.01


def test_sub_pixel_bias_is_told_from_a_block_grid() -> None:
    random = np.random.default_rng(6)
    places = pulled(random.random((40_000, 2)) * FIELD_PX, 1, 0.15)
    result = grid_bias(table(places), pixel_size_nm=PIXEL_NM)
    assert result.histogram("x", 1).p_value < 1e-6
    assert result.histogram("x", 1).amplitude == pytest.approx(0.15, abs=0.03)
    assert all(result.histogram(axis, p).p_value > 0.01 for axis in "xy" for p in (4, 8, 16))


def test_with_truth_a_grid_shows_on_filaments_where_it_did_not_without() -> None:
    random = np.random.default_rng(7)
    true = filaments(random, 20_000)
    noise = 0.2 * random.standard_normal(true.shape)
    molecule = np.arange(true.shape[0]) // 4
    truth = table(true, id=molecule)
    found = table(pulled(true, 16, 0.08) + noise)
    alone = grid_bias(found, pixel_size_nm=PIXEL_NM)
    beside = grid_bias(found, pixel_size_nm=PIXEL_NM, truth=truth)
    assert alone.histogram("x", 16).p_value > 0.01
    assert beside.histogram("x", 16).p_value < 1e-4
    assert beside.histogram("x", 16).amplitude == pytest.approx(0.08, abs=0.02)
    field = beside.field(16)
    amplitude_nm = 0.08 * 16 * PIXEL_NM / (2 * np.pi)
    assert field.p_value < 1e-9
    assert field.amplitude_x_nm == pytest.approx(amplitude_nm, abs=4 * field.amplitude_error_nm)
    assert field.amplitude_y_nm == pytest.approx(amplitude_nm, abs=4 * field.amplitude_error_nm)
    assert field.largest_p_value < 1e-4
    # the corner cells move by the wave of both axes, less noise and the width of a cell
    assert 0.8 * amplitude_nm < field.largest_nm < 2.2 * amplitude_nm
    assert beside.pairs == true.shape[0]
    # an unmoved table with the same errors: nothing, and errors about as stated
    plain = grid_bias(table(true + noise + 0.05), pixel_size_nm=PIXEL_NM, truth=truth)
    assert all(h.p_value > 0.001 for h in plain.histograms)
    for field in plain.fields:
        assert field.p_value > 0.005
        assert field.mean_x_nm == pytest.approx(5.0, abs=1.0)
        known = np.isfinite(field.bias_x_nm)
        z = (field.bias_x_nm / field.error_x_nm)[known]
        assert 0.7 < z.std() < 1.4


def test_a_border_that_is_left_out_is_no_grid_and_hides_none() -> None:
    random = np.random.default_rng(13)
    true = random.random((40_000, 2)) * FIELD_PX
    for share in (0.0, 0.1):
        moved = pulled(true, 16, share)
        # and one fit that went astray
        moved[0] = 1e7
        inside = np.flatnonzero(((moved > 3.4) & (moved < 124.3)).all(axis=1))
        histogram = grid_bias(
            table(moved[np.append(inside, 0)]), pixel_size_nm=PIXEL_NM, truth=table(true)
        ).histogram("y", 16)
        assert (histogram.p_value < 1e-4) == (share > 0)
        assert histogram.amplitude == pytest.approx(share, abs=0.03)
        # where the pull is to: the first and the last pixel of the period
        if share:
            assert histogram.counts[[0, -1]].mean() > 1.15 * histogram.counts[[7, 8]].mean()


def test_false_molecules_on_block_edges_are_a_grid_though_no_pair_is_biased() -> None:
    random = np.random.default_rng(9)
    true = random.random((10_000, 2)) * FIELD_PX
    truth = table(true)
    false = 8 * random.integers(0, 16, (800, 2)) + random.normal(0, 0.4, (800, 2))
    found = table(np.concatenate([true + 0.1 * random.standard_normal(true.shape), false]))
    result = grid_bias(found, pixel_size_nm=PIXEL_NM, truth=truth)
    assert result.histogram("x", 8).p_value < 1e-6
    assert result.histogram("x", 8).amplitude > 5 * result.histogram("x", 8).amplitude_elsewhere
    assert result.field(8).p_value > 0.01


def test_too_little_to_tell_has_no_p_value() -> None:
    few = grid_bias(table(np.array([[3.0, 4.0]] * 5)), pixel_size_nm=PIXEL_NM)
    assert all(math.isnan(h.p_value) for h in few.histograms)
    assert math.isnan(few.p_value)
    none = grid_bias(table(np.zeros((0, 2))), pixel_size_nm=PIXEL_NM, truth=table(np.zeros((0, 2))))
    assert none.localizations == 0
    assert none.fields == ()
    # one block has no frequencies beside its own
    random = np.random.default_rng(1)
    small = grid_bias(table(random.random((500, 2)) * 15), pixel_size_nm=PIXEL_NM)
    assert math.isnan(small.histogram("x", 16).p_value)


def test_the_result_is_plain_json_and_a_picture(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    true = random.random((3000, 2)) * FIELD_PX
    found = table(true + 0.1 * random.standard_normal(true.shape))
    result = grid_bias(found, pixel_size_nm=PIXEL_NM, truth=table(true))
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert [(h["axis"], h["period_px"]) for h in read["histograms"]] == AXES_AND_PERIODS
    # the few found outside the field are in no block
    assert 2980 < sum(read["histograms"][3]["counts"]) <= 3000
    assert len(read["fields"]) == 4
    few = grid_bias(found[:5], pixel_size_nm=PIXEL_NM, truth=table(true))
    json.dumps(few.to_dict(), allow_nan=False)
    for name, one in (("full.png", result), ("few.png", few)):
        draw_grid_bias(one, tmp_path / name, title="test")
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 1000


def test_wrong_tables_and_numbers_are_named() -> None:
    found = table(np.zeros((3, 2)))
    with pytest.raises(TableError, match="found molecules lack the column y_nm"):
        grid_bias(found.drop("y_nm"), pixel_size_nm=PIXEL_NM)
    with pytest.raises(ValueError, match="pixel_size_nm"):
        grid_bias(found, pixel_size_nm=0)
