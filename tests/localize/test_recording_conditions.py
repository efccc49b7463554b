"""What a recording is like is measured right, and told only where the network is not for it."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellstorm.cli import main
from cellstorm.localizations import read_table
from cellstorm.localize import NetMethod
from cellstorm.localize.net.blink_time import blink_time_frames
from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.localize.net.recording_measurement import measure_recording
from cellstorm.localize.net.validity import outside_conditions
from cellstorm.movie import ArrayMovie, open_movie
from cellstorm.run import localize_frames
from cellstorm.simulate import Simulation

TRAINED: dict[str, Any] = {
    "pixel_size_nm": 100.0,
    "photons": [50.0, 5000.0],
    "density_per_um2_frame": [0.02, 3.0],
    "on_frames": [0.8, 5.0],
    "sigma_px": [0.85, 2.2],
    "background_photons": [0.5, 300.0],
    "haze_share": 0.4,
    "haze_photons": [5.0, 400.0],
    "gain_e_per_adu": [0.25, 3.0],
    "read_noise_e": [0.5, 4.0],
    "h264_share": 0.7,
    "hevc_share": 0.12,
    "vp9_share": 0.05,
    "crf": [0.0, 35.0],
}
USUAL = RecordingConditions(
    frames=100,
    molecules=4000,
    sigma_px=1.3,
    photons=(200.0, 700.0, 1200.0),
    background_photons=(15.0, 20.0, 60.0),
    molecules_per_px_frame=0.003,
    on_frames=3.0,
    gain_e_per_adu=0.7,
    offset_adu=4.0,
    read_noise_e=2.5,
    excess_noise_factor=1.0,
    camera_estimated=False,
    bit_depth=8,
    codec="h264",
    value_range="full",
    median_qp=28.0,
    bits_per_pixel=0.8,
    gop_frames=31,
    b_picture_share=0.0,
)


def _measured(tmp_path: Path, simulation: Simulation, **options: Any) -> RecordingConditions:
    made = simulation.run(tmp_path / "movie")
    region = (0, simulation.width_px, 0, simulation.height_px)
    frames = (0, simulation.frames)
    with open_movie(made.movie) as movie:
        localizer = NetMethod().prepare(movie, simulation.recorded_camera, frames, region)
        return measure_recording(movie, localizer, frames=frames, **options)


def test_what_was_simulated_is_measured(tmp_path: Path) -> None:
    simulation = Simulation(frames=80, seed=1).changed(sigma_px=1.6, density_per_um2_frame=0.4)
    seen = _measured(tmp_path, simulation)
    assert seen.sigma_px == pytest.approx(1.6, rel=0.06)
    # partly lit frames take the median under the mean of 1000
    assert seen.photons is not None and 500 < seen.photons[1] < 1000
    assert seen.background_photons[1] == pytest.approx(20.0, rel=0.1)
    assert seen.molecules_per_px_frame == pytest.approx(0.004, rel=0.3)
    # a mean of two frames, begun at any instant, is three frames to be seen in
    assert seen.on_frames == pytest.approx(3.0, rel=0.2)
    assert (seen.codec, seen.gop_frames, seen.b_picture_share) == ("h264", 31, 0.0)
    assert seen.gain_e_per_adu == simulation.camera.gain_e_per_adu


def test_an_empty_movie_has_a_background_and_no_molecules_to_speak_of(tmp_path: Path) -> None:
    seen = _measured(tmp_path, Simulation(frames=30, seed=2).changed(density_per_um2_frame=0.0))
    assert (seen.sigma_px, seen.photons, seen.on_frames) == (None, None, None)
    assert seen.background_photons[1] == pytest.approx(20.0, rel=0.1)


@pytest.mark.parametrize("shape", [(1, 16, 16), (2, 33, 300), (5, 9, 8)])
def test_any_size_can_be_measured(shape: tuple[int, int, int]) -> None:
    frames = np.random.default_rng(0).poisson(30.0, shape).astype(np.uint8)
    method = NetMethod()
    movie = ArrayMovie(frames)
    camera = Simulation().recorded_camera
    localizer = method.prepare(movie, camera, (0, shape[0]), (0, shape[2], 0, shape[1]))
    assert localizer.recording is not None
    assert localizer.recording.frames == shape[0]


def test_the_liveliest_part_of_a_large_field_is_looked_at() -> None:
    frames = np.full((24, 300, 400), 30, np.uint8)
    film = Simulation(width_px=128, height_px=128, frames=24, seed=3).stack()
    frames[:, 150:278, 260:388] = film
    movie = ArrayMovie(frames)
    camera = Simulation().recorded_camera
    localizer = NetMethod().prepare(movie, camera, (0, 24), (0, 400, 0, 300))
    seen = measure_recording(movie, localizer, frames=(0, 24), most_pixels=1 << 17)
    assert seen.molecules > 100


@pytest.mark.parametrize("mean_frames", [1.5, 4.0, 20.0])
def test_the_time_that_molecules_are_seen_is_recovered(mean_frames: float) -> None:
    random = np.random.default_rng(4)
    blocks = []
    for _ in range(4):
        frames: list[list[list[float]]] = [[] for _ in range(40)]
        for start in random.uniform(-60, 40, 3000):
            x, y = random.uniform(0, 100, 2)
            for frame in range(int(start), int(start) + int(random.geometric(1 / mean_frames))):
                if 0 <= frame < 40:
                    frames[frame].append([x, y])
        blocks.append([np.array(frame).reshape(-1, 2) for frame in frames])
    assert blink_time_frames(blocks) == pytest.approx(mean_frames, rel=0.15)


def test_a_recording_inside_all_ranges_gets_no_word() -> None:
    assert outside_conditions(USUAL, TRAINED) == ()


def test_a_model_that_names_no_conditions_gets_no_word() -> None:
    far_off = USUAL.model_copy(update={"sigma_px": 9.0, "median_qp": 51.0})
    assert outside_conditions(far_off, {}) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sigma_px": 2.83}, "The PSF is 2.83 px wide .* 0.85 to 2.2 px: .*larger"),
        ({"sigma_px": 0.7}, "The PSF is 0.70 px wide .*smaller"),
        ({"photons": (9e3, 1e4, 2e4)}, "10000 photons .*50 to 5000 photons"),
        ({"photons": (10.0, 20.0, 40.0)}, "20 photons .*50 to 5000 photons"),
        ({"background_photons": (10.0, 90.0, 1500.0)}, "reaches 1500 .* 700 at most"),
        ({"molecules_per_px_frame": 0.04}, "40 molecules .* than the 30 .*fewer molecules"),
        ({"on_frames": 15.0}, "shines for 15 frames .*0.8 to 5 frames"),
        ({"gain_e_per_adu": 5.0}, "A grey value is 5 photoelectrons .*0.25 to 3 .*--camera"),
        ({"gain_e_per_adu": 0.1}, "A grey value is 0.1 photoelectrons"),
        ({"read_noise_e": 9.0}, "The read noise is 9 photoelectrons"),
        ({"codec": "av1", "median_qp": None}, "codec is av1 .*H.264, HEVC and VP9"),
        ({"median_qp": 48.0}, "median QP of 48 .*higher bit rate"),
    ],
)
def test_each_condition_outside_is_told_once_with_what_to_do(
    changes: dict[str, Any], told: str
) -> None:
    (sentence,) = outside_conditions(USUAL.model_copy(update=changes), TRAINED)
    assert re.search(told, sentence)
    assert "--method gaussian" in sentence or "bit rate" in sentence


def test_light_of_an_em_camera_is_compared_as_the_network_sees_it() -> None:
    bright = USUAL.model_copy(
        update={"photons": (4e3, 9e3, 1e4), "excess_noise_factor": 2.0, "codec": None}
    )
    assert outside_conditions(bright, TRAINED) == ()


def test_a_network_for_other_codecs_says_so() -> None:
    only_hevc = TRAINED | {"h264_share": 0.0, "hevc_share": 1.0, "vp9_share": 0.0}
    (sentence,) = outside_conditions(USUAL, only_hevc)
    assert "codec is h264 and the network was trained for HEVC" in sentence
    (sentence,) = outside_conditions(USUAL.model_copy(update={"codec": None}), only_hevc)
    assert "not compressed" in sentence


def test_a_usual_movie_is_localized_without_a_warning(tmp_path: Path) -> None:
    simulation = Simulation(frames=40, seed=5).changed(crf=20)
    made = simulation.run(tmp_path / "movie.mp4")
    found = localize_frames(
        made.movie, method=NetMethod(), camera=simulation.recorded_camera, pixel_size_nm=100
    )
    assert found.metadata.notices == ()
    configuration = found.metadata.configuration
    assert configuration is not None
    assert configuration["recording"]["sigma_px"] == pytest.approx(1.3, rel=0.06)


def test_a_movie_out_of_range_is_told_on_the_screen_and_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = Simulation(frames=60, seed=6).changed(sigma_px=2.9).run(tmp_path / "film.mp4").movie
    with pytest.raises(SystemExit) as exit_:
        main(["localize", str(film), "--method", "net", "--no-picture"])
    assert exit_.value.code == 0
    told = "px wide (standard deviation) and the network was trained for"
    assert told in capsys.readouterr().err
    notices = read_table(tmp_path / "film.locs.parquet").metadata.notices
    assert sum(told in notice for notice in notices) == 1


def test_the_width_of_heaps_is_not_taken_for_that_of_molecules(tmp_path: Path) -> None:
    crowd = Simulation(frames=24, seed=9).changed(density_per_um2_frame=4.0, sigma_px=1.6)
    seen = _measured(tmp_path, crowd)
    assert seen.sigma_px is None or seen.sigma_px == pytest.approx(1.6, rel=0.15)
