"""Every stage of the image processor does what its name says, alone and in blocks."""

from io import BytesIO

import numpy as np
import pytest
from pydantic import ValidationError

from cellstorm.camera import PRESETS as CAMERAS
from cellstorm.camera import Camera, PixelMaps, ToneCurve
from cellstorm.errors import ConfigurationError
from cellstorm.simulate.codec import H264Codec, decode_blocks
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.isp import (
    PRESETS,
    DarkClip,
    GammaTone,
    HotPixelRemoval,
    Isp,
    LensShading,
    MeasuredTone,
    Scaling,
    Sharpening,
    SpatialDenoising,
    SrgbTone,
    TemporalDenoising,
    to_grey,
)
from cellstorm.simulate.sensing import Sensor, SensorDefects

CAMERA = Camera(offset_adu=10.0, gain_e_per_adu=0.7, read_noise_e=2.0)


def view(size: int = 64) -> FieldOfView:
    return FieldOfView(size, size, 100.0, 100, 30.0)


def expose(
    light: np.ndarray, camera: Camera = CAMERA, defects: SensorDefects | None = None
) -> np.ndarray:
    height, width = light.shape[1], light.shape[2]
    random = np.random.default_rng(0)
    machine = Sensor(camera, defects or SensorDefects(), height, width, random)
    return machine.record(light.astype(np.float32), np.random.default_rng(1))


def process(isp: Isp, adu: np.ndarray, camera: Camera = CAMERA, size: int = 64) -> np.ndarray:
    return isp.start(camera, view(size)).process(adu)


def spot(photons: float, size: int = 64, sigma_px: float = 1.3) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    gauss = np.exp(-(x**2 + y**2) / (2 * sigma_px**2)) / (2 * np.pi * sigma_px**2)
    return np.asarray(20.0 + photons * gauss)[None]


def test_without_stages_values_pass_as_they_are() -> None:
    adu = expose(np.full((3, 64, 64), 20.0))
    np.testing.assert_array_equal(process(Isp(), adu), adu)


def test_hot_pixels_are_removed_and_molecules_are_not() -> None:
    defects = SensorDefects(hot_pixels_per_megapixel=3000.0, hot_pixel_e=300.0)
    isp = Isp(hot_pixels=HotPixelRemoval(threshold_sigma=5.0))
    clean = np.full((20, 64, 64), 20.0)
    with_hot, without = expose(clean, defects=defects), expose(clean)
    assert with_hot.mean(axis=0).max() > without.mean(axis=0).max() + 100.0
    removed = process(isp, with_hot)
    assert removed.mean(axis=0).max() < without.mean(axis=0).max() + 15.0
    # a molecule of the width of a PSF sticks out of its neighbours by less than that
    molecule = expose(np.repeat(spot(1000.0), 20, axis=0))
    assert (process(isp, molecule) != molecule).mean() < 1e-4


def test_lens_shading_darkens_corners_and_lights_them_up_again_with_their_noise() -> None:
    stage = LensShading(corner_light=0.4, strength=1.0)
    isp = Isp(lens_shading=stage)
    passed = isp.light(64, 64)
    assert passed is not None
    assert passed[32, 32] == pytest.approx(1.0, abs=2e-3)
    assert passed[0, 0] == pytest.approx(0.4, abs=0.02)
    adu = expose(np.repeat(100.0 * passed[None], 300, axis=0))
    lit = process(isp, adu)
    corner, middle = lit[:, :6, :6], lit[:, 29:35, 29:35]
    assert corner.mean() == pytest.approx(middle.mean(), rel=0.01)
    assert corner.std() > 1.3 * middle.std()
    half = process(Isp(lens_shading=LensShading(corner_light=0.4, strength=0.5)), adu)
    level = (half[:, 0, 0].mean() - 10.0) / (half[:, 32, 32].mean() - 10.0)
    assert level == pytest.approx(np.sqrt(0.4), rel=0.05)


def test_lens_shading_leaves_no_light_alone() -> None:
    dark = np.full((1, 64, 64), 10.0, np.float32)
    np.testing.assert_allclose(process(Isp(lens_shading=LensShading()), dark), 10.0, rtol=1e-6)


