"""A simulated movie and its truth agree, and the same parameters give the same movie."""

import math
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from cellstorm.camera import PRESETS
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.movie import open_movie
from cellstorm.simulate import SIMULATION_PRESETS, Simulation, load_simulation
from cellstorm.simulate.codec import NoCodec

SMALL = Simulation(width_px=64, height_px=48, frames=70, seed=3).changed(density_per_um2_frame=1.0)


def frames_of(path: Path) -> np.ndarray:
    with open_movie(path) as movie:
        return np.asarray(movie.read(0, movie.shape[0]))


def test_a_lossless_video_holds_exactly_what_the_sensor_gave(tmp_path: Path) -> None:
    path = SMALL.changed(codec="ffv1").run(tmp_path / "movie").movie
    assert path.suffix == ".mkv"
    np.testing.assert_array_equal(frames_of(path), SMALL.stack())


def test_an_uncoded_movie_is_a_tiff_with_its_pixel_size(tmp_path: Path) -> None:
    path = SMALL.changed(codec="none").run(tmp_path / "movie").movie
    with open_movie(path) as movie:
        assert movie.pixel_size_nm == pytest.approx(100.0)
    np.testing.assert_array_equal(frames_of(path), SMALL.stack())


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "mjpeg", "ffv1", "none"])
def test_the_same_seed_gives_the_same_file(tmp_path: Path, codec: str) -> None:
    simulation = SMALL.changed(codec=codec)
    first = simulation.run(tmp_path / "first")
    again = simulation.run(tmp_path / "again")
    other = simulation.changed(seed=4).run(tmp_path / "other")
    assert first.movie.read_bytes() == again.movie.read_bytes()
    assert first.movie.read_bytes() != other.movie.read_bytes()
    assert first.truth.read_bytes() == again.truth.read_bytes()
    assert first.truth_csv.read_bytes() == again.truth_csv.read_bytes()
    assert first.model.read_bytes() == again.model.read_bytes()


def test_coded_video_looks_like_a_phones(tmp_path: Path) -> None:
    path = SMALL.run(tmp_path / "phone").movie
    with open_movie(path) as movie:
        assert movie.codec is not None
        assert movie.codec.color_range == "full"
        np.testing.assert_array_equal(np.flatnonzero(movie.codec.key_frames), [0, 31, 62])
        coding = movie.read_chunk(0, 70).coding
    assert coding is not None
    assert set(coding.picture_types.tolist()) == {1, 2}


def test_a_coarser_quantiser_makes_a_smaller_file(tmp_path: Path) -> None:
    sizes = [
        SMALL.changed(crf=crf).run(tmp_path / f"crf{crf:.0f}").movie.stat().st_size
        for crf in (10.0, 23.0, 33.0)
    ]
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2]


def test_parameters_survive_a_yaml_file() -> None:
    assert Simulation.from_yaml(SMALL.to_yaml()) == SMALL


def test_the_light_in_the_movie_is_the_light_in_the_truth() -> None:
    camera = PRESETS["huawei-p9"].model_copy(update={"offset_adu": 20.0, "read_noise_e": 0.0})
    simulation = SMALL.changed(camera=camera, density_per_um2_frame=0.1, photons=300.0)
    light = camera.to_photoelectrons(simulation.stack()).sum(axis=(1, 2))
    truth = simulation.truth()
    inside = pl.col("x_nm").is_between(600, 5800) & pl.col("y_nm").is_between(600, 4200)
    # molecules at the edge lose light; where there is none of them the sum must agree
    edge_free = np.ones(simulation.frames, bool)
    edge_free[truth.filter(~inside)["frame"].unique().to_numpy()] = False
    per_frame = np.bincount(
        truth["frame"].to_numpy(), truth["photons"].to_numpy(), minlength=simulation.frames
    )
    expected = per_frame + 20.0 * 64 * 48
    assert edge_free.sum() >= 5
    z = (light - expected)[edge_free] / np.sqrt(expected[edge_free])
    assert abs(z.mean()) < 4.0 / np.sqrt(edge_free.sum())
    assert 0.5 < z.std() < 1.6


