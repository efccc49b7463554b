"""The bound is what the best estimator reaches, alone and beside a neighbour."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.special import erf

from cellstorm.errors import TableError
from cellstorm.evaluate.crlb import localization_bound, molecule_bounds, rmse_over_bound
from cellstorm.simulate import isolated_spots

Array = NDArray[np.float64]
PIXEL_NM = 100.0


def molecules(
    x_px: list[float],
    y_px: list[float],
    photons: float = 1000.0,
    background: float = 20.0,
    frame: int | list[int] = 0,
) -> pl.DataFrame:
    """A truth table."""
    frames = frame if isinstance(frame, list) else [frame] * len(x_px)
    return pl.DataFrame(
        {
            "frame": pl.Series(frames, dtype=pl.UInt32),
            "x_nm": PIXEL_NM * np.array(x_px),
            "y_nm": PIXEL_NM * np.array(y_px),
            "photons": pl.Series([photons] * len(x_px), dtype=pl.Float32),
            "background_photons": pl.Series([background] * len(x_px), dtype=pl.Float32),
        }
    )


def axis(centre: Array, sigma: float, size: int) -> tuple[Array, Array]:
    """Light per pixel and its derivative, ``(n, size)``."""
    edges = np.arange(size + 1) - centre[:, None]
    share = np.diff(0.5 * erf(edges / (np.sqrt(2) * sigma)), axis=1)
    bell = np.exp(-0.5 * (edges / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    return share, -np.diff(bell, axis=1)


def model(
    parameters: Array, shape: tuple[int, int], sigma: tuple[float, float]
) -> tuple[Array, Array]:
    """Expected light ``(n, pixels)`` and derivatives ``(n, parameters, pixels)``.

    Parameters are x, y, photons of each molecule, then the background, ``(n, 3 m + 1)``.
    """
    count = parameters.shape[0]
    light = np.repeat(parameters[:, -1:], shape[0] * shape[1], axis=1)
    slopes = []
    for m in range(parameters.shape[1] // 3):
        x, y, photons = parameters[:, 3 * m : 3 * m + 3].T
        ex, dx = axis(x, sigma[0], shape[1])
        ey, dy = axis(y, sigma[1], shape[0])
        spot = (ey[:, :, None] * ex[:, None, :]).reshape(count, -1)
        along_x = (ey[:, :, None] * dx[:, None, :]).reshape(count, -1)
        along_y = (dy[:, :, None] * ex[:, None, :]).reshape(count, -1)
        light = light + photons[:, None] * spot
        slopes += [photons[:, None] * along_x, photons[:, None] * along_y, spot]
    return light, np.stack([*slopes, np.ones_like(light)], axis=1)


def maximum_likelihood(
    images: Array,
    truth: Array,
    shape: tuple[int, int],
    sigma: tuple[float, float],
    extra_variance: float,
) -> Array:
    """Fisher scoring from the truth; read noise as Huang et al. 2013 treat it."""
    data = images.reshape(images.shape[0], -1) + extra_variance
    estimate = np.repeat(truth[None], data.shape[0], axis=0)
    for _ in range(7):
        light, slopes = model(estimate, shape, sigma)
        mean = np.maximum(light + extra_variance, 1e-3)
        fisher = np.einsum("nap,nbp->nab", slopes / mean[:, None], slopes)
        gradient = np.einsum("nap,np->na", slopes, data / mean - 1.0)
        estimate = estimate + np.linalg.solve(fisher, gradient[:, :, None])[:, :, 0]
    return estimate


# windows reach four standard deviations: these fields are no larger than that
@pytest.mark.parametrize(
    ("x_px", "y_px", "width", "sigma", "extra_variance"),
    [
        pytest.param([6.3], [6.6], 13, (1.3, 1.3), 0.0, id="alone"),
        pytest.param([6.3], [6.6], 13, (1.3, 1.3), 9.0, id="alone-with-read-noise"),
        pytest.param([6.3], [6.6], 13, (1.3, 1.1), 0.0, id="alone-elliptical"),
        pytest.param([6.3, 10.2], [6.6, 6.6], 17, (1.3, 1.3), 0.0, id="pair-3-sigma"),
        pytest.param([6.3, 10.2], [6.6, 6.6], 17, (1.3, 1.3), 9.0, id="pair-3-sigma-read-noise"),
        pytest.param([6.3, 11.5], [6.6, 6.1], 18, (1.3, 1.3), 0.0, id="pair-4-sigma"),
    ],
)
def test_the_maximum_likelihood_estimator_reaches_the_bound(
    x_px: list[float],
    y_px: list[float],
    width: int,
    sigma: tuple[float, float],
    extra_variance: float,
) -> None:
    photons, background, shape = 1500.0, 10.0, (13, width)
    truth = np.array(
        [*(v for xy in zip(x_px, y_px, strict=True) for v in (*xy, photons)), background]
    )
    expected, _ = model(truth[None], shape, sigma)
    random = np.random.default_rng(11)
    images = random.poisson(expected, (6000, expected.shape[1])).astype(np.float64)
    images += np.sqrt(extra_variance) * random.standard_normal(images.shape)
    found = maximum_likelihood(images, truth, shape, sigma, extra_variance)
    measured = found.std(axis=0)
    bounds = molecule_bounds(
        molecules(x_px, y_px, photons, background),
        pixel_size_nm=PIXEL_NM,
        shape_px=shape,
        sigma_px=sigma[0],
        sigma_y_px=sigma[1],
        extra_variance_e2=extra_variance,
    )
    for m in range(len(x_px)):
        x_nm, y_nm, light = bounds.row(m)
        assert measured[3 * m] * PIXEL_NM == pytest.approx(x_nm, rel=0.03)
        assert measured[3 * m + 1] * PIXEL_NM == pytest.approx(y_nm, rel=0.03)
        assert measured[3 * m + 2] == pytest.approx(light, rel=0.03)


def test_alone_it_is_the_bound_of_the_single_molecule() -> None:
    spots = isolated_spots(30, photons=700.0, background_photons=12.0, size_px=25, seed=5)
    single = localization_bound(
        spots.x_px, spots.y_px, spots.photons, spots.background_photons, sigma_px=1.3, size_px=25
    )
    joint = molecule_bounds(
        molecules(
            spots.x_px.tolist(), spots.y_px.tolist(), 700.0, 12.0, frame=np.arange(30).tolist()
        ),
        pixel_size_nm=PIXEL_NM,
        shape_px=(25, 25),
        sigma_px=1.3,
    )
    np.testing.assert_allclose(joint["bound_x_nm"] / PIXEL_NM, single.x_px, rtol=2e-3)
    np.testing.assert_allclose(joint["bound_y_nm"] / PIXEL_NM, single.y_px, rtol=2e-3)
    # its window is smaller, so that the background's level is known less well
    assert (joint["bound_photons"].to_numpy() > single.photons).all()
    known = molecule_bounds(
        molecules([12.4], [12.4], 700.0, 12.0),
        pixel_size_nm=PIXEL_NM,
        shape_px=(25, 25),
        sigma_px=1.3,
        background_known=True,
    )
    assert known["bound_photons"][0] < single.photons.min()


def test_a_crowd_has_the_bounds_of_one_large_fisher_matrix() -> None:
    random = np.random.default_rng(3)
    x_px, y_px = random.uniform(0, 16, 9), random.uniform(0, 12, 9)
    truth = np.append(np.stack([x_px, y_px, [1000.0] * 9], axis=1), 20.0)
    light, slopes = model(truth[None], (12, 16), (1.3, 1.3))
    fisher = (slopes[0] / (light[0] + 4.0)) @ slopes[0].T
    fisher[np.arange(27), np.arange(27)] += np.tile([1 / 5.2**2, 1 / 5.2**2, 0], 9)
    expected = np.sqrt(np.diag(np.linalg.inv(fisher)))
    bounds = molecule_bounds(
        molecules(x_px.tolist(), y_px.tolist()),
        pixel_size_nm=PIXEL_NM,
        shape_px=(12, 16),
        sigma_px=1.3,
        extra_variance_e2=4.0,
    )
    np.testing.assert_allclose(bounds["bound_x_nm"] / PIXEL_NM, expected[0:27:3], rtol=0.01)
    np.testing.assert_allclose(bounds["bound_y_nm"] / PIXEL_NM, expected[1:27:3], rtol=0.01)
    np.testing.assert_allclose(bounds["bound_photons"], expected[2:27:3], rtol=0.02)


def test_the_nearer_the_neighbour_the_larger_the_bound_and_always_finite() -> None:
    distances = [8.0, 5.2, 3.9, 2.6, 1.3, 0.65, 0.13, 0.01, 0.0]
    bound = [
        molecule_bounds(
            molecules([30.0, 30.0 + d], [30.2, 30.2]),
            pixel_size_nm=PIXEL_NM,
            shape_px=(64, 64),
            sigma_px=1.3,
        ).row(0)
        for d in distances
    ]
    along, across, photons = np.array(bound).T
    for values in (along, across, photons):
        assert np.isfinite(values).all()
        # apart by more than their windows nothing is left of the neighbour but a background's
        # level that is known a little better or worse
        assert (np.diff(values) > -0.03 * values[:-1]).all()
    assert along[0] == pytest.approx(6.4, rel=0.03)
    assert along[4] > 5 * along[0]
    assert along.max() < 4 * 130.0


def test_neighbours_of_other_frames_and_the_order_of_rows_do_not_matter() -> None:
    table = molecules([20.1, 23.0, 20.4, 40.0], [20.0, 20.0, 20.0, 9.0], frame=[4, 4, 9, 4])
    settings = {"pixel_size_nm": PIXEL_NM, "shape_px": (64, 64)}
    bounds = molecule_bounds(table, sigma_px=[1.3, 1.4, 1.5, 1.6], **settings)  # type: ignore[arg-type]
    backwards = molecule_bounds(table.reverse(), sigma_px=[1.6, 1.5, 1.4, 1.3], **settings)  # type: ignore[arg-type]
    np.testing.assert_allclose(backwards.reverse().to_numpy(), bounds.to_numpy(), rtol=1e-9)
    alone = molecule_bounds(table[2:3], sigma_px=1.5, **settings)  # type: ignore[arg-type]
    np.testing.assert_allclose(bounds.row(2), alone.row(0), rtol=1e-9)
    assert bounds["bound_x_nm"][0] > 1.2 * alone["bound_x_nm"][0]


def test_electron_multiplication_costs_as_much_as_half_the_light() -> None:
    # variance 2 mu + v for a mean of mu is that of mu / 2 and v / 4, scaled by two
    table, half = (
        molecules([9.0, 12.0], [9.0, 9.0]),
        molecules([9.0, 12.0], [9.0, 9.0], 500.0, 10.0),
    )
    doubled = molecule_bounds(
        table,
        pixel_size_nm=PIXEL_NM,
        shape_px=(20, 20),
        sigma_px=1.3,
        extra_variance_e2=8.0,
        excess_noise_factor=2.0,
    )
    same = molecule_bounds(
        half, pixel_size_nm=PIXEL_NM, shape_px=(20, 20), sigma_px=1.3, extra_variance_e2=2.0
    )
    np.testing.assert_allclose(doubled["bound_x_nm"], same["bound_x_nm"], rtol=1e-6)
    np.testing.assert_allclose(doubled["bound_photons"], 2 * same["bound_photons"], rtol=1e-4)


def test_what_no_pixel_sees_has_no_finite_bound() -> None:
    bounds = molecule_bounds(
        molecules([-30.0, 0.0, 10.0], [10.0, 10.0, 10.0]),
        pixel_size_nm=PIXEL_NM,
        shape_px=(20, 20),
        sigma_px=1.3,
    )
    outside, edge, inside = bounds["bound_x_nm"]
    assert outside == np.inf
    assert inside < edge < np.inf
    assert molecule_bounds(
        molecules([], []), pixel_size_nm=PIXEL_NM, shape_px=(20, 20), sigma_px=1.3
    ).shape == (0, 3)


def test_wrong_tables_and_numbers_are_named() -> None:
    table = molecules([1.0], [1.0])
    with pytest.raises(TableError, match="background_photons"):
        molecule_bounds(
            table.drop("background_photons"), pixel_size_nm=1, shape_px=(9, 9), sigma_px=1
        )
    with pytest.raises(ValueError, match="sigma_px"):
        molecule_bounds(table, pixel_size_nm=1, shape_px=(9, 9), sigma_px=0)
    with pytest.raises(TableError, match="no numbers"):
        molecule_bounds(molecules([np.nan], [1.0]), pixel_size_nm=1, shape_px=(9, 9), sigma_px=1)
    with pytest.raises(ValueError, match="2 bounds for 1"):
        rmse_over_bound(table, table, pl.DataFrame({"bound_x_nm": [1, 1], "bound_y_nm": [1, 1]}))


def test_errors_are_told_as_multiples_of_the_bound() -> None:
    random = np.random.default_rng(8)
    place = 1000.0 * np.arange(1.0, 4001.0)
    truth = pl.DataFrame({"frame": [0] * 4000, "x_nm": place, "y_nm": place})
    limit = random.uniform(4.0, 25.0, (4000, 2))
    error = 1.5 * limit * random.standard_normal((4000, 2))
    # a few pairs are of the wrong molecule
    error[:40] = 150.0
    # and of some nobody can say where they are
    limit[-100:] = 300.0
    bounds = pl.DataFrame({"bound_x_nm": limit[:, 0], "bound_y_nm": limit[:, 1]})
    found = truth.with_columns(x_nm=place + error[:, 0], y_nm=place + error[:, 1])
    ratio = rmse_over_bound(found, truth, bounds)
    assert (ratio.pairs, ratio.hopeless) == (3900, 100)
    assert ratio.median == pytest.approx(1.5, rel=0.04)
    assert ratio.rms > 1.05 * ratio.median
    assert ratio.rms == pytest.approx(ratio.rmse_nm / ratio.bound_nm)
    nothing = rmse_over_bound(found.clear(), truth, bounds)
    assert nothing.pairs == 0
    assert np.isnan(nothing.rms)