def test_spatial_denoising_takes_noise_and_spares_an_edge() -> None:
    light = np.full((20, 64, 64), 10.0)
    light[:, :, 32:] = 120.0
    adu = expose(light)
    smooth = process(Isp(spatial_denoising=SpatialDenoising(sigma_px=1.0, strength_sigma=2.0)), adu)
    for side in (np.s_[:, 8:56, 8:24], np.s_[:, 8:56, 40:56]):
        assert smooth[side].std() < 0.6 * adu[side].std()
        assert smooth[side].mean() == pytest.approx(adu[side].mean(), rel=0.03)
    step = smooth[:, :, 32].mean() - smooth[:, :, 31].mean()
    assert step > 0.9 * (110.0 / 0.7)


def test_temporal_denoising_averages_what_rests_and_follows_what_jumps() -> None:
    light = np.full((80, 64, 64), 15.0)
    light[60:] = 100.0
    adu = expose(light)
    stage = TemporalDenoising(least_share=0.3, gate_sigma=4.0)
    followed = process(Isp(temporal_denoising=stage), adu)
    # a recursive average leaves a / (2 - a) of the variance
    left = followed[20:60].var() / adu[20:60].var()
    assert left == pytest.approx(0.3 / 1.7, rel=0.25)
    assert followed[60].mean() == pytest.approx(adu[60].mean(), rel=0.01)


def test_a_faint_molecule_lingers_after_temporal_denoising() -> None:
    camera = Camera(offset_adu=10.0, bit_depth=16)
    adu = np.repeat(spot(0.0), 6, axis=0)
    adu[2] = spot(40.0)[0]
    stage = TemporalDenoising(least_share=0.3, gate_sigma=3.0)
    followed = process(Isp(temporal_denoising=stage), adu.astype(np.float32), camera)
    peak = followed[:, 32, 32] - followed[0, 32, 32]
    assert 0 < peak[2] < 0.6 * (adu[2, 32, 32] - adu[0, 32, 32])
    assert peak[2] > peak[3] > peak[4] > 0


@pytest.mark.parametrize("tone", [GammaTone(gamma=2.2), SrgbTone(), GammaTone(black_adu=10.0)])
def test_tone_curves_lift_shadows_and_keep_both_ends(tone: GammaTone | SrgbTone) -> None:
    values = np.array([[[tone.black_adu, 40.0, 128.0, 255.0]]], np.float32)
    bent = process(Isp(tone=tone), values)[0, 0]
    assert bent[0] == pytest.approx(0.0, abs=1e-4)
    assert bent[3] == pytest.approx(255.0)
    assert bent[1] > 1.5 * 40.0
    assert np.all(np.diff(bent) > 0)


def test_srgb_is_the_standard_curve() -> None:
    value = np.full((1, 1, 1), 0.5 * 255, np.float32)
    expected = 255 * (1.055 * 0.5 ** (1 / 2.4) - 0.055)
    assert process(Isp(tone=SrgbTone()), value).item() == pytest.approx(expected, rel=1e-4)


def test_the_cameras_own_tone_curve_is_applied_and_two_are_refused() -> None:
    curve = ToneCurve(grey=(0.0, 100.0, 255.0), linear_adu=(0.0, 50.0, 255.0))
    camera = CAMERA.model_copy(update={"tone_curve": curve})
    values = np.full((1, 2, 2), 50.0, np.float32)
    np.testing.assert_allclose(process(Isp(), values, camera), 100.0)
    np.testing.assert_allclose(process(Isp(tone=MeasuredTone(pairs=curve)), values), 100.0)
    with pytest.raises(ValueError, match=r"isp\.tone and camera\.tone_curve"):
        Isp(tone=SrgbTone()).check(camera)


def test_sharpening_makes_molecules_taller_with_a_dark_ring_and_keeps_the_mean() -> None:
    adu = spot(2000.0).astype(np.float32)
    sharp = process(Isp(sharpening=Sharpening(amount=1.0, sigma_px=1.5)), adu)
    assert sharp.max() > 1.3 * adu.max()
    assert sharp.min() < 20.0 - 5.0
    assert sharp.mean() == pytest.approx(adu.mean(), rel=1e-4)


