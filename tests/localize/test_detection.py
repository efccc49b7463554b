"""Filters, thresholds and detectors do what ThunderSTORM's users expect of them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from cellstorm.errors import ConfigurationError
from cellstorm.localize.gaussian import (
    BoxFilter,
    CentroidDetector,
    DifferenceOfBoxes,
    DifferenceOfGaussians,
    GaussianFilter,
    LocalMaximumDetector,
    LoweredGaussianFilter,
    MedianFilter,
    NoFilter,
    NonMaximumSuppression,
    ThresholdFormula,
    WaveletFilter,
)
from cellstorm.localize.gaussian.threshold import noise_scale
from cellstorm.simulate import isolated_spots

Frames = NDArray[np.float32]


@pytest.fixture
def noise() -> Frames:
    return np.random.default_rng(0).normal(50, 4, (6, 40, 44)).astype(np.float32)


def test_wavelet_order_3_scale_2_is_the_kernel_of_izeddin() -> None:
    np.testing.assert_allclose(WaveletFilter().kernel(), np.array([1, 4, 6, 4, 1]) / 16)


@pytest.mark.parametrize(
    "band_pass",
    [
        WaveletFilter(),
        DifferenceOfGaussians(),
        LoweredGaussianFilter(),
        DifferenceOfBoxes(),
    ],
)
def test_band_passes_are_blind_to_a_constant(band_pass: Any) -> None:
    flat = np.full((2, 30, 30), 77.0, np.float32)
    assert np.abs(band_pass(flat).image).max() < 1e-3


@pytest.mark.parametrize("smooth", [GaussianFilter(), BoxFilter(), MedianFilter(), NoFilter()])
def test_smoothing_keeps_a_constant(smooth: Any) -> None:
    flat = np.full((2, 30, 30), 77.0, np.float32)
    np.testing.assert_allclose(smooth(flat).image, 77.0, rtol=1e-5)


def test_gaussian_filter_agrees_with_scipy(noise: Frames) -> None:
    slow = gaussian_filter(noise, (0, 1.6, 1.6), mode="nearest", truncate=3.5)
    np.testing.assert_allclose(GaussianFilter(sigma_px=1.6)(noise).image, slow, rtol=1e-3)


def test_cross_median_leaves_out_the_corners() -> None:
    frame = np.zeros((1, 5, 5), np.float32)
    frame[0, 1, 1] = frame[0, 1, 3] = frame[0, 3, 1] = frame[0, 3, 3] = frame[0, 2, 2] = 9
    assert MedianFilter(pattern="cross")(frame).image[0, 2, 2] == 0
    assert MedianFilter(pattern="box")(frame).image[0, 2, 2] == 9


def test_filters_of_even_size_or_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="odd"):
        BoxFilter(size_px=4)
    with pytest.raises(ValidationError, match="larger"):
        DifferenceOfGaussians(narrow_sigma_px=2.0, wide_sigma_px=1.0)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("2*std(Wave.F1)", lambda f, w: 2 * w.std(axis=(1, 2))),
        ("std(Wave.F1)", lambda f, w: w.std(axis=(1, 2))),
        ("mean(I1) + 3*std(I1)", lambda f, w: f.mean(axis=(1, 2)) + 3 * f.std(axis=(1, 2))),
        ("max(I1)/2 - 1.5^2", lambda f, w: f.max(axis=(1, 2)) / 2 - 2.25),
        ("median(abs(Wave.F1))", lambda f, w: np.median(np.abs(w), axis=(1, 2))),
        ("12.5", lambda f, w: np.full(f.shape[0], 12.5)),
    ],
)
def test_formulas_in_thunderstorms_spelling(formula: str, expected: Any, noise: Frames) -> None:
    filtered = WaveletFilter()(noise)
    wave = filtered.variables["Wave.F1"]
    np.testing.assert_allclose(
        ThresholdFormula(formula)(filtered), expected(noise, wave), rtol=1e-4
    )


def test_a_formula_can_name_a_filter_that_was_not_chosen(noise: Frames) -> None:
    chosen = ThresholdFormula("std(Wave.F1)")(GaussianFilter()(noise))
    wavelet = ThresholdFormula("std(Wave.F1)")(WaveletFilter()(noise))
    np.testing.assert_allclose(chosen, wavelet)


@pytest.mark.parametrize(
    "formula",
    [
        "std(Wave.F9)",
        "2*std(",
        "__import__('os')",
        "I1",
        "std(3)",
        "Wave.F1 + 1",
        "std(I1, 3)",
        "open('x')",
        "(1).real",
        "1/0",
        "5%0",
        "9^9^9^9",
        "sqrt(0-1)",
        "std(Wave.F1)^999",
    ],
)
def test_what_is_no_formula_is_refused_with_what_is_allowed(formula: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Wave\.F1"):
        ThresholdFormula(formula)


def test_noise_scale_is_not_raised_by_molecules() -> None:
    empty = np.random.default_rng(1).normal(0, 3, (4, 64, 64)).astype(np.float32)
    crowded = empty.copy()
    crowded[:, ::8, ::8] += 500
    assert noise_scale(empty) == pytest.approx(3.0, rel=0.1)
    np.testing.assert_allclose(noise_scale(crowded), noise_scale(empty), rtol=0.1)


def test_local_maximum_with_4_or_8_neighbours() -> None:
    frame = np.zeros((1, 7, 7), np.float32)
    frame[0, 3, 3], frame[0, 4, 4] = 10, 9
    limits = np.array([5.0])
    assert LocalMaximumDetector(connectivity=8)(frame, limits).tolist() == [[0, 3, 3]]
    assert LocalMaximumDetector(connectivity=4)(frame, limits).tolist() == [[0, 3, 3], [0, 4, 4]]


def test_a_plateau_is_one_maximum() -> None:
    frame = np.zeros((1, 7, 7), np.float32)
    frame[0, 3:5, 3:5] = 10
    assert len(LocalMaximumDetector()(frame, np.array([5.0]))) == 1


def test_suppression_leaves_one_per_neighbourhood() -> None:
    frame = np.zeros((1, 20, 20), np.float32)
    frame[0, 5, 5], frame[0, 5, 8], frame[0, 5, 15] = 10, 9, 8
    found = NonMaximumSuppression(radius_px=3)(frame, np.array([5.0]))
    assert found.tolist() == [[0, 5, 5], [0, 5, 15]]


def test_centroid_of_a_region() -> None:
    frame = np.zeros((2, 20, 20), np.float32)
    frame[1, 4:7, 10:15] = 10
    assert CentroidDetector()(frame, np.array([5.0, 5.0])).tolist() == [[1, 5, 12]]


@pytest.mark.parametrize(
    "detector", [LocalMaximumDetector(), NonMaximumSuppression(), CentroidDetector()]
)
def test_more_candidates_than_expected_are_all_kept(detector: Any) -> None:
    frame = np.zeros((3, 60, 60), np.float32)
    frame[:, ::6, ::6] = 10
    assert len(detector(frame, np.full(3, 5.0))) == 300


def test_bright_isolated_molecules_are_all_detected_once() -> None:
    spots = isolated_spots(300, photons=800, background_photons=10, size_px=21, seed=2)
    filtered = WaveletFilter()(spots.windows)
    found = LocalMaximumDetector()(filtered.image, 6 * noise_scale(filtered.image))
    assert np.array_equal(found[:, 0], np.arange(300))