def test_truth_lies_at_the_centre_of_the_spots_counted_from_the_corner() -> None:
    simulation = Simulation(width_px=64, height_px=48, frames=1500).changed(
        {
            "structure": "uniform",
            "density_per_um2_frame": 0.02,
            "on_s": 20.0 / 30.0,
            "photons": 5000.0,
            "background.photons": 0.0,
            "camera.gain_e_per_adu": 5.0,
            "camera.read_noise_e": 0.0,
            "camera.offset_adu": 0.0,
        }
    )
    stack = simulation.stack().astype(float)
    truth = simulation.truth()
    alone = truth.filter(
        (pl.len().over("frame") == 1)
        & (pl.col("photons") > 2000)
        & pl.col("x_nm").is_between(1000, 5400)
        & pl.col("y_nm").is_between(1000, 3800)
    )
    assert alone.height > 30
    light = stack[alone["frame"].to_numpy()]
    total = light.sum(axis=(1, 2))
    x_nm = 100 * (light.sum(axis=1) @ (np.arange(64) + 0.5)) / total
    y_nm = 100 * (light.sum(axis=2) @ (np.arange(48) + 0.5)) / total
    assert abs(np.mean(x_nm - alone["x_nm"].to_numpy())) < 2.0
    assert abs(np.mean(y_nm - alone["y_nm"].to_numpy())) < 2.0


@pytest.mark.parametrize("structure", ["filaments", "uniform"])
def test_as_many_molecules_are_active_as_asked_for_from_the_first_frame(structure: str) -> None:
    simulation = Simulation(width_px=128, height_px=64, frames=1500).changed(
        structure=structure, density_per_um2_frame=0.5
    )
    per_frame = np.bincount(simulation.truth()["frame"].to_numpy(), minlength=1500)
    wanted = 0.5 * 12.8 * 6.4
    assert per_frame.mean() == pytest.approx(wanted, rel=0.04)
    assert per_frame[:100].mean() == pytest.approx(wanted, rel=0.15)


def test_blinks_are_dim_where_they_begin_and_end_within_a_frame() -> None:
    simulation = Simulation(frames=2000, seed=8).changed(
        {"structure": "uniform", "structure.labels_per_um2": 1e4, "photon_spread": 0.0}
    )
    blinks = (
        simulation.truth()
        .sort("id", "frame")
        .group_by("id", maintain_order=True)
        .agg(
            pl.len().alias("frames"),
            pl.col("photons").first().alias("first"),
            pl.col("photons").last().alias("last"),
            pl.col("photons").sum().alias("total"),
            pl.col("photons").slice(1, pl.len() - 2).mean().alias("middle"),
            pl.col("frame").min().alias("start"),
            pl.col("frame").max().alias("stop"),
        )
        .filter((pl.col("start") > 0) & (pl.col("stop") < 1999))
    )
    long = blinks.filter(pl.col("frames") >= 3)
    # a site that is drawn again while it shines is one molecule: a few rows in a hundred
    assert np.isclose(long["middle"].to_numpy(), 1000.0, rtol=1e-3).mean() > 0.95
    # a blink that begins u into a frame lasts beyond the next with exp((u - 2) / 2): the mean
    # of 1 - u under that weight
    share = 1.0 - (1.0 / (1.0 - math.exp(-0.5)) - 2.0)
    assert long["first"].mean() == pytest.approx(1000.0 * share, abs=20.0)
    assert long["last"].mean() == pytest.approx(1000.0 * share, abs=20.0)
    assert blinks["total"].mean() == pytest.approx(2000.0, rel=0.04)


def test_haze_raises_the_background_and_the_truth_says_so() -> None:
    clear = next(SMALL.blocks()).background[0]
    hazy_simulation = SMALL.changed(
        {"background.haze": "structure", "background.haze.peak_photons": 90.0}
    )
    hazy = next(hazy_simulation.blocks()).background[0]
    assert clear.min() == clear.max() == 20.0
    assert hazy.max() == pytest.approx(110.0, rel=0.01)
    assert hazy.min() < 60.0
    under = hazy_simulation.truth()["background_photons"]
    assert under.min() >= hazy.min() and under.mean() > hazy.mean()


def test_truth_is_kept_as_parquet_and_csv(tmp_path: Path) -> None:
    truth = SMALL.truth()
    made = SMALL.run(tmp_path / "movie")
    assert pl.read_parquet(made.truth).equals(truth)
    text = pl.read_csv(made.truth_csv)
    assert text.columns == truth.columns
    np.testing.assert_allclose(text["x_nm"].to_numpy(), truth["x_nm"].to_numpy(), atol=1e-3)


