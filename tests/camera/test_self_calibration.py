"""The camera estimated from a movie: near the truth where it shows, never absurd."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.camera import Camera, estimate_camera
from cellstorm.movie import ArrayMovie, open_movie


def blinking_light(*, background_e: float, unevenness: float, seed: int = 0) -> NDArray[np.float64]:
    """Expected photoelectrons of 160 frames with some blinking molecules."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96] + 0.5
    light = np.repeat((background_e * (1 + unevenness * (x / 96 - 0.5)))[np.newaxis], 160, axis=0)
    for _ in range(500):
        px, py, first = rng.uniform(0, 96), rng.uniform(0, 96), rng.integers(0, 158)
        spot = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 1.3**2)) / (2 * np.pi * 1.3**2)
        light[first : first + rng.integers(1, 6)] += 600 * spot
    return light


def recorded(light: NDArray[np.float64], camera: Camera, dtype: type) -> NDArray[np.generic]:
    rng = np.random.default_rng(7)
    detected = rng.poisson(light) + rng.normal(0, camera.read_noise_e, light.shape)
    limit = np.iinfo(dtype).max
    return np.clip(np.rint(camera.to_adu(detected)), 0, limit).astype(dtype)


def encoded(frames: NDArray[np.generic], path: Path, crf: int, color_range: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "g": "31", "bf": "0"}
        stream.codec_context.color_range = color_range
        # x264 writes the limited-range flag only beside a colour description
        stream.codec_context.color_primaries = 1
        for frame in frames:
            planes = np.full((frame.shape[0] * 3 // 2, frame.shape[1]), 128, dtype=np.uint8)
            planes[: frame.shape[0]] = frame
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.color_range = color_range
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


PHONE = Camera(offset_adu=4.1, gain_e_per_adu=0.69, read_noise_e=2.5)
SCMOS = Camera(offset_adu=100, gain_e_per_adu=0.46, read_noise_e=1.6, bit_depth=16)


@pytest.mark.parametrize(
    ("camera", "dtype"), [(PHONE, np.uint8), (SCMOS, np.uint16)], ids=["phone", "scmos"]
)
def test_gain_and_offset_of_an_uncoded_movie_are_found(camera: Camera, dtype: type) -> None:
    frames = recorded(blinking_light(background_e=15, unevenness=1.2), camera, dtype)
    found = estimate_camera(ArrayMovie(frames))
    assert found.estimated
    assert found.gain_e_per_adu == pytest.approx(camera.gain_e_per_adu, rel=0.1)
    assert found.offset_adu == pytest.approx(camera.offset_adu, abs=4.0)
    # what matters to a fit: the variance of the background pixels
    level = np.array([15.0])
    seen = found.to_photoelectrons(camera.to_adu(level))
    in_units_of_truth = found.variance(seen) * (camera.gain_e_per_adu / found.gain_e_per_adu) ** 2
    np.testing.assert_allclose(in_units_of_truth, camera.variance(level), rtol=0.1)


@pytest.mark.parametrize("camera", [PHONE, SCMOS], ids=["phone", "scmos"])
def test_an_even_background_still_gives_a_gain_within_a_quarter(camera: Camera) -> None:
    dtype = np.uint8 if camera is PHONE else np.uint16
    frames = recorded(blinking_light(background_e=15, unevenness=0.0), camera, dtype)
    found = estimate_camera(ArrayMovie(frames))
    assert found.gain_e_per_adu == pytest.approx(camera.gain_e_per_adu, rel=0.25)


@pytest.mark.parametrize("crf", [18, 23, 28])
def test_a_compressed_movie_gives_a_plausible_gain(tmp_path: Path, crf: int) -> None:
    frames = recorded(blinking_light(background_e=15, unevenness=1.2), PHONE, np.uint8)
    with open_movie(encoded(frames, tmp_path / "film.mp4", crf, color_range=2)) as movie:
        found = estimate_camera(movie)
    assert found.value_range == "full"
    assert 0.69 / 1.6 < found.gain_e_per_adu < 0.69 * 1.6
    assert -5 < found.offset_adu < 15


def test_limited_range_is_undone_where_the_file_says_so(tmp_path: Path) -> None:
    coder = PHONE.model_copy(update={"value_range": "limited"})
    frames = recorded(blinking_light(background_e=15, unevenness=1.2), coder, np.uint8)
    with open_movie(encoded(frames, tmp_path / "film.mp4", 12, color_range=1)) as movie:
        found = estimate_camera(movie)
    assert found.value_range == "limited"
    assert found.gain_e_per_adu == pytest.approx(0.69, rel=0.2)
    assert found.offset_adu == pytest.approx(4.1, abs=4.0)


def test_a_limited_flag_on_values_that_go_down_to_zero_is_not_believed(tmp_path: Path) -> None:
    frames = recorded(blinking_light(background_e=15, unevenness=1.2), PHONE, np.uint8)
    with open_movie(encoded(frames, tmp_path / "film.mp4", 12, color_range=1)) as movie:
        assert movie.codec is not None
        assert movie.codec.color_range == "limited"
        found = estimate_camera(movie)
    assert found.value_range == "full"
    assert found.gain_e_per_adu == pytest.approx(0.69, rel=0.2)


def test_without_noise_left_limited_and_full_range_give_the_same_light(tmp_path: Path) -> None:
    light = blinking_light(background_e=15, unevenness=1.2)
    seen = []
    for color_range, name in ((1, "limited"), (2, "full")):
        camera = PHONE.model_copy(update={"value_range": name})
        path = tmp_path / f"{name}.mp4"
        frames = recorded(light, camera, np.uint8)
        with open_movie(encoded(frames, path, 38, color_range=color_range)) as movie:
            found = estimate_camera(movie)
            seen.append(found.to_photoelectrons(movie.read(0, 30)).mean())
        assert "assumed" in found.notes
        assert found.value_range == name
    assert seen[0] == pytest.approx(seen[1], rel=0.05)
    assert seen[0] == pytest.approx(light[:30].mean(), rel=0.15)


def test_clipped_darks_and_a_full_well_are_noticed() -> None:
    light = blinking_light(background_e=4, unevenness=1.0)
    light[:, 40:60, 40:60] = 500
    found = estimate_camera(ArrayMovie(recorded(light, PHONE, np.uint8)))
    assert found.dark_clip_adu == 0
    assert found.saturation_adu == 255
    assert 0.3 < found.gain_e_per_adu < 1.4


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((12, 16, 16), dtype=np.uint8),
        np.full((12, 16, 16), 255, dtype=np.uint8),
        np.full((12, 16, 16), 1000, dtype=np.uint16),
        np.zeros((12, 16, 16), dtype=np.float32),
        np.full((1, 16, 16), 7, dtype=np.uint8),
        np.random.default_rng(0).poisson(30, (1, 16, 16)).astype(np.uint16),
        np.random.default_rng(0).poisson(30, (2, 3, 3)).astype(np.uint8),
        np.random.default_rng(0).integers(0, 2, (30, 16, 16)).astype(np.uint8) * 255,
    ],
    ids=["black", "white", "constant", "float zeros", "one even", "one frame", "tiny", "two"],
)
def test_a_movie_without_information_gives_a_usable_camera_that_says_so(
    frames: NDArray[np.generic],
) -> None:
    found = estimate_camera(ArrayMovie(frames))
    light = found.to_photoelectrons(frames)
    assert np.isfinite(light).all()
    assert (found.variance(light) > 0).all()
    assert 0.001 < found.gain_e_per_adu < 100
    assert "assumed" in found.notes


def test_the_estimate_is_the_same_every_time() -> None:
    movie = ArrayMovie(recorded(blinking_light(background_e=8, unevenness=0.5), PHONE, np.uint8))
    assert estimate_camera(movie) == estimate_camera(movie)
