"""The sensor gives back the numbers its camera was described with."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from cellstorm.camera import PRESETS, Camera, PixelMaps, ToneCurve
from cellstorm.errors import CameraError
from cellstorm.simulate._sensing_kernel import poisson_counts
from cellstorm.simulate.sensing import Sensor, SensorDefects

SIZE = 64


def flat(level: float, frames: int = 60, size: int = SIZE) -> np.ndarray:
    return np.full((frames, size, size), level, np.float32)


def sensor(
    camera: Camera, defects: SensorDefects | None = None, size: int = SIZE, seed: int = 0
) -> Sensor:
    return Sensor(camera, defects or SensorDefects(), size, size, np.random.default_rng(seed))


@pytest.mark.parametrize("excess_noise_factor", [1.0, 1.4, 2.0, 3.0])
def test_mean_and_variance_of_flat_series_give_back_the_camera(excess_noise_factor: float) -> None:
    camera = Camera(
        offset_adu=100.0,
        gain_e_per_adu=0.69,
        read_noise_e=6.0,
        excess_noise_factor=excess_noise_factor,
        bit_depth=16,
    )
    machine, random = sensor(camera), np.random.default_rng(1)
    levels = np.array([0.0, 5.0, 12.0, 25.0, 60.0, 150.0])
    series = [machine.record(flat(level, frames=150), random) for level in levels]
    mean = np.array([values.mean() for values in series])
    variance = np.array([values.var() for values in series])
    offset, read_noise = mean[0], np.sqrt(variance[0])
    slope = np.polyfit(mean - offset, variance, 1, w=1 / variance)[0]
    assert offset == pytest.approx(100.0, rel=0.02)
    assert excess_noise_factor / slope == pytest.approx(0.69, rel=0.02)
    assert read_noise * 0.69 == pytest.approx(6.0, rel=0.02)
    np.testing.assert_allclose((mean[1:] - offset) * 0.69, levels[1:], rtol=0.02)


@pytest.mark.parametrize("mean", [0.02, 0.7, 4.0, 9.99, 10.0, 14.5, 60.0, 900.0])
def test_counts_follow_the_poisson_distribution(mean: float) -> None:
    count = 300_000
    drawn = np.empty(count, np.int64)
    poisson_counts(np.full(count, mean), np.uint64(5), drawn)
    low, high = (int(stats.poisson.ppf(p, mean)) for p in (1e-4, 1 - 1e-4))
    inner = np.arange(low + 1, high)
    observed = [(drawn <= low).sum(), *((drawn == k).sum() for k in inner), (drawn >= high).sum()]
    share = np.array(
        [
            stats.poisson.cdf(low, mean),
            *stats.poisson.pmf(inner, mean),
            stats.poisson.sf(high - 1, mean),
        ]
    )
    assert stats.chisquare(observed, share / share.sum() * count).pvalue > 1e-4


def test_read_noise_is_normal_to_its_tails() -> None:
    camera = Camera(read_noise_e=1.0, bit_depth=16, offset_adu=100.0)
    noise = sensor(camera, size=256).record(flat(0.0, 20, 256), np.random.default_rng(3)) - 100.0
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-4
    beyond = int((np.abs(noise) > 3.6).sum())
    expected = noise.size * 2 * stats.norm.sf(3.6)
    assert abs(beyond - expected) < 5 * np.sqrt(expected)


def test_single_electrons_multiplied_are_spread_exponentially() -> None:
    # Basden et al. 2003: one photoelectron into a long multiplication register
    camera = Camera(excess_noise_factor=2.0, bit_depth=16)
    values = sensor(camera).record(flat(0.01, 400), np.random.default_rng(2))
    light = values[values > 0]
    assert light.size == pytest.approx(0.01 * values.size, rel=0.05)
    assert np.median(light) == pytest.approx(np.log(2.0), rel=0.05)


def test_values_are_linear_up_to_the_knee_and_never_pass_the_largest_code() -> None:
    # so many electrons per ADU that shot noise hardly bends the mean
    camera = Camera(offset_adu=4.0, gain_e_per_adu=1000.0, saturation_adu=220.0)
    random = np.random.default_rng(0)
    knee, top = 220.0, 255.0
    for level_adu in (100.0, 215.0, 240.0, 300.0, 3000.0):
        values = sensor(camera).record(flat((level_adu - 4.0) * 1000.0, 5), random)
        bent = knee + (top - knee) * (1 - np.exp(-(level_adu - knee) / (top - knee)))
        assert values.mean() == pytest.approx(bent if level_adu > knee else level_adu, abs=0.05)
        assert values.max() <= top


def test_a_camera_without_a_knee_clips_at_its_largest_code() -> None:
    values = sensor(Camera(bit_depth=10)).record(flat(1e5, 2), np.random.default_rng(0))
    assert (values == 1023.0).all()


def test_the_knee_of_a_bent_camera_lies_where_its_grey_value_says() -> None:
    curve = ToneCurve(grey=(0.0, 100.0, 255.0), linear_adu=(0.0, 50.0, 500.0))
    camera = Camera(tone_curve=curve, saturation_adu=200.0)
    values = sensor(camera).record(flat(1e5, 1), np.random.default_rng(0))
    assert values.max() == pytest.approx(500.0)


def test_per_pixel_maps_are_recorded() -> None:
    ramp = np.linspace(0.5, 2.0, SIZE * SIZE).reshape(SIZE, SIZE)
    maps = PixelMaps(
        offset_adu=100.0 + 20.0 * ramp, gain_e_per_adu=ramp, variance_adu2=4.0 * ramp + 1 / 12
    )
    camera = Camera(maps=maps, bit_depth=16)
    random = np.random.default_rng(4)
    dark = sensor(camera).record(flat(0.0, 1500), random)
    lit = sensor(camera).record(flat(50.0, 1500), random)
    error = 2.0 * np.sqrt(2.0 / 1500)
    np.testing.assert_allclose(dark.mean(axis=0), 100.0 + 20.0 * ramp, atol=5 * error)
    np.testing.assert_allclose(dark.var(axis=0) / (4.0 * ramp), 1.0, atol=0.2)
    np.testing.assert_allclose((lit - dark).mean(axis=0) * ramp, 50.0, rtol=0.03)


def test_a_phones_preset_records_as_its_photon_transfer_says() -> None:
    camera = PRESETS["huawei-p9"]
    values = sensor(camera).record(flat(20.0, 200), np.random.default_rng(12))
    grey = np.clip(np.rint(values), 0, 255)
    assert grey.mean() == pytest.approx(20.0 / 0.69 + 4.1, rel=2e-3)
    variance = (20.0 + 2.5**2) / 0.69**2 + 1 / 12
    assert grey.var() == pytest.approx(variance, rel=0.02)


def test_maps_of_another_size_are_refused() -> None:
    camera = Camera(maps=PixelMaps(offset_adu=np.zeros((8, 8))))
    with pytest.raises(CameraError, match="8 x 8 px but the movie has 64 x 64 px"):
        sensor(camera)


def test_fixed_pattern_stays_and_has_the_asked_spread() -> None:
    camera = Camera(offset_adu=100.0, gain_e_per_adu=0.5, bit_depth=16)
    defects = SensorDefects(fixed_pattern_offset_e=3.0)
    machine, random = sensor(camera, defects), np.random.default_rng(5)
    first, second = (machine.record(flat(0.0, 2), random) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.std() == pytest.approx(3.0 / 0.5, rel=0.05)


def test_response_differs_between_pixels_by_the_asked_share() -> None:
    defects = SensorDefects(response_non_uniformity=0.05)
    mean = (
        sensor(Camera(bit_depth=16), defects)
        .record(flat(1000.0, 400), np.random.default_rng(6))
        .mean(axis=0)
    )
    shot = 1000.0 / 400
    assert np.sqrt(mean.var() - shot) / 1000.0 == pytest.approx(0.05, rel=0.06)


def test_hot_pixels_appear_as_often_and_as_bright_as_asked() -> None:
    defects = SensorDefects(hot_pixels_per_megapixel=5000.0, hot_pixel_e=400.0)
    machine = sensor(Camera(bit_depth=16), defects, size=256)
    mean = machine.record(flat(1.0, 20, 256), np.random.default_rng(7)).mean(axis=0)
    hot = machine.hot_pixels
    expected = 256 * 256 * 5e-3
    assert abs(hot.sum() - expected) < 5 * np.sqrt(expected)
    assert mean[hot].mean() == pytest.approx(400.0, abs=5 * 400.0 / np.sqrt(expected))
    assert mean[~hot].max() < 5.0


def test_row_noise_is_common_to_a_row_and_new_in_every_frame() -> None:
    camera = Camera(offset_adu=100.0, bit_depth=16)
    values = sensor(camera, SensorDefects(row_noise_e=2.0)).record(
        flat(0.0, 100), np.random.default_rng(8)
    )
    assert np.ptp(values, axis=2).max() == 0.0
    assert values[:, :, 0].std() == pytest.approx(2.0, rel=0.05)


def test_the_offset_falls_with_its_time_constant() -> None:
    camera = Camera(offset_adu=10.0, gain_e_per_adu=0.5, bit_depth=16)
    defects = SensorDefects(offset_drift_e=4.0, offset_drift_time_s=20.0)
    machine = Sensor(camera, defects, 4, 4, np.random.default_rng(0), frame_rate_hz=10.0)
    values = machine.record(flat(0.0, 400, 4), np.random.default_rng(0))
    assert values[0].mean() == pytest.approx(10.0 + 8.0)
    assert values[200].mean() == pytest.approx(10.0 + 8.0 / math.e, rel=1e-4)
    later = machine.record(flat(0.0, 1, 4), np.random.default_rng(0), first_frame=200)
    assert later.mean() == pytest.approx(values[200].mean())


def test_blocks_give_the_frames_of_one_go_and_a_seed_gives_the_same_again() -> None:
    light = np.random.default_rng(0).gamma(2.0, 10.0, (12, 16, 16)).astype(np.float32)
    camera = Camera(read_noise_e=2.0, excess_noise_factor=2.0, bit_depth=16)
    defects = SensorDefects(hot_pixels_per_megapixel=1e5, row_noise_e=1.0, offset_drift_e=3.0)

    def run(*cuts: int) -> np.ndarray:
        machine, random = sensor(camera, defects, 16, seed=9), np.random.default_rng(10)
        edges = [0, *cuts, 12]
        return np.concatenate(
            [machine.record(light[a:b], random, first_frame=a) for a, b in pairwise(edges)]
        )

    whole = run()
    np.testing.assert_array_equal(whole, run())
    np.testing.assert_array_equal(whole, run(1, 7))
    other = sensor(camera, defects, 16, seed=9).record(light, np.random.default_rng(11))
    assert (whole != other).any()


def test_turning_a_defect_on_leaves_the_others_where_they_were() -> None:
    few = sensor(Camera(), SensorDefects(hot_pixels_per_megapixel=1e4))
    many = sensor(Camera(), SensorDefects(hot_pixels_per_megapixel=1e4, fixed_pattern_offset_e=2.0))
    np.testing.assert_array_equal(few.hot_pixels, many.hot_pixels)