def test_a_name_that_does_not_suit_the_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"h264 is not kept in a \.tif file"):
        SMALL.run(tmp_path / "movie.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        SMALL.run(tmp_path / "nowhere" / "movie.mp4")


def test_odd_sizes_are_refused_for_420_video_and_fine_without_coding() -> None:
    with pytest.raises(ValidationError, match="width_px: h264 needs an even number"):
        Simulation(width_px=65, height_px=48)
    odd = Simulation(width_px=65, height_px=47, frames=2, codec=NoCodec())
    assert odd.stack().shape == (2, 47, 65)


@pytest.mark.parametrize("sensor_pixels", [1.5, 2.0])
def test_a_sensor_with_other_pixels_sees_the_same_light(sensor_pixels: float) -> None:
    plain = SMALL.changed(
        {"background.haze": "cell", "background.out_of_focus": True, "camera.gain_e_per_adu": 2.0}
    )
    scaled = plain.changed({"isp.scaling.sensor_pixels": sensor_pixels})
    assert scaled.truth().equals(plain.truth())
    light = {
        name: simulation.recorded_camera.to_photoelectrons(simulation.stack()).mean(axis=0)
        for name, simulation in (("plain", plain), ("scaled", scaled))
    }
    # a video pixel is the sum of the sensor's: its gain says so
    assert light["scaled"].mean() == pytest.approx(light["plain"].mean(), rel=0.02)
    inner = np.s_[4:-4, 4:-4]
    assert np.corrcoef(light["plain"][inner].ravel(), light["scaled"][inner].ravel())[0, 1] > 0.95


def test_a_preset_reads_its_own_json_and_makes_the_same_movie_again(tmp_path: Path) -> None:
    simulation = SIMULATION_PRESETS["phone"].changed(width_px=64, height_px=64, frames=40)
    made = simulation.run(tmp_path / "movie")
    assert load_simulation(made.model) == simulation
    again = load_simulation(made.model).run(tmp_path / "again")
    assert again.movie.read_bytes() == made.movie.read_bytes()
    assert made.read_truth().equals(simulation.truth())
    assert made.rows == simulation.truth().height


def test_nothing_is_left_when_the_disk_says_no(tmp_path: Path) -> None:
    (tmp_path / "movie.truth.parquet").mkdir()
    with pytest.raises(OutputError):
        SMALL.run(tmp_path / "movie.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["movie.truth.parquet"]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("a.yaml", "photophysics: {kind: steady, photons: -3}", "photophysics.photons: .*greater"),
        ("a.yaml", "codec: {kind: h264, gop: 0}", "codec.gop: .*greater than or equal to 1"),
        ("a.yaml", "codec: {kind: divx}", "no kind 'divx'; it can be 'h264', 'hevc'"),
        ("a.yaml", "structure: {kind: image, path: a.yaml}", None),
        ("a.json", "{", "not JSON: line 1, column 2"),
        ("a.json", '{"fames": 3}', "fames: there is no such setting; did you mean frames"),
        (
            "a.yaml",
            "photophysics: {kind: steady, given: 3}",
            "photophysics.given: there is no such",
        ),
        ("a.yaml", "preset: phobe", "no preset 'phobe'.\nThere are phone"),
        ("a.yaml", "isp: magic", "isp: there is no preset 'magic'; it can be off, none, phone"),
        ("a.yaml", "3", "expected a mapping"),
        ("a.txt", "", "neither a preset nor"),
    ],
)
def test_an_impossible_file_names_the_field_and_what_is_allowed(
    tmp_path: Path, file: str, text: str, told: str | None
) -> None:
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        load_simulation(path).changed({"structure.path": str(path)} if told is None else {}).truth()


def test_a_file_can_change_a_preset_and_name_parts_as_the_command_line_does(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "preset: phone\ncodec: hevc\ndrift: off\nphotophysics: {photons: 700}\n"
        "isp: {sharpening: off}\ncrf: 30\n"
    )
    assert load_simulation(path) == SIMULATION_PRESETS["phone"].changed(
        {"codec": "hevc", "photons": 700, "isp.sharpening": False, "codec.crf": 30}
    )
    path.write_text("codec: hevc\nisp: aggressive\nphotophysics: alexa-647-mea\n")
    assert load_simulation(path) == Simulation().changed(
        codec="hevc", isp="aggressive", photophysics="alexa-647-mea"
    )
    path.write_text("")
    assert load_simulation(path) == Simulation()


def test_sixteen_bit_cameras_give_sixteen_bit_files(tmp_path: Path) -> None:
    simulation = SIMULATION_PRESETS["emccd"].changed(width_px=32, height_px=32, frames=20)
    frames = frames_of(simulation.run(tmp_path / "em").movie)
    assert frames.dtype == np.uint16
    np.testing.assert_array_equal(frames, simulation.stack())
    electrons = simulation.recorded_camera.to_photoelectrons(frames)
    assert np.median(electrons) == pytest.approx(20.0, abs=3.0)


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def peak(frames: int) -> int:
        simulation = Simulation(width_px=32, height_px=32, frames=frames).changed(codec="ffv1")
        simulation.changed(frames=64).run(tmp_path / "warm")
        tracemalloc.start()
        simulation.run(tmp_path / f"{frames}")
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(4000) < 1.5 * peak(400) + 500_000
