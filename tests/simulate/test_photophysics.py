"""Molecules blink as asked: how often, how long, how brightly, and how many times."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy.stats import gamma, kstest, truncexpon

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.photophysics import (
    PHOTOPHYSICS_PRESETS,
    Activity,
    Photophysics,
    SteadyPhotophysics,
    SwitchingPhotophysics,
)

VIEW = FieldOfView(128, 128, 100.0, frames=600, frame_rate_hz=30.0)
SITES = 100_000
KIND: TypeAdapter[Photophysics] = TypeAdapter(Photophysics)
BOTH: list[Photophysics] = [SteadyPhotophysics(), SwitchingPhotophysics(cycles=None)]


def all_of(
    model: Photophysics,
    view: FieldOfView = VIEW,
    sites: int = SITES,
    seed: int = 1,
    block_frames: int = 64,
) -> Activity:
    blocks = list(model.activity(view, sites, [seed], block_frames))
    assert [block.start for block in blocks] == list(range(0, view.frames, block_frames))
    assert [block.stop for block in blocks[:-1]] == [block.start for block in blocks[1:]]
    for block in blocks:
        assert ((block.frame >= block.start) & (block.frame < block.stop)).all()
    return Activity(
        0,
        view.frames,
        np.concatenate([block.molecule for block in blocks]),
        np.concatenate([block.frame for block in blocks]),
        np.concatenate([block.photons for block in blocks]),
    )


@dataclass(frozen=True)
class Runs:
    """Light of one molecule in frames that follow each other, away from the movie's ends."""

    photons: NDArray[np.float64]
    frames: NDArray[np.int64]
    first_row: NDArray[np.int64]
    row_photons: NDArray[np.float64]


def runs_of(light: Activity) -> Runs:
    order = np.lexsort((light.frame, light.molecule))
    molecule, frame, photons = light.molecule[order], light.frame[order], light.photons[order]
    begins = np.ones(frame.size, bool)
    begins[1:] = (molecule[1:] != molecule[:-1]) | (frame[1:] != frame[:-1] + 1)
    first = np.flatnonzero(begins)
    frames = np.diff(np.append(first, frame.size))
    whole = (frame[first] > 0) & (frame[first] + frames < light.stop)
    total = np.add.reduceat(photons, first)
    return Runs(total[whole], frames[whole], first[whole], photons)


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_rows_are_in_order_and_a_molecule_is_listed_once_a_frame(model: Photophysics) -> None:
    light = all_of(model, sites=500)
    assert (np.diff(light.frame) >= 0).all()
    assert np.unique(light.frame * 500 + light.molecule).size == light.frame.size
    assert (light.photons > 0).all()
    assert light.molecule.min() >= 0
    assert light.molecule.max() < 500
    assert light.molecule.dtype == light.frame.dtype == np.dtype(np.int64)


@pytest.mark.parametrize("sites", [100, 5_000, 300_000])
@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_the_density_is_as_asked_from_the_first_frame_on(model: Photophysics, sites: int) -> None:
    view = FieldOfView(128, 128, 100.0, frames=20, frame_rate_hz=30.0)
    wanted = 0.3 * view.area_um2
    per_frame = np.mean(
        [np.bincount(all_of(model, view, sites, seed).frame, minlength=20) for seed in range(40)],
        axis=0,
    )
    # 40 movies: the mean of a frame scatters by 1.1 molecules, of 20 frames by about 0.5
    assert per_frame[0] == pytest.approx(wanted, abs=4.5)
    assert per_frame.mean() == pytest.approx(wanted, abs=2.0)


@pytest.mark.parametrize("frame_rate_hz", [5.0, 200.0])
@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_the_density_holds_for_slow_and_fast_cameras(
    model: Photophysics, frame_rate_hz: float
) -> None:
    view = FieldOfView(128, 128, 100.0, frames=2000, frame_rate_hz=frame_rate_hz)
    light = all_of(model, view, sites=3000)
    # on-times at 200 Hz last 13 frames: 2000 frames are about 70 independent ones
    assert light.frame.size / 2000 == pytest.approx(0.3 * view.area_um2, rel=0.08)


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_on_times_are_exponential_with_the_mean_asked_for(model: Photophysics) -> None:
    # equally bright molecules show how long they were on by their light
    model = model.model_copy(update={"photon_spread": 0.0})
    per_frame = 1000.0
    runs = runs_of(all_of(model, FieldOfView(128, 128, 100.0, 2000, 30.0), sites=SITES))
    assert runs.photons.size > 10_000
    on_frames = runs.photons / per_frame
    assert on_frames.mean() == pytest.approx(2.0, rel=0.03)
    # one blink in a thousand is two of the same molecule: some thousand are not told from one
    assert kstest(on_frames[:3000], "expon", args=(0, 2.0)).pvalue > 0.01


