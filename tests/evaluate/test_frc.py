"""Resolutions are those that can be computed, and drawbacks of a table are told."""

import json
import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError, TableError
from cellstorm.evaluate import Frc, FrcOptions, frc, frc_change, frc_map
from cellstorm.evaluate.frc_curve import crossings, smoothed
from cellstorm.localizations import Localizations
from cellstorm.parameters import describe_validation_error
from cellstorm.refine import Linking

Vector = NDArray[np.float64]
FIELD_NM = 6000.0
FIELD = (0.0, FIELD_NM, 0.0, FIELD_NM)
SIGMA_NM = 12.0
FRAMES = 4000
PIECES = 30


class Filaments:
    """Straight pieces, whose spectrum has a closed form."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        angle = random.uniform(0, np.pi, PIECES)
        self.length = random.uniform(1000, 2000, PIECES)
        self.middle = random.uniform(0.32 * FIELD_NM, 0.68 * FIELD_NM, (PIECES, 2))
        self.extent = self.length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def places(self, count: int, random: np.random.Generator) -> Vector:
        piece = random.choice(PIECES, count, p=self.length / self.length.sum())
        along = random.uniform(-0.5, 0.5, count)[:, None]
        result: Vector = self.middle[piece] + along * self.extent[piece]
        return result

    def expected_nm(self, blinks: int, on_frames: float) -> float:
        """Resolution at 1/7 of halves of blinks, each of a geometric number of frames.

        Halves of h blinks have ``(h E[n])^2 |structure|^2 H`` in common, and each with itself
        ``h (E[n] + E[n (n - 1)] H)`` more, where H is the blur, squared.
        """
        random = np.random.default_rng(0)
        frequency = np.arange(15, 400) / FIELD_NM
        turn = random.uniform(0, np.pi, 1500)
        direction = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        power = []
        for q in frequency:
            wave = np.exp(-2j * np.pi * q * direction @ self.middle.T)
            part = self.length * wave * np.sinc(q * direction @ self.extent.T)
            power.append(np.square(np.abs(part.sum(axis=1) / self.length.sum())).mean())
        blur = np.exp(-4 * np.square(np.pi * SIGMA_NM * frequency))
        half = blinks / 2
        signal = np.square(half * on_frames) * np.array(power) * blur
        alone = half * (on_frames + 2 * on_frames * (on_frames - 1) * blur)
        curve = smoothed(signal / (signal + alone), 25)
        return 1.0 / float(crossings(frequency, curve, np.full(curve.shape, 1 / 7))[0])


def table(centres: Vector, random: np.random.Generator, on_frames: float = 1.0) -> Localizations:
    """Each centre blinks once, on for a geometric number of frames."""
    count = random.geometric(1 / on_frames, centres.shape[0])
    within = np.arange(int(np.sum(count))) - np.repeat(np.cumsum(count) - count, count)
    frame = np.repeat(random.integers(0, FRAMES, centres.shape[0]), count) + within
    place = np.repeat(centres, count, axis=0)
    place = place + SIGMA_NM * random.standard_normal(place.shape)
    x_nm, y_nm = place.T
    error = np.full(frame.size, SIGMA_NM)
    return Localizations(
        pl.DataFrame({"frame": frame, "x_nm": x_nm, "y_nm": y_nm, "uncertainty_nm": error})
    )


def found(one: Localizations, split: str = "blocks") -> Frc:
    options = FrcOptions.model_validate({"split": split, "tile_px": 2048, "pixel_nm": 6.0})
    return frc(one, options, field_nm=FIELD)


def test_the_resolution_is_the_computed_one_within_five_percent() -> None:
    random = np.random.default_rng(1)
    filaments = Filaments(1)
    values = [found(table(filaments.places(20_000, random), random)) for _ in range(2)]
    mean = np.mean([value.resolution_nm for value in values])
    assert mean == pytest.approx(filaments.expected_nm(20_000, 1.0), rel=0.05)
    # two tables of one structure differ by no more than they say (four standard errors)
    errors = math.hypot(*(value.error_nm for value in values))
    assert abs(values[0].resolution_nm - values[1].resolution_nm) < 4 * errors
    assert 0.3 < values[0].error_nm < 5


def test_blinking_molecules_do_not_flatter_halves_of_blocks_or_blinks_but_of_odd_and_even() -> None:
    random = np.random.default_rng(2)
    filaments = Filaments(2)
    blinking = table(filaments.places(2500, random), random, on_frames=6.0)
    expected = filaments.expected_nm(2500, 6.0)
    for split in ("blocks", "linked"):
        fair = found(blinking, split)
        assert fair.resolution_nm == pytest.approx(expected, abs=3 * fair.error_nm)
        assert fair.error_nm < 0.15 * expected
    naive = found(blinking, "odd-even")
    assert naive.resolution_nm < 0.8 * expected
    assert naive.reading.endswith("or worse: odd and even frames share molecules")


def test_what_limits_the_resolution_is_what_changes_it() -> None:
    random = np.random.default_rng(3)
    filaments = Filaments(3)
    few, many = (found(table(filaments.places(n, random), random)) for n in (5000, 20_000))
    assert few.four_times_the_molecules_nm == pytest.approx(many.resolution_nm, rel=0.12)
    # without structure down there more light would do nothing
    sharp = frc(
        table(filaments.places(2500, random), random),
        FrcOptions(precision_nm=1.0, pixel_nm=8.0),
        field_nm=FIELD,
    )
    assert sharp.limit == "molecules"
    assert "limited by too few molecules, not by precision" in sharp.reading
    assert many.limit == "precision"
    assert "limited by precision, not by too few molecules" in many.reading


def test_drift_is_told_from_what_blocks_far_apart_have_in_common() -> None:
    random = np.random.default_rng(4)
    still = table(Filaments(4).places(15_000, random), random)
    drifted = still.with_data(
        still.data.with_columns(x_nm=pl.col("x_nm") + pl.col("frame") * (80.0 / FRAMES))
    )
    kept, moved = found(still), found(drifted)
    assert kept.late_over_early == pytest.approx(1.0, abs=0.25)
    assert moved.late_over_early < 0.6
    assert moved.resolution_nm > 1.2 * kept.resolution_nm
    assert "held back by drift" in moved.reading


def test_a_change_says_which_of_two_tables_is_finer() -> None:
    random = np.random.default_rng(4)
    still = table(Filaments(4).places(8_000, random), random)
    moved = pl.col("x_nm") + pl.col("frame") * (80.0 / FRAMES)
    drifted = still.with_data(still.data.with_columns(x_nm=moved))
    empty = still.with_data(still.data.head(50))
    better, worse = frc_change(drifted, still), frc_change(still, drifted)
    assert (better.is_worse, worse.is_worse) == (False, True)
    assert not frc_change(still, still).is_worse
    assert " nm before, " in better.reading
    lost = frc_change(still, empty)
    assert lost.is_worse
    assert lost.reading.endswith("before, not to be told after")
    neither = frc_change(empty, empty)
    assert not neither.is_worse
    assert "50 localizations" in neither.reading


def test_tiles_say_the_same_as_one_field_and_rows_may_come_in_any_order() -> None:
    random = np.random.default_rng(5)
    one = table(Filaments(5).places(20_000, random), random)
    shuffled = one.with_data(one.data.sample(fraction=1.0, shuffle=True, seed=1))
    whole = frc(one, FrcOptions(pixel_nm=8.0, tile_px=2048), field_nm=FIELD)
    again = frc(shuffled, FrcOptions(pixel_nm=8.0, tile_px=2048), field_nm=FIELD)
    tiles = frc(one, FrcOptions(pixel_nm=8.0, tile_px=400), field_nm=FIELD)
    assert again.resolution_nm == pytest.approx(whole.resolution_nm, rel=1e-3)
    assert tiles.resolution_nm == pytest.approx(whole.resolution_nm, rel=0.05)


def test_stricter_thresholds_are_told_beside_and_the_result_is_plain_json() -> None:
    random = np.random.default_rng(6)
    result = frc(table(Filaments(6).places(15_000, random), random), field_nm=FIELD)
    # pixels were chosen to suit
    assert 7.5 < result.resolution_nm / result.pixel_nm < 14
    assert result.by_threshold_nm["1/7"] == pytest.approx(result.resolution_nm)
    # with hundreds of values in a ring: half a bit is over 1/7, three sigma under it or near
    assert result.by_threshold_nm["half-bit"] > result.resolution_nm
    assert 0.6 < result.by_threshold_nm["3-sigma"] / result.resolution_nm < 1.3
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert read["reading"].startswith("resolution ")
    assert " nm ± " in read["reading"]
    assert len(read["curve"]) == len(read["frequency_per_nm"])


def test_the_map_shows_where_molecules_are_fewer() -> None:
    random = np.random.default_rng(7)
    # a mesh of lines everywhere, with six times the molecules on the left
    lines = random.uniform(0, FIELD_NM, 60)[random.integers(0, 60, 60_000)]
    free = random.uniform(0, FIELD_NM, lines.size)
    flat = random.random(lines.size) < 0.5
    places = np.where(flat[:, None], np.stack([free, lines], 1), np.stack([lines, free], 1))
    kept = (places[:, 0] < FIELD_NM / 2) | (random.random(lines.size) < 1 / 6)
    made = frc_map(
        table(places[kept], random), FrcOptions(pixel_nm=8.0), tile_nm=1500.0, field_nm=FIELD
    )
    assert made.resolution_nm.shape == (4, 4)
    left, right = made.resolution_nm[:, :2], made.resolution_nm[:, 2:]
    assert np.nanmedian(left) < 0.9 * np.nanmedian(right)
    assert made.localizations.sum() == pytest.approx(kept.sum(), rel=0.02)
    assert made.best_nm <= made.median_nm <= made.worst_nm
    json.dumps(made.to_dict(), allow_nan=False)


def uniform(count: int, frames: int, seed: int = 0) -> Localizations:
    random = np.random.default_rng(seed)
    data = {
        "frame": random.integers(0, frames, count),
        "x_nm": random.uniform(0, 3000, count),
        "y_nm": random.uniform(0, 3000, count),
    }
    return Localizations(pl.DataFrame(data))


def scaled(factor: float) -> Localizations:
    """Far apart along x, or all in one place."""
    even = uniform(3000, 1000)
    y_nm = pl.col("y_nm") * min(factor, 1.0)
    return even.with_data(even.data.with_columns(pl.col("x_nm") * factor, y_nm))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: uniform(0, 10), "the table is empty"),
        (lambda: uniform(1, 10), "cannot be told from 1 localizations"),
        (lambda: uniform(2000, 5), "come from 5 frames"),
        (lambda: uniform(3000, 1000), "no better than chance"),
        (lambda: scaled(1e12), "too large for tiles of"),
        (lambda: scaled(0.0), "the field is only 2 nm wide"),
    ],
)
def test_a_table_that_cannot_tell_is_refused_in_a_sentence(
    make: Callable[[], Localizations], sentence: str
) -> None:
    with pytest.raises(TableError, match=sentence):
        frc(make())


def test_rows_that_are_there_twice_never_fall_under_the_threshold_and_are_refused() -> None:
    random = np.random.default_rng(8)
    once = table(Filaments(8).places(10_000, random), random)
    again = once.data.with_columns(frame=(pl.col("frame") + FRAMES // 2) % FRAMES)
    twice = once.with_data(pl.concat([once.data, again], how="vertical_relaxed"))
    with pytest.raises(TableError, match="never falls under the threshold"):
        frc(twice, FrcOptions(pixel_nm=10.0), field_nm=FIELD)


def test_linked_blinks_need_a_radius_where_there_are_no_uncertainties() -> None:
    with pytest.raises(TableError, match="no uncertainties"):
        frc(uniform(3000, 1000), FrcOptions(split="linked", linking=Linking(dark_frames=0)))


def test_options_out_of_range_are_named() -> None:
    from pydantic import ValidationError

    with pytest.raises(ValidationError) as caught:
        FrcOptions(pixel_nm=math.inf)
    assert "pixel_nm" in describe_validation_error(caught.value)
    with pytest.raises(ConfigurationError, match="blocks"):
        FrcOptions.from_yaml("blocks: 2")
