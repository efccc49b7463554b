"""The background has the level, the shape and the course over time that were asked for."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from cellstorm.simulate.background import (
    Background,
    Bleaching,
    CellHaze,
    DriftingFlicker,
    LowpassHaze,
    OutOfFocus,
    PinkFlicker,
    SineFlicker,
    StructureHaze,
    WhiteFlicker,
)
from cellstorm.simulate.field_of_view import FieldOfView

VIEW = FieldOfView(96, 64, 100.0, 200, 25.0)
LONG = FieldOfView(8, 8, 100.0, 20_000, 25.0)
SITES = np.random.default_rng(4).random((300, 3)) * (9600.0, 6400.0, 0.0)
HAZES = [StructureHaze(), LowpassHaze(), CellHaze()]
FLICKERS = [
    WhiteFlicker(relative_sd=0.05),
    DriftingFlicker(relative_sd=0.05, correlation_s=0.4),
    PinkFlicker(relative_sd=0.05),
    SineFlicker(relative_sd=0.05, frequency_hz=3.0),
]
EVERYTHING = Background(
    haze=CellHaze(),
    out_of_focus=OutOfFocus(density_per_um2_frame=0.3, on_s=0.3),
    bleaching=Bleaching(half_life_s=5.0),
    flicker=PinkFlicker(),
)


def still(background: Background, view: FieldOfView = VIEW, seed: int = 0) -> NDArray[np.float32]:
    return background.light(view, SITES, (seed, 7)).static


def test_a_level_is_the_same_in_every_pixel_and_frame() -> None:
    light = Background(photons=12.5).light(VIEW, SITES, (0,))
    assert np.all(light.static == 12.5)
    block = light.block(10, 14)
    assert block.shape == (4, 64, 96)
    assert block.dtype == np.float32
    assert np.all(block == 12.5)


@pytest.mark.parametrize("haze", HAZES)
def test_haze_reaches_its_peak_on_top_of_the_level(haze: Any) -> None:
    haze = haze.model_copy(update={"peak_photons": 35.0})
    light = still(Background(photons=5.0, haze=haze))
    assert light.max() == pytest.approx(40.0)
    assert light.min() >= 5.0
    assert light.std() > 2.0


def test_haze_of_the_structure_is_the_structure_blurred() -> None:
    light = still(Background(photons=0.0, haze=StructureHaze(peak_photons=30.0, blur_um=0.8)))
    counts = np.zeros((64, 96))
    np.add.at(counts, tuple((SITES[:, 1::-1] // 100).astype(int).T), 1.0)
    blurred = gaussian_filter(counts, 8.0, mode="nearest")
    np.testing.assert_allclose(light, 30.0 * blurred / blurred.max(), rtol=1e-5)


def test_a_lowpass_field_is_correlated_over_the_length_asked_for() -> None:
    view = FieldOfView(400, 400, 100.0, 1, 25.0)
    kept = []
    for seed in range(3):
        field = still(Background(photons=0.0, haze=LowpassHaze(correlation_um=1.0)), view, seed)
        field = field - field.mean()
        for lagged in (field[:, 10:] * field[:, :-10], field[10:] * field[:-10]):
            kept.append(lagged.mean() / np.square(field).mean())
    assert np.mean(kept) == pytest.approx(math.exp(-1.0), abs=0.05)


def test_a_cell_has_a_dark_outside_a_soft_edge_and_a_dimmer_nucleus() -> None:
    view = FieldOfView(400, 400, 100.0, 1, 25.0)
    haze = CellHaze(diameter_um=15.0, texture=0.0, irregularity=0.0, nucleus=0.4, edge_um=1.0)
    seed = next(
        number
        for number in range(100)
        if still(Background(photons=0.0, haze=haze), view, number)[[0, -1]].max() < 0.01
        and still(Background(photons=0.0, haze=haze), view, number)[:, [0, -1]].max() < 0.01
    )
    light = still(Background(photons=0.0, haze=haze), view, seed) / haze.peak_photons
    disk = math.pi * 7.5**2
    nucleus = math.pi * 3.0**2
    assert 0.01 * light.sum() == pytest.approx(disk - 0.6 * nucleus, rel=0.03)
    # a logistic edge has 0.7 of its height this far inside
    bright = math.pi * (7.5 - 0.25 * math.log(0.7 / 0.3)) ** 2
    assert 0.01 * np.sum(light > 0.7) == pytest.approx(bright - nucleus, rel=0.02)
    # the steepest place of a logistic edge of this width
    assert np.abs(np.diff(light, axis=1)).max() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("haze", HAZES)
def test_finer_pixels_see_the_same_background(haze: Any) -> None:
    background = Background(
        photons=8.0, haze=haze, out_of_focus=OutOfFocus(density_per_um2_frame=0.5)
    )
    coarse = background.light(VIEW, SITES, (3,)).block(5, 7)
    sensor = FieldOfView(192, 128, 50.0, 200, 25.0)
    fine = background.scaled(2.0).light(sensor, SITES, (3,)).block(5, 7)
    binned = fine.reshape(2, 64, 2, 96, 2).sum(axis=(2, 4))
    np.testing.assert_allclose(binned, coarse, rtol=0.03)


def test_any_stretch_of_frames_can_be_had_alone() -> None:
    light = EVERYTHING.light(VIEW, SITES, (5,))
    whole = light.block(0, 200)
    parts = [light.block(start, min(start + 64, 200)) for start in (0, 64, 128, 192)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    again = EVERYTHING.light(VIEW, SITES, (5,))
    np.testing.assert_array_equal(again.block(137, 138), whole[137:138])
    assert not np.array_equal(EVERYTHING.light(VIEW, SITES, (6,)).block(0, 200), whole)


def test_bleaching_takes_half_of_what_bleaches_in_a_half_life() -> None:
    background = Background(photons=40.0, bleaching=Bleaching(half_life_s=2.0, floor=0.25))
    level = background.light(VIEW, SITES, (0,)).block(0, 200)[:, 0, 0]
    assert level[0] == 40.0
    assert level[50] == pytest.approx(10.0 + 30.0 / 2)
    assert level[150] == pytest.approx(10.0 + 30.0 / 8)


@pytest.mark.parametrize("flicker", FLICKERS)
def test_flicker_has_the_standard_deviation_asked_for_and_mean_one(flicker: Any) -> None:
    course = np.stack([flicker.factors(LONG, np.random.default_rng(seed)) for seed in range(8)])
    # 1/f noise has most of its power in the few slowest turns
    assert course.std() == pytest.approx(0.05, rel=0.08 if flicker.kind == "pink" else 0.04)
    assert course.mean() == pytest.approx(1.0, abs=0.004)
    light = Background(photons=10.0, flicker=flicker).light(LONG, SITES, (1,))
    assert light.factors is not None
    np.testing.assert_array_equal(light.block(3, 9)[:, 2, 2], 10.0 * light.factors[3:9])


def test_flicker_has_the_spectrum_of_its_kind() -> None:
    white, drifting, pink, sine = (
        flicker.factors(LONG, np.random.default_rng(2)) - 1.0 for flicker in FLICKERS
    )
    lag = 10

    def kept(course: NDArray[np.float64]) -> float:
        return float(np.mean(course[lag:] * course[:-lag]) / np.mean(course**2))

    assert kept(white) == pytest.approx(0.0, abs=0.03)
    assert kept(drifting) == pytest.approx(math.exp(-1.0), abs=0.06)
    # 1/f: the same power in every octave
    power = np.abs(np.fft.rfft(pink)) ** 2
    assert power[4000:8000].sum() == pytest.approx(power[500:1000].sum(), rel=0.2)
    assert np.argmax(np.abs(np.fft.rfft(sine))) == 3.0 * 20_000 / 25.0


def test_as_much_light_comes_from_out_of_focus_as_was_asked_for() -> None:
    view = FieldOfView(64, 64, 100.0, 4000, 25.0)
    blinking = OutOfFocus(density_per_um2_frame=0.5, photons=400.0, on_s=0.08, most_sigma_nm=600.0)
    light = Background(photons=0.0, out_of_focus=blinking).light(view, SITES, (2,))
    mean = np.mean(
        [light.block(start, start + 500).mean(axis=0) for start in range(0, 4000, 500)], 0
    )
    # on for 2 frames on average, begun at any instant: light in 3, two thirds of it each
    expected = 0.5 * 0.01 * 400.0 * 2.0 / 3.0
    assert mean.mean() == pytest.approx(expected, rel=0.05)
    # the edge is lit from outside too
    edge = np.concatenate([mean[:4].ravel(), mean[-4:].ravel(), mean[:, :4].ravel()])
    assert edge.mean() == pytest.approx(expected, rel=0.12)
    assert light.block(0, 500).mean() == pytest.approx(expected, rel=0.15)


def test_molecules_out_of_focus_come_and_go() -> None:
    blinking = OutOfFocus(density_per_um2_frame=0.2, photons=1e4, on_s=0.4)
    light = Background(photons=0.0, out_of_focus=blinking).light(VIEW, SITES, (0,))
    frames = light.block(0, 200).reshape(200, -1).astype(np.float64)
    frames -= frames.mean(axis=0)

    def likeness(lag: int) -> float:
        return float(np.sum(frames[lag:] * frames[:-lag]) / np.sum(frames[:-lag] ** 2))

    # on for 10 frames on average
    assert likeness(1) > 0.8
    assert likeness(10) == pytest.approx(math.exp(-1.0), abs=0.15)
    assert abs(likeness(80)) < 0.2


def test_spots_out_of_focus_are_as_wide_as_asked() -> None:
    view = FieldOfView(200, 200, 100.0, 40, 25.0)
    blinking = OutOfFocus(
        density_per_um2_frame=0.002, on_s=1.0, least_sigma_nm=500.0, most_sigma_nm=500.0
    )
    frames = Background(photons=0.0, out_of_focus=blinking).light(view, SITES, (3,)).block(0, 40)
    y, x = np.indices((21, 21)) - 10.0
    measured = []
    for frame in frames:
        row, column = np.unravel_index(int(frame.argmax()), frame.shape)
        if min(row, column) >= 10 and max(row, column) < 190:
            cut = frame[row - 10 : row + 11, column - 10 : column + 11].astype(np.float64)
            # the peak falls to exp(-1/2) one standard deviation away
            measured.append(float(np.median(cut[np.abs(np.hypot(x, y) - 5) < 0.5]) / cut.max()))
    assert len(measured) > 10
    assert np.median(measured) == pytest.approx(math.exp(-0.5), abs=0.03)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"photons": -1.0}, "photons"),
        ({"photons": math.inf}, "photons"),
        ({"haze": {"kind": "fog"}}, "haze"),
        ({"haze": {"kind": "cell", "cells": 0}}, "cells"),
        ({"out_of_focus": {"least_sigma_nm": 900.0}}, "least_sigma_nm"),
        ({"bleaching": {"half_life_s": 0.0}}, "half_life_s"),
        ({"flicker": {"kind": "sine", "frequency_hz": math.nan}}, "frequency_hz"),
    ],
)
def test_impossible_parameters_are_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Background.model_validate(values)


def test_a_background_survives_a_yaml_file() -> None:
    assert Background.from_yaml(EVERYTHING.to_yaml()) == EVERYTHING