@pytest.mark.parametrize("spread", [0.3, 1.0])
@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_brightness_is_distributed_as_asked(model: Photophysics, spread: float) -> None:
    model = model.model_copy(update={"photon_spread": spread})
    runs = runs_of(all_of(model, FieldOfView(128, 128, 100.0, 2000, 30.0)))
    # in the second of three frames or more a molecule is on all the time
    middle = runs.row_photons[runs.first_row[runs.frames >= 3] + 1]
    assert middle.size > 3000
    shape = 1.0 / spread**2
    assert middle.mean() == pytest.approx(1000.0, rel=0.05 * max(1.0, spread))
    assert kstest(middle[:3000], gamma(shape, scale=1000.0 / shape).cdf).pvalue > 0.01


def test_molecules_may_differ_in_brightness_for_good() -> None:
    model = SwitchingPhotophysics(
        dark_s=1.0, cycles=None, photon_spread=0.0, molecule_spread=0.5, photons_per_s=30_000.0
    )
    light = all_of(model, sites=2000)
    brightest = np.zeros(2000)
    np.maximum.at(brightest, light.molecule, light.photons)
    # 20 blinks, many of them over three frames: each molecule is seen in full light
    assert kstest(brightest, gamma(4.0, scale=250.0).cdf).pvalue > 0.01


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_blinks_are_dim_where_they_begin_and_end_within_a_frame(model: Photophysics) -> None:
    light = all_of(model.model_copy(update={"photon_spread": 0.0}))
    runs = runs_of(light)
    long = runs.frames >= 3
    first = runs.row_photons[runs.first_row[long]]
    last = runs.row_photons[runs.first_row[long] + runs.frames[long] - 1]
    # on from any instant of the first frame to any of the last: of the blinks that reach so far
    # those that need not last as long are the more frequent, by exp(-share / 2 frames)
    for edge in (first, last):
        assert edge.max() <= 1000.0 + 1e-6
        assert kstest(edge[:2000], truncexpon(b=0.5, scale=2000.0).cdf).pvalue > 0.01


def test_bleaching_leaves_the_mean_number_of_cycles_asked_for() -> None:
    model = SwitchingPhotophysics(
        on_s=0.05, dark_s=0.4, cycles=5.0, initially_on=0.0, photon_spread=0.0
    )
    view = FieldOfView(64, 64, 100.0, frames=1500, frame_rate_hz=30.0)
    light = all_of(model, view, sites=4000)
    # light counts on-times even when two of them share a frame
    per_molecule = np.bincount(light.molecule, light.photons, minlength=4000)
    cycles = per_molecule / model.photons_per_blink
    # 50 s are 110 cycles: all have bleached. A geometric number of exponential times is
    # exponential itself, of 5 times the mean
    assert cycles.mean() == pytest.approx(5.0, rel=0.05)
    assert kstest(per_molecule[:2000], "expon", args=(0, 5.0 * 1500.0)).pvalue > 0.01
    assert light.frame.max() < 1400


def test_molecules_that_never_bleach_blink_on() -> None:
    model = SwitchingPhotophysics(dark_s=0.5, cycles=None)
    light = all_of(model, FieldOfView(64, 64, 100.0, 3000, 30.0), sites=1000)
    early, late = np.sum(light.frame < 500), np.sum(light.frame >= 2500)
    assert late == pytest.approx(early, rel=0.05)


def test_dark_times_are_exponential_with_the_mean_asked_for() -> None:
    model = SwitchingPhotophysics(on_s=0.02, dark_s=2.0, cycles=None)
    view = FieldOfView(64, 64, 100.0, frames=30_000, frame_rate_hz=100.0)
    light = all_of(model, view, sites=30)
    order = np.lexsort((light.frame, light.molecule))
    gap = np.diff(light.frame[order])[np.diff(light.molecule[order]) == 0]
    # what is left of an exponential time after 20 frames is distributed like all of it
    dark_s = (gap[gap > 20] - 20) / 100.0
    assert dark_s.size > 2000
    # gaps are whole frames: add what the beginning of a frame leaves out
    dark_s = dark_s - np.random.default_rng(0).random(dark_s.size) / 100.0
    assert kstest(dark_s, "expon", args=(0, 2.0)).pvalue > 0.01


def test_the_movie_may_begin_with_everything_on_or_nothing() -> None:
    on = all_of(SwitchingPhotophysics(dark_s=100.0, initially_on=1.0), sites=1000)
    off = all_of(SwitchingPhotophysics(dark_s=100.0, initially_on=0.0), sites=1000)
    assert np.sum(on.frame == 0) == 1000
    assert np.sum(off.frame == 0) < 10
    # after ten on-times the crowd of the beginning has gone dark
    assert np.sum(on.frame == 30) < 20


