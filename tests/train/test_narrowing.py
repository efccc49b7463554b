"""Conditions around a recording: what was measured lies inside, and its codec is met."""

from pathlib import Path

import numpy as np
import pytest

from cellstorm.errors import ConfigurationError
from cellstorm.localize import NetMethod
from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.localize.net.recording_measurement import measure_recording
from cellstorm.localize.net.validity import outside_conditions
from cellstorm.movie import open_movie
from cellstorm.simulate import Simulation
from cellstorm.train.conditions import Conditions
from cellstorm.train.narrowing import conditions_like, with_quality_like


def _measured(simulation: Simulation, folder: Path) -> RecordingConditions:
    with open_movie(simulation.run(folder / "movie").movie) as movie:
        count, height, width = movie.shape
        region = (0, width, 0, height)
        localizer = NetMethod().prepare(movie, simulation.recorded_camera, (0, count), region)
        return measure_recording(movie, localizer, frames=(0, count))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"crf": 22, "codec.b_pictures": 2, "codec.gop": 25, "value_range": "limited"}, "h264"),
        ({"codec": "vp9", "crf": 34, "density_per_um2_frame": 0.6}, "vp9"),
        ({"codec": "none", "camera": "ixon-897", "photons": 3000}, "none"),
    ],
)
def test_the_truth_of_a_recording_lies_in_the_ranges_put_around_it(
    settings: dict[str, object], kind: str, tmp_path: Path
) -> None:
    simulation = Simulation(frames=40, seed=8).changed(settings)
    seen = _measured(simulation, tmp_path)
    conditions = with_quality_like(conditions_like(seen), seen)
    light, camera = simulation.photophysics, simulation.recorded_camera
    excess = camera.excess_noise_factor
    assert light.kind == "steady"
    for name, true in {
        "photons": light.photons / excess,
        "density_per_um2_frame": light.density_per_um2_frame,
        "on_frames": light.on_s * simulation.frame_rate_hz,
        "sigma_px": 1.3,
        "background_photons": simulation.background.photons / excess,
        "gain_e_per_adu": camera.gain_e_per_adu / excess,
        "read_noise_e": max(camera.read_noise_e / excess, 0.1),
        "offset_adu": camera.offset_adu,
    }.items():
        low, high = getattr(conditions, name)
        assert low <= true <= high, name
    assert conditions.bit_depth == seen.bit_depth
    drawn = conditions.draw(np.random.default_rng(0)).codec
    assert drawn.kind == kind
    if kind == "h264":
        assert (drawn.gop, drawn.b_pictures, drawn.value_range) == (25, 2, "limited")  # type: ignore[union-attr]
        assert conditions.crf[0] <= 22 <= conditions.crf[1]
    if kind == "vp9":
        assert conditions.vp9_crf[0] <= 34 <= conditions.vp9_crf[1]
    # a network for these ranges has nothing to say against the recording they were made for
    assert outside_conditions(seen, conditions.model_dump(mode="json")) == ()


def test_a_recording_without_molecules_is_refused(tmp_path: Path) -> None:
    seen = _measured(Simulation(frames=8, seed=2).changed(density_per_um2_frame=0.0), tmp_path)
    with pytest.raises(ConfigurationError, match="molecules were found in 8 frames"):
        conditions_like(seen)


def test_conditions_of_16_bits_give_uncoded_clips_of_16_bits() -> None:
    conditions = Conditions(
        size_px=32, frames=4, bit_depth=16, h264_share=0, hevc_share=0, vp9_share=0
    )
    simulation = conditions.draw(np.random.default_rng(0))
    assert simulation.recorded_camera.bit_depth == 16
    assert simulation.stack().dtype == np.uint16


def test_a_key_frame_every_time_leaves_no_room_for_b_pictures() -> None:
    conditions = Conditions(
        size_px=32, frames=4, h264_share=1, hevc_share=0, vp9_share=0, gop_frames=(1,)
    )
    for seed in range(12):
        assert conditions.draw(np.random.default_rng(seed)).codec.kind == "h264"
