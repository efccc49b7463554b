"""What each mode draws, against slow twins of the kernels."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.special import erf

from cellstorm.localizations import Localizations
from cellstorm.render import (
    MODE_NAMES,
    GaussianMode,
    JitteredMode,
    ShiftedHistogramMode,
    render,
    render_tiles,
)

Molecules = Callable[..., Localizations]

PIXEL_NM = 10.0
ROWS, COLUMNS = 120, 200


def slow_histogram(table: Localizations) -> NDArray[np.float64]:
    counts = np.zeros((ROWS, COLUMNS))
    for row in table.data.iter_rows(named=True):
        counts[int(row["y_nm"] // PIXEL_NM), int(row["x_nm"] // PIXEL_NM)] += 1
    return counts


def slow_gaussians(table: Localizations) -> NDArray[np.float64]:
    total = np.zeros((ROWS, COLUMNS))
    edges_y, edges_x = np.arange(ROWS + 1) * PIXEL_NM, np.arange(COLUMNS + 1) * PIXEL_NM
    for row in table.data.iter_rows(named=True):
        across = erf((edges_x - row["x_nm"]) / (row["uncertainty_x_nm"] * np.sqrt(2))) / 2
        down = erf((edges_y - row["y_nm"]) / (row["uncertainty_y_nm"] * np.sqrt(2))) / 2
        total += np.outer(np.diff(down), np.diff(across))
    return total


def slow_shifted_histogram(table: Localizations, shifts: int) -> NDArray[np.float64]:
    """One histogram after another, its bins ``shifts`` pixels wide, each moved by a pixel."""
    total = np.zeros((ROWS, COLUMNS))
    y_px, x_px = table.column("y_nm") / PIXEL_NM, table.column("x_nm") / PIXEL_NM
    pixel_row, pixel_column = np.arange(ROWS), np.arange(COLUMNS)
    for down in range(shifts):
        for across in range(shifts):
            bins: NDArray[np.float64] = np.zeros((ROWS, COLUMNS))
            np.add.at(
                bins,
                (
                    np.floor((y_px + down) / shifts).astype(int),
                    np.floor((x_px + across) / shifts).astype(int),
                ),
                1.0,
            )
            total += bins[np.ix_((pixel_row + down) // shifts, (pixel_column + across) // shifts)]
    return total / shifts**4


def test_a_histogram_counts_each_molecule_in_the_pixel_it_lies_in(molecules: Molecules) -> None:
    table = molecules(2000, margin_nm=0)
    assert np.array_equal(render(table, mode="histogram").values, slow_histogram(table))


def test_gaussians_are_integrated_over_the_pixels(molecules: Molecules) -> None:
    table = molecules()
    picture = render(table, mode=GaussianMode(min_width_nm=0.1))
    expected = slow_gaussians(table)
    # tails are cut at four standard deviations
    assert np.abs(picture.values - expected).max() < 1e-4 * expected.max()


@pytest.mark.parametrize("shifts", [1, 2, 3, 5])
def test_shifted_histograms_are_the_mean_of_histograms(molecules: Molecules, shifts: int) -> None:
    table = molecules()
    picture = render(table, mode=ShiftedHistogramMode(shifts=shifts))
    np.testing.assert_allclose(
        picture.values, slow_shifted_histogram(table, shifts), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("mode", MODE_NAMES)
@pytest.mark.parametrize("pixel_nm", [5.0, 13.7, 60.0])
def test_every_mode_adds_up_to_the_number_of_molecules(
    molecules: Molecules, mode: str, pixel_nm: float
) -> None:
    table = molecules(margin_nm=500)
    assert render(table, mode=mode, pixel_nm=pixel_nm).values.sum(dtype=float) == pytest.approx(
        300, rel=1e-5
    )


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_weighted_by_photons_every_mode_adds_up_to_the_photons(
    molecules: Molecules, mode: str
) -> None:
    table = molecules(margin_nm=500)
    picture = render(table, mode=mode, weighting="photons")
    assert picture.values.sum(dtype=float) == pytest.approx(
        table.column("photons").sum(dtype=float), rel=1e-5
    )


def test_half_of_a_molecule_on_the_border_is_in_the_picture(molecules: Molecules) -> None:
    table = molecules(1)
    table = table.with_data(table.data.with_columns(x_nm=pl.lit(0.0), y_nm=pl.lit(600.0)))
    assert render(table).values.sum() == pytest.approx(0.5, rel=1e-5)


def test_the_centre_of_mass_is_the_molecule_s_position(molecules: Molecules) -> None:
    for seed in range(20):
        table = molecules(1, seed=seed)
        values = render(table, pixel_nm=2.5).values.astype(float)
        centres = [(np.arange(size) + 0.5) * 2.5 for size in values.shape]
        assert (values.sum(0) * centres[1]).sum() == pytest.approx(
            table.column("x_nm")[0], abs=0.02
        )
        assert (values.sum(1) * centres[0]).sum() == pytest.approx(
            table.column("y_nm")[0], abs=0.02
        )


def test_widths_stay_between_the_narrowest_and_the_widest(molecules: Molecules) -> None:
    table = molecules(2)
    table = table.with_data(
        table.data.with_columns(
            x_nm=pl.Series([500.0, 1500.0]),
            y_nm=pl.lit(600.0),
            uncertainty_x_nm=pl.Series([0.001, 1e6]),
            uncertainty_y_nm=pl.Series([0.001, 1e6]),
        )
    )
    values = render(table, mode=GaussianMode(min_width_nm=20, max_width_nm=50)).values
    x_nm = (np.arange(COLUMNS) + 0.5) * PIXEL_NM
    for part, wanted in ((slice(0, 100), 20.0), (slice(100, 200), 50.0)):
        profile = values[:, part].sum(axis=0, dtype=float)
        mean = (profile * x_nm[part]).sum() / profile.sum()
        spread = np.sqrt((profile * (x_nm[part] - mean) ** 2).sum() / profile.sum())
        assert spread == pytest.approx(wanted, rel=0.02)


def test_molecules_of_unknown_uncertainty_take_the_median_one(molecules: Molecules) -> None:
    table = molecules(3)
    known = table.data.with_columns(uncertainty_x_nm=pl.Series([10.0, 20.0, 30.0]))
    holes = table.data.with_columns(
        uncertainty_x_nm=pl.Series([10.0, None, 30.0]), uncertainty_y_nm=pl.col("uncertainty_y_nm")
    )
    assert np.array_equal(
        render(table.with_data(known)).values, render(table.with_data(holes)).values
    )


def test_jittered_molecules_spread_by_their_uncertainty(molecules: Molecules) -> None:
    table = molecules(1)
    table = table.with_data(
        table.data.with_columns(
            x_nm=pl.lit(1000.0),
            y_nm=pl.lit(600.0),
            uncertainty_x_nm=pl.lit(40.0),
            uncertainty_y_nm=pl.lit(80.0),
        )
    )
    values = render(table, mode=JitteredMode(jitters=10_000), pixel_nm=5).values.astype(float)
    for axis, (centre, wanted) in enumerate(((600.0, 80.0), (1000.0, 40.0))):
        place = (np.arange(values.shape[axis]) + 0.5) * 5.0
        profile = values.sum(axis=1 - axis)
        assert (profile * place).sum() == pytest.approx(centre, abs=5 * wanted / 100)
        spread = np.sqrt((profile * (place - centre) ** 2).sum())
        assert spread == pytest.approx(wanted, rel=0.03)


def test_jitter_is_the_same_for_a_seed_and_differs_between_seeds(molecules: Molecules) -> None:
    table = molecules()
    first = render(table, mode=JitteredMode(seed=5)).values
    assert np.array_equal(first, render(table, mode=JitteredMode(seed=5), threads=3).values)
    assert not np.array_equal(first, render(table, mode=JitteredMode(seed=6)).values)


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_tiles_put_together_are_the_whole_picture(molecules: Molecules, mode: str) -> None:
    table = molecules(margin_nm=0)
    whole = render(table, mode=mode).values
    together = np.full_like(whole, -1)
    for tile in render_tiles(table, mode=mode, tile_px=32):
        rows, columns = tile.values.shape
        assert max(rows, columns) <= 32
        together[tile.row : tile.row + rows, tile.column : tile.column + columns] = tile.values
    np.testing.assert_allclose(together, whole, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_threads_do_not_change_the_picture(molecules: Molecules, mode: str) -> None:
    table = molecules(2000, margin_nm=0)
    one = render(table, mode=mode, pixel_nm=2, threads=1).values
    four = render(table, mode=mode, pixel_nm=2, threads=4).values
    np.testing.assert_allclose(one, four, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_a_region_is_a_cut_out_of_the_whole(molecules: Molecules, mode: str) -> None:
    table = molecules(1000, margin_nm=0)
    part = render(table, mode=mode, region_nm=(300, 900, 200, 700))
    assert part.origin_nm == (300.0, 200.0)
    assert part.shape == (50, 60)
    whole = render(table, mode=mode).values[20:70, 30:90]
    np.testing.assert_allclose(part.values, whole, rtol=1e-4, atol=1e-6)
