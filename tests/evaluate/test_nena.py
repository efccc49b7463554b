"""The scatter of positions is found from consecutive frames."""

import json
import math

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.evaluate import NenaOptions, nena
from cellstorm.localizations import Localizations, Metadata

FIELD_NM = 8000.0


def blinking(
    blinks: int, sigma_nm: float, seed: int, *, on_frames: float = 3.0, reported: bool = True
) -> Localizations:
    """Molecules anywhere, each on for a geometric number of frames, 2000 frames."""
    random = np.random.default_rng(seed)
    count = random.geometric(1 / on_frames, blinks)
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    frame = np.repeat(random.integers(0, 2000, blinks), count) + within
    place = np.repeat(random.uniform(0, FIELD_NM, (blinks, 2)), count, axis=0)
    place = place + sigma_nm * random.standard_normal(place.shape)
    data = pl.DataFrame({"frame": frame, "x_nm": place[:, 0], "y_nm": place[:, 1]})
    if reported:
        data = data.with_columns(uncertainty_nm=pl.lit(sigma_nm))
    return Localizations(data)


def seen_five_frames_at_a_time(blinks: int, sigma_nm: float, seed: int) -> Localizations:
    """The same, but the error of a position is made by the light of five frames."""
    random = np.random.default_rng(seed)
    table = blinking(blinks, sigma_nm, seed, on_frames=6.0)
    frame = table.column("frame")
    begins = np.flatnonzero(np.diff(frame, prepend=-9) != 1)
    blink = np.repeat(np.arange(begins.size), np.diff(begins, append=frame.size))
    # a frame's light goes into the five positions around it
    light = random.standard_normal((2, frame.size + 4 * (begins.size + 1)))
    at = np.arange(frame.size) + 4 * blink
    error = sum(light[:, at + k] for k in range(5)) * sigma_nm / math.sqrt(5.0)
    place = np.stack([table.column(name)[begins[blink]] for name in ("x_nm", "y_nm")]) + error
    data = table.data.with_columns(x_nm=pl.Series(place[0]), y_nm=pl.Series(place[1]))
    return Localizations(data, Metadata(configuration={"method": "net", "context_frames": 5}))


@pytest.mark.parametrize("sigma_nm", [5.0, 12.0, 25.0])
@pytest.mark.parametrize("blinks", [2000, 20_000])
def test_the_precision_is_found_within_three_percent(blinks: int, sigma_nm: float) -> None:
    found = nena(blinking(blinks, sigma_nm, seed=1))
    assert found.precision_nm == pytest.approx(sigma_nm, rel=0.03, abs=4 * found.error_nm)
    assert found.error_nm < 0.05 * sigma_nm
    assert "agrees" in found.reading


def test_the_stated_error_is_the_scatter_of_tables() -> None:
    found = [nena(blinking(1500, 10.0, seed)) for seed in range(12)]
    scatter = np.std([one.precision_nm for one in found], ddof=1)
    stated = np.mean([one.error_nm for one in found])
    # twelve tables know their scatter to a fifth
    assert 0.5 < stated / scatter < 2.0


def test_reported_uncertainties_that_promise_too_much_are_called_so() -> None:
    table = blinking(5000, 15.0, seed=2)
    lying = table.with_data(table.data.with_columns(uncertainty_nm=pl.lit(8.0)))
    assert "promises too much" in nena(lying).reading
    silent = nena(blinking(5000, 15.0, seed=2, reported=False))
    assert math.isnan(silent.reported_nm)
    assert json.loads(json.dumps(silent.to_dict(), allow_nan=False))["reported_nm"] is None


def test_a_network_that_looks_at_five_frames_is_not_thought_too_exact() -> None:
    table = seen_five_frames_at_a_time(6000, 10.0, seed=6)
    found = nena(table)
    assert found.frames_apart == 5
    assert found.precision_nm == pytest.approx(10.0, rel=0.05)
    assert "over 5 frames" in found.reading
    # in consecutive frames four of the five frames are the same
    flattered = nena(table, NenaOptions(frames_apart=1))
    assert flattered.precision_nm == pytest.approx(10.0 * math.sqrt(1 / 5), rel=0.05)


def test_blinks_shorter_than_the_network_looks_are_said_not_to_tell() -> None:
    table = blinking(3000, 10.0, seed=4, on_frames=1.3)
    seen = Localizations(table.data, Metadata(configuration={"context_frames": 5}))
    assert nena(table).precision_nm == pytest.approx(10.0, rel=0.05)
    with pytest.raises(TableError, match="two frames that are 5 apart"):
        nena(seen)


def test_a_stretch_of_a_large_table_in_any_order_is_enough() -> None:
    table = blinking(20_000, 10.0, seed=3)
    shuffled = table.with_data(table.data.sample(fraction=1.0, shuffle=True, seed=1))
    part = nena(shuffled, NenaOptions(most_localizations=20_000))
    assert part.pairs < 0.5 * nena(table).pairs
    assert part.precision_nm == pytest.approx(10.0, rel=0.04)


def test_a_table_without_molecules_on_in_two_frames_is_refused() -> None:
    with pytest.raises(TableError, match="two consecutive frames"):
        nena(blinking(3000, 10.0, seed=4, on_frames=1.0))
    # more of them, so that there is a neighbour by chance for nearly all
    with pytest.raises(TableError, match="two consecutive frames"):
        nena(blinking(60_000, 10.0, seed=4, on_frames=1.0))
    with pytest.raises(TableError, match="cannot be told from 2 localizations"):
        nena(blinking(2, 10.0, seed=4, on_frames=1.0))