@pytest.mark.parametrize("name", PHOTOPHYSICS_PRESETS)
def test_a_dye_has_the_duty_cycle_and_the_light_it_was_measured_with(name: str) -> None:
    photons, duty_cycle, cycles, survival = {
        "alexa-647-mea": (3823.0, 0.0005, 14.0, 0.83),
        "alexa-647-bme": (5202.0, 0.0012, 26.0, 0.73),
    }[name]
    dye = PHOTOPHYSICS_PRESETS[name]
    assert dye.dark_s is not None
    assert dye.cycles == cycles
    view = FieldOfView(64, 64, 100.0, frames=300, frame_rate_hz=10.0)
    light = all_of(dye.model_copy(update={"cycles": None}), view, sites=400_000)
    runs = runs_of(light)
    assert runs.photons.mean() == pytest.approx(photons, rel=0.05)
    assert kstest(runs.photons[:3000], "expon", args=(0, photons)).pvalue > 0.01
    # on for some time in a frame of 0.1 s: the duty cycle and the on-times that begin in it
    share = light.frame.size / (300 * 400_000)
    assert share == pytest.approx(duty_cycle * (1 + 0.1 / dye.on_s), rel=0.05)
    # the fraction that survived 400 s was measured apart from the number of cycles
    assert math.exp(-400.0 / (cycles * (dye.on_s + dye.dark_s))) == pytest.approx(
        survival, abs=0.05
    )


@pytest.mark.parametrize(
    "model", [*BOTH, SwitchingPhotophysics(molecule_spread=0.4)], ids=lambda model: model.kind
)
def test_the_light_depends_on_the_seed_and_not_on_the_blocks(model: Photophysics) -> None:
    whole = all_of(model, block_frames=600)
    for block_frames in (1, 50, 64, 1000):
        parts = all_of(model, block_frames=block_frames)
        np.testing.assert_array_equal(whole.molecule, parts.molecule)
        np.testing.assert_array_equal(whole.frame, parts.frame)
        np.testing.assert_array_equal(whole.photons, parts.photons)
    other = all_of(model, seed=2)
    assert other.frame.size != whole.frame.size or (other.photons != whole.photons).any()


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_a_shorter_movie_is_the_beginning_of_a_longer_one(model: Photophysics) -> None:
    short = all_of(model, FieldOfView(128, 128, 100.0, frames=90, frame_rate_hz=30.0))
    long = all_of(model)
    np.testing.assert_array_equal(short.photons, long.photons[long.frame < 90])


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_a_density_of_none_leaves_the_dark(model: Photophysics) -> None:
    dark = model.model_copy(update={"density_per_um2_frame": 0.0})
    assert all_of(dark).frame.size == 0


@pytest.mark.parametrize("model", BOTH, ids=lambda model: model.kind)
def test_more_molecules_at_a_time_than_there_are_cannot_be_asked_for(model: Photophysics) -> None:
    with pytest.raises(ConfigurationError, match=r"density_per_um2_frame: 0.3 .* has 20"):
        model.activity(VIEW, 20, [0], 64)


def test_a_density_that_needs_too_short_a_dark_time_is_refused() -> None:
    view = FieldOfView(128, 128, 100.0, frames=10, frame_rate_hz=1e6)
    model = SwitchingPhotophysics(on_s=0.001, density_per_um2_frame=0.5)
    with pytest.raises(ConfigurationError, match="density_per_um2_frame"):
        model.activity(view, 90, [0], 64)


@pytest.mark.parametrize(
    "model", [*BOTH, *PHOTOPHYSICS_PRESETS.values()], ids=lambda model: model.kind
)
def test_photophysics_survives_being_saved(model: Photophysics) -> None:
    assert KIND.validate_json(model.model_dump_json()) == model


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "steady", "photons": -1}, "photons"),
        ({"kind": "steady", "on_s": 0}, "on_s"),
        ({"kind": "steady", "density_per_um2_frame": float("nan")}, "density_per_um2_frame"),
        ({"kind": "switching", "cycles": 0.5}, "cycles"),
        ({"kind": "switching", "initially_on": 2}, "initially_on"),
        ({"kind": "switching", "photons_per_s": float("inf")}, "photons_per_s"),
        (
            {"kind": "switching", "dark_s": 1, "density_per_um2_frame": 1},
            "either dark_s or density_per_um2_frame",
        ),
        ({"kind": "always"}, "'steady', 'switching'"),
    ],
)
def test_impossible_parameters_name_the_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        KIND.validate_python(given)
    assert field in describe_validation_error(caught.value)
