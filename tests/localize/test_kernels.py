"""The compiled kernels agree with slow, plain numpy."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, uniform_filter
from scipy.special import erf

from cellstorm.localize.gaussian._convolution_kernel import box_mean, convolve_separable
from cellstorm.localize.gaussian._frame_model_kernel import MOST_NEIGHBOURS, list_neighbours
from cellstorm.localize.gaussian._joint_fisher_kernel import joint_variances
from cellstorm.localize.gaussian._linear_kernel import cholesky, inverse_diagonal
from cellstorm.localize.gaussian._profile_kernel import fill_profile_with_width
from cellstorm.localize.gaussian._score_kernel import score_map


def _share(centre: float, sigma: float, size: int) -> NDArray[np.float64]:
    edges = np.arange(size + 1) - centre
    return np.diff(0.5 * erf(edges / (np.sqrt(2) * sigma)))


@pytest.mark.parametrize("centre", [4.5, 4.01, 0.2, 8.9])
@pytest.mark.parametrize("sigma", [0.6, 1.3, 3.0])
def test_profile_and_derivatives(centre: float, sigma: float) -> None:
    share, slope, widening = np.empty(9), np.empty(9), np.empty(9)
    fill_profile_with_width(centre, sigma, 0, 9, share, slope, widening)
    step = 1e-5
    np.testing.assert_allclose(share, _share(centre, sigma, 9), atol=5e-7)
    by_centre = (_share(centre + step, sigma, 9) - _share(centre - step, sigma, 9)) / (2 * step)
    by_sigma = (_share(centre, sigma + step, 9) - _share(centre, sigma - step, 9)) / (2 * step)
    np.testing.assert_allclose(slope, by_centre, atol=1e-8)
    np.testing.assert_allclose(widening, by_sigma, atol=1e-8)


@pytest.mark.parametrize("shape", [(7, 31), (40, 23), (1, 5), (3, 3)])
def test_separable_convolution(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    kernel = np.array([0.05, 0.25, 0.4, 0.25, 0.05], np.float32)
    out = np.empty_like(image)
    convolve_separable(image, kernel, out)
    slow = convolve1d(convolve1d(image, kernel, 0, mode="nearest"), kernel, 1, mode="nearest")
    np.testing.assert_allclose(out, slow, rtol=1e-5)


@pytest.mark.parametrize("shape", [(40, 23), (5, 4), (1, 9)])
def test_box_mean_is_the_mean_of_what_is_there(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    out = np.empty_like(image)
    box_mean(image, 3, out)
    total = uniform_filter(image.astype(float), 7, mode="constant")
    share = uniform_filter(np.ones(shape), 7, mode="constant")
    np.testing.assert_allclose(out, total / share, rtol=1e-4)


def test_score_is_the_slope_of_the_likelihood_in_standard_errors() -> None:
    random = np.random.default_rng(0)
    expected = np.full((21, 21), 12.0)
    data = random.poisson(expected).astype(np.float32)
    spot = np.outer(_share(10.5, 1.3, 21), _share(10.5, 1.3, 21))
    kernel = _share(4.5, 1.3, 9).astype(np.float32)
    score, gain = np.empty((21, 21), np.float32), np.empty((21, 21), np.float32)
    model = expected.astype(np.float32)
    score_map(data, np.zeros_like(data), model, kernel, kernel**2, score, gain)

    def log_likelihood(photons: float) -> float:
        mu = expected + photons * spot
        return float(np.sum(data * np.log(mu) - mu))

    slope = (log_likelihood(1e-3) - log_likelihood(-1e-3)) / 2e-3
    information = np.sum(spot**2 / expected)
    assert score[10, 10] == pytest.approx(slope / np.sqrt(information), rel=1e-2)
    assert gain[10, 10] == pytest.approx(information, rel=1e-2)


def test_joint_variances_are_those_of_the_whole_fisher_matrix() -> None:
    size, sigma = 31, 1.3
    truth = np.array([[14.3, 15.1, 900.0], [16.2, 15.6, 500.0]])
    molecules = np.zeros((2, 5))
    molecules[:, :3] = truth
    neighbours = np.empty((2, MOST_NEIGHBOURS), np.int64)
    list_neighbours(molecules, 2, 4.0, neighbours)

    def picture(values: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.full((size, size), 10.0)
        for x, y, photons in values:
            total += photons * np.outer(_share(y, sigma, size), _share(x, sigma, size))
        return total

    derivatives = []
    for index in range(6):
        step = np.zeros(6)
        step[index] = 1e-4
        change = picture(truth + step.reshape(2, 3)) - picture(truth - step.reshape(2, 3))
        derivatives.append(change.ravel() / 2e-4)
    jacobian = np.array(derivatives)
    slow = np.diag(np.linalg.inv((jacobian / picture(truth).ravel()) @ jacobian.T))

    variances = np.empty(3)
    most = 3 * (MOST_NEIGHBOURS + 1)
    fine = joint_variances(
        picture(truth).astype(np.float32),
        molecules,
        0,
        neighbours,
        sigma,
        8,
        np.empty((4 * (MOST_NEIGHBOURS + 1), 32)),
        np.empty((most, most)),
        np.empty(most),
        variances,
        np.empty(most),
    )
    assert fine
    np.testing.assert_allclose(variances, slow[:3], rtol=0.01)


def test_cholesky_inverse() -> None:
    random = np.random.default_rng(2).random((5, 8))
    matrix = random @ random.T
    factor = matrix.copy()
    diagonal = np.empty(5)
    assert cholesky(factor, 5)
    inverse_diagonal(factor, 5, 5, diagonal, np.empty(5))
    np.testing.assert_allclose(diagonal, np.diag(np.linalg.inv(matrix)))
    assert not cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]), 2)