def test_coring_spares_noise_from_sharpening() -> None:
    adu = expose(np.full((10, 64, 64), 20.0))
    plain = process(Isp(sharpening=Sharpening(amount=1.0)), adu)
    cored = process(Isp(sharpening=Sharpening(amount=1.0, coring_adu=20.0)), adu)
    assert plain.std() > 1.4 * adu.std()
    assert cored.std() < 1.02 * adu.std()


@pytest.mark.parametrize("method", ["area", "bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [2.0, 1.5, 0.5])
def test_scaling_gives_the_videos_size_and_keeps_light_and_place(
    method: str, factor: float
) -> None:
    isp = Isp(scaling=Scaling.model_validate({"sensor_pixels": factor, "method": method}))
    shape = isp.sensor_shape(64, 64)
    assert shape == (round(64 * factor), round(64 * factor))
    y, x = (np.mgrid[: shape[0], : shape[1]] + 0.5) / factor
    gauss = 100.0 * np.exp(-((x - 30.0) ** 2 + (y - 35.5) ** 2) / (2 * 3.0**2))
    small = process(isp, gauss[None].astype(np.float32))[0]
    assert small.shape == (64, 64)
    assert small.sum() == pytest.approx(gauss.sum() / factor**2, rel=1e-3)
    rows, columns = np.mgrid[:64, :64] + 0.5
    assert (small * columns).sum() / small.sum() == pytest.approx(30.0, abs=0.01)
    assert (small * rows).sum() / small.sum() == pytest.approx(35.5, abs=0.01)


def test_area_scaling_by_two_is_binning() -> None:
    adu = np.random.default_rng(0).normal(50.0, 5.0, (2, 128, 128)).astype(np.float32)
    binned = adu.reshape(2, 64, 2, 64, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(process(Isp(scaling=Scaling()), adu), binned, rtol=1e-5)


def test_dark_values_are_clipped_or_taken_away() -> None:
    values = np.array([[[-3.0, 0.0, 9.9, 10.0, 10.1, 100.0, 255.0]]], np.float32)
    clipped = process(Isp(dark_clip=DarkClip(threshold_adu=10.0)), values)[0, 0]
    np.testing.assert_allclose(clipped, [0, 0, 0, 0, 10.1, 100.0, 255.0], rtol=1e-6)
    crushed = process(Isp(dark_clip=DarkClip(threshold_adu=10.0, mode="subtract")), values)[0, 0]
    stretch = 255 / 245
    np.testing.assert_allclose(crushed, [0, 0, 0, 0, 0.1 * stretch, 90 * stretch, 255.0], rtol=1e-4)


def test_the_cameras_dark_clip_is_the_last_thing() -> None:
    camera = CAMERA.model_copy(update={"dark_clip_adu": 12.0})
    values = np.array([[[-2.0, 12.0, 12.5, 40.0]]], np.float32)
    np.testing.assert_allclose(process(Isp(), values, camera)[0, 0], [0.0, 0.0, 12.5, 40.0])


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_blocks_give_the_frames_of_one_go(name: str) -> None:
    adu = expose(np.random.default_rng(2).gamma(4.0, 8.0, (20, 64, 64)))
    camera = CAMERAS["huawei-p9"]
    whole = PRESETS[name].start(camera, view()).process(adu)
    run = PRESETS[name].start(camera, view())
    parts = [run.process(adu[a:b]) for a, b in ((0, 1), (1, 1), (1, 8), (8, 20))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize(
    "isp",
    [
        Isp(),
        Isp(tone=GammaTone(gamma=1.8)),
        Isp(dark_clip=DarkClip(threshold_adu=5.0, mode="subtract")),
        Isp(tone=SrgbTone(), dark_clip=DarkClip(threshold_adu=30.0, mode="subtract")),
        Isp(lens_shading=LensShading()),
        Isp(scaling=Scaling(sensor_pixels=2.0)),
        Isp(
            scaling=Scaling(sensor_pixels=0.5, method="bilinear"),
            tone=GammaTone(gamma=1.4, toe=0.1),
        ),
    ],
)
def test_the_recorded_camera_gives_back_the_light(isp: Isp) -> None:
    camera = CAMERA.model_copy(update={"saturation_adu": 250.0})
    height, width = isp.sensor_shape(64, 64)
    light = np.full((100, height, width), 30.0 * (64 / height) ** 2)
    passed = isp.light(height, width)
    grey = process(isp, expose(light if passed is None else light * passed, camera), camera)
    recorded = isp.recorded_camera(camera)
    assert recorded.to_photoelectrons(grey).mean() == pytest.approx(30.0, rel=0.01)


def test_the_recorded_camera_knows_the_noise_of_binned_pixels() -> None:
    isp = Isp(scaling=Scaling(sensor_pixels=2.0))
    adu = expose(np.full((60, 128, 128), 5.0))
    recorded = isp.recorded_camera(CAMERA)
    light = recorded.to_photoelectrons(process(isp, adu))
    rounding = recorded.gain_e_per_adu**2 / 12
    expected = float(recorded.variance(np.array([20.0]))[0]) - rounding
    assert light.var() == pytest.approx(expected, rel=0.03)


def test_the_recorded_camera_names_clip_and_saturation_as_they_end_up() -> None:
    camera = CAMERA.model_copy(update={"saturation_adu": 220.0})
    clipped = Isp(dark_clip=DarkClip(threshold_adu=12.0)).recorded_camera(camera)
    assert clipped.dark_clip_adu == 12.0
    crushed = Isp(dark_clip=DarkClip(threshold_adu=5.0, mode="subtract")).recorded_camera(camera)
    assert crushed.dark_clip_adu == 0.0
    assert crushed.saturation_adu == pytest.approx(215.0 * 255 / 250)
    bent = Isp(tone=SrgbTone()).recorded_camera(camera)
    assert bent.saturation_adu == pytest.approx(
        255 * (1.055 * (220 / 255) ** (1 / 2.4) - 0.055), rel=1e-3
    )


def test_what_cannot_be_followed_is_refused_by_name() -> None:
    maps = PixelMaps(offset_adu=np.zeros((8, 8)))
    with pytest.raises(ValueError, match=r"camera\.maps .* isp\.scaling"):
        Isp(scaling=Scaling()).check(CAMERA.model_copy(update={"maps": maps}))
    with pytest.raises(ValueError, match=r"isp\.dark_clip\.threshold_adu .* 255"):
        Isp(dark_clip=DarkClip(threshold_adu=255.0)).check(CAMERA)
    with pytest.raises(ValidationError, match="sensor_pixels"):
        Scaling(sensor_pixels=0.0)
    with pytest.raises(ValidationError, match="least_share"):
        TemporalDenoising(least_share=float("nan"))


def test_a_processor_survives_yaml() -> None:
    for isp in PRESETS.values():
        assert Isp.from_yaml(isp.to_yaml()) == isp


def test_grey_values_are_rounded_and_kept_within_the_bits() -> None:
    values = np.array([-5.0, 0.4, 0.6, 254.6, 300.0], np.float32)
    grey = to_grey(values, 8)
    assert grey.dtype == np.uint8
    assert grey.tolist() == [0, 0, 1, 255, 255]
    assert to_grey(values * 100, 12).dtype == np.uint16
    assert to_grey(values * 100, 12).max() == 4095
    with pytest.raises(ConfigurationError, match="16 bits"):
        to_grey(values, 17)


@pytest.mark.slow
def test_key_frames_of_a_dark_series_dip_only_where_black_was_clipped() -> None:
    """Diederich et al. 2019, fig. 8, made by the coder alone."""
    frames, gop = 341, 31
    camera, dip = CAMERAS["huawei-p9"], {}
    field = FieldOfView(128, 128, 100.0, frames, 29.0)
    adu = expose(np.zeros((frames, 128, 128)), camera)
    clipped = Isp(dark_clip=DarkClip(threshold_adu=6.0)).start(camera, field).process(adu)
    for lift in (0, 40):
        grey = to_grey(clipped + np.float32(lift), 8)
        coded = H264Codec(crf=17, gop=gop).encode_to_memory([grey], field)
        mean = np.concatenate(
            [block.frames.mean(axis=(1, 2)) for block in decode_blocks(BytesIO(coded))]
        )
        groups = mean[2 * gop :].reshape(-1, gop)
        dip[lift] = (groups[:, 0] - groups[:, 1:].mean(axis=1)).mean()
    assert dip[0] < -0.04
    assert abs(dip[40]) < 0.5 * abs(dip[0])
