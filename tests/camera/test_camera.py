"""Grey values become photoelectrons with the right noise, and a camera survives its file."""

from pathlib import Path

import numpy as np
import pytest

from cellstorm.camera import PRESETS, Camera, PixelMaps, ToneCurve, load_camera
from cellstorm.errors import CameraError, ConfigurationError


def test_photoelectrons_are_gain_times_what_lies_over_the_offset() -> None:
    frames = np.array([[[0, 4, 104]]], dtype=np.uint8)
    light = Camera(offset_adu=4.0, gain_e_per_adu=0.5).to_photoelectrons(frames)
    assert light.dtype == np.float32
    np.testing.assert_allclose(light, [[[-2.0, 0.0, 50.0]]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_every_dtype_gives_the_same_light(dtype: type) -> None:
    frames = np.arange(240).reshape(1, 16, 15)
    camera = PRESETS["huawei-p9"]
    np.testing.assert_allclose(
        camera.to_photoelectrons(frames.astype(dtype)), (frames - 4.1) * 0.69, atol=1e-4
    )


@pytest.mark.parametrize("bits", [8, 10])
def test_limited_range_black_and_white_are_undone(bits: int) -> None:
    scale = 2 ** (bits - 8)
    camera = Camera(value_range="limited", bit_depth=bits)
    luma = np.array([[16 * scale, 235 * scale]], dtype=np.uint16)
    np.testing.assert_allclose(camera.to_photoelectrons(luma), [[0.0, 255.0 * scale]], atol=1e-3)


def test_limited_and_full_recordings_of_one_scene_agree_in_light_and_saturation() -> None:
    full = PRESETS["huawei-p9"]
    limited = full.model_copy(update={"value_range": "limited"})
    light = np.linspace(0, 160, 12).reshape(3, 4)
    for camera in (full, limited):
        np.testing.assert_allclose(camera.to_photoelectrons(camera.to_adu(light)), light, atol=1e-3)
    assert limited.saturation_grey == pytest.approx(16 + 220 * 219 / 255)
    assert limited.saturated(np.array([204, 206])).tolist() == [False, True]


def test_a_bent_tone_curve_is_made_straight_even_below_black() -> None:
    curve = ToneCurve(grey=(0, 100, 255), linear_adu=(0, 25, 255))
    camera = Camera(tone_curve=curve, offset_adu=5.0, gain_e_per_adu=2.0)
    frames = np.array([[0, 50, 100, 255]], dtype=np.uint8)
    np.testing.assert_allclose(camera.to_photoelectrons(frames), [[-10.0, 15.0, 40.0, 500.0]])
    assert camera.to_photoelectrons(np.array([[-4.0]]))[0, 0] == pytest.approx(-12.0)
    light = np.array([[-10.0, 7.0, 40.0, 333.0]])
    np.testing.assert_allclose(camera.to_photoelectrons(camera.to_adu(light)), light, atol=1e-3)


def test_a_tone_curve_that_falls_is_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        ToneCurve(grey=(0, 10, 20), linear_adu=(0, 30, 20))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_predicted_variance_is_that_of_simulated_pixels(name: str) -> None:
    camera = PRESETS[name]
    rng = np.random.default_rng(3)
    expected = np.array([5.0, 40.0])
    detected = rng.poisson(expected, (200_000, 2)).astype(float)
    if camera.excess_noise_factor == 2.0:
        # the multiplication register draws an exponential for every electron
        detected = rng.gamma(np.maximum(detected, 1e-9))
    recorded = np.rint(camera.to_adu(detected + rng.normal(0, camera.read_noise_e, (200_000, 2))))
    light = camera.to_photoelectrons(recorded)
    np.testing.assert_allclose(light.mean(axis=0), expected, rtol=0.02)
    np.testing.assert_allclose(light.var(axis=0), camera.variance(expected), rtol=0.02)


def test_the_variance_of_nothing_is_the_read_variance() -> None:
    camera = PRESETS["scmos"]
    dark = camera.read_variance_e2((2, 3))
    assert dark.shape == (2, 3)
    np.testing.assert_allclose(camera.variance(np.full((2, 3), -7.0)), dark)


def test_maps_correct_every_pixel_of_a_region() -> None:
    rng = np.random.default_rng(0)
    maps = PixelMaps(
        offset_adu=rng.uniform(95, 105, (20, 30)),
        gain_e_per_adu=rng.uniform(0.4, 0.6, (20, 30)),
        variance_adu2=rng.uniform(2, 50, (20, 30)),
    )
    camera = Camera(bit_depth=16, maps=maps)
    light = np.full((20, 30), 100.0)
    frames = camera.to_adu(light)[np.newaxis]
    region = (3, 17, 5, 19)
    cut = camera.to_photoelectrons(frames[:, 5:19, 3:17], region)
    np.testing.assert_allclose(cut, 100.0, atol=1e-2)
    gain, variance = maps.gain_e_per_adu, maps.variance_adu2
    assert gain is not None
    assert variance is not None
    np.testing.assert_allclose(
        camera.variance(cut, region)[0],
        100.0 + (variance * gain**2)[5:19, 3:17],
        rtol=1e-3,
    )
    np.testing.assert_allclose(
        camera.read_variance_e2((14, 14), region), (variance * gain**2)[5:19, 3:17], rtol=1e-5
    )


def test_maps_of_another_shape_are_refused_in_one_sentence() -> None:
    camera = Camera(name="mine", maps=PixelMaps(offset_adu=np.zeros((4, 6))))
    with pytest.raises(CameraError, match="6 x 4 px but the frames have 8 x 8 px"):
        camera.to_photoelectrons(np.zeros((1, 8, 8), dtype=np.uint8))
    with pytest.raises(CameraError, match="6 x 4 px but the movie has 10 x 9 px"):
        camera.check_shape(9, 10, where="film.tif")


def test_yaml_brings_a_camera_back_whole() -> None:
    camera = Camera(
        name="bench",
        offset_adu=12.5,
        tone_curve=ToneCurve(grey=(0, 9), linear_adu=(0, 12)),
        maps=PixelMaps(variance_adu2=np.arange(12.0).reshape(3, 4)),
        notes="measured",
    )
    assert Camera.from_yaml(camera.to_yaml()) == camera


def test_a_saved_camera_keeps_its_maps_beside_it(tmp_path: Path) -> None:
    camera = Camera(name="bench", maps=PixelMaps(gain_e_per_adu=np.full((3, 4), 0.5)))
    camera.save(tmp_path / "bench.yaml")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["bench.npz", "bench.yaml"]
    assert load_camera(tmp_path / "bench.yaml") == camera


def test_maps_may_be_npy_files_beside_the_yaml(tmp_path: Path) -> None:
    np.save(tmp_path / "dark.npy", np.full((3, 4), 99.0))
    (tmp_path / "mine.yaml").write_text("name: mine\nmaps: {offset_adu: dark.npy}\n")
    maps = load_camera(tmp_path / "mine.yaml").maps
    assert maps is not None
    assert maps.shape == (3, 4)


def test_presets_are_found_by_name() -> None:
    assert load_camera("huawei-p9").gain_e_per_adu == 0.69
    assert set(PRESETS) == {"huawei-p9", "ixon-897", "scmos", "generic-phone"}


def test_an_unknown_camera_names_the_known_ones() -> None:
    with pytest.raises(CameraError, match="'nokia'; known cameras are huawei-p9, ixon-897"):
        load_camera("nokia")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gain_e_per_adu: -1", "gain_e_per_adu: input should be greater than 0"),
        ("gian: 1", "gian: extra inputs are not permitted"),
        ("- 1", "expected a YAML mapping"),
        ("a: 1\nb: [", "not YAML: line 2, column 5: "),
        ("maps: lost.npz", "cannot read the camera's maps"),
        ("maps: {offset_adu: lost.npy}", "cannot read the map"),
        ("saturation_adu: 3\ndark_clip_adu: 5", "saturation_adu must lie over dark_clip_adu"),
    ],
)
def test_a_wrong_camera_file_is_refused_in_one_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    with pytest.raises((CameraError, ConfigurationError), match=message) as caught:
        load_camera(path)
    assert caught.value.where is not None
