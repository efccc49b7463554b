"""Which grid a table is drawn on, and what is refused."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import Localizations, Metadata
from cellstorm.render import GaussianMode, mode_named, render

Molecules = Callable[..., Localizations]


def bare(x_nm: list[float], y_nm: list[float]) -> Localizations:
    return Localizations(
        pl.DataFrame(
            {"frame": [0] * len(x_nm), "x_nm": x_nm, "y_nm": y_nm},
            schema={"frame": pl.UInt32, "x_nm": pl.Float64, "y_nm": pl.Float64},
        )
    )


def test_the_field_is_the_movie_s(molecules: Molecules) -> None:
    picture = render(molecules())
    assert picture.shape == (120, 200)
    assert picture.pixel_nm == 10
    assert picture.origin_nm == (0.0, 0.0)
    assert render(molecules(), pixel_nm=25).shape == (48, 80)
    assert render(molecules(), pixel_nm=30).shape == (40, 67)


def test_the_field_is_the_region_that_was_analysed(molecules: Molecules) -> None:
    table = molecules()
    part = Localizations(table.data, table.metadata.model_copy(update={"region": (5, 15, 2, 12)}))
    picture = render(part)
    assert picture.origin_nm == (500.0, 200.0)
    assert picture.shape == (100, 100)


def test_a_magnification_counts_pixels_of_the_movie(molecules: Molecules) -> None:
    picture = render(molecules(), magnification=8)
    assert picture.shape == (96, 160)
    assert picture.pixel_nm == 12.5


def test_a_table_without_a_movie_is_drawn_as_far_as_its_molecules_go() -> None:
    table = bare([20_000.0, 21_000.0], [5_000.0, 5_500.0])
    picture = render(table, mode="histogram")
    assert picture.values.sum() == 2
    assert picture.origin_nm == (19_990.0, 4_990.0)
    assert picture.shape == (52, 102)


def test_negative_positions_are_drawn_too() -> None:
    picture = render(bare([-105.0, 3.0], [-5.0, 9.0]), mode="histogram")
    assert picture.values.sum() == 2


def test_a_molecule_s_pixel_is_found_from_the_origin() -> None:
    picture = render(bare([1234.0], [567.0]), mode="histogram", region_nm=(0, 2000, 0, 1000))
    assert np.argwhere(picture.values).tolist() == [[56, 123]]


def test_no_molecules_make_a_dark_picture(molecules: Molecules) -> None:
    picture = render(molecules().filter(pl.lit(value=False)))
    assert picture.shape == (120, 200)
    assert not picture.values.any()


def test_an_empty_table_without_a_field_says_so() -> None:
    with pytest.raises(ConfigurationError, match="nothing to draw"):
        render(bare([], []), mode="histogram")


def test_options_that_do_not_fit_are_refused_with_a_remedy(molecules: Molecules) -> None:
    table = molecules()
    with pytest.raises(ConfigurationError, match="not both"):
        render(table, pixel_nm=10, magnification=5)
    with pytest.raises(ConfigurationError, match="above 0"):
        render(table, pixel_nm=0)
    with pytest.raises(ConfigurationError, match="region"):
        render(table, region_nm=(5, 5, 0, 10))
    with pytest.raises(ConfigurationError, match="movie's pixel size"):
        render(Localizations(table.data), magnification=5)
    with pytest.raises(ConfigurationError, match="no photons"):
        render(table.select("uncertainty_x_nm", "uncertainty_y_nm"), weighting="photons")


def test_gaussians_without_uncertainties_need_a_width(molecules: Molecules) -> None:
    table = molecules().select("x_nm")
    with pytest.raises(ConfigurationError, match="uncertainty") as caught:
        render(table)
    assert caught.value.todo is not None
    assert "histogram" in caught.value.todo
    assert render(table, mode=GaussianMode(width_nm=20)).values.sum() == pytest.approx(300, 1e-4)
    unknown = molecules().data.with_columns(uncertainty_x_nm=pl.lit(float("nan")))
    with pytest.raises(ConfigurationError, match="usable uncertainty"):
        render(Localizations(unknown))


def test_a_picture_too_large_for_memory_says_what_to_do(molecules: Molecules) -> None:
    with pytest.raises(ConfigurationError, match="200000 x 120000 pixels") as caught:
        render(molecules(), pixel_nm=0.01)
    assert caught.value.todo is not None
    assert ".tif" in caught.value.todo


def test_modes_are_found_by_name_and_know_their_options() -> None:
    assert mode_named("gaussian", width_nm=20) == GaussianMode(width_nm=20)
    with pytest.raises(ConfigurationError, match="there are histogram, gaussian"):
        mode_named("oil")
    with pytest.raises(ConfigurationError, match="has no option 'shifts'; it has width_nm"):
        mode_named("gaussian", shifts=3)
    with pytest.raises(ConfigurationError, match="jitters"):
        mode_named("jittered", jitters=0)


def test_metadata_without_a_pixel_size_still_draw() -> None:
    table = Localizations(bare([5.0], [5.0]).data, Metadata(region=(0, 1, 0, 1)))
    assert render(table, mode="histogram").values.sum() == 1
