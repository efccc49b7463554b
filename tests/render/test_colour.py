from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from cellstorm.localizations import Localizations
from cellstorm.render import COLOUR_MAPS, Contrast, Picture, TimeLegend, render, time_coloured
from cellstorm.render.colour_maps import colour_table, time_hues
from cellstorm.render.contrast import to_rgb

Molecules = Callable[..., Localizations]


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colour_maps_get_lighter_all_the_way(name: str) -> None:
    linear = (colour_table(name) / 255.0) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -1e-3).all()
    assert luminance[0] < 0.01
    assert luminance[-1] > 0.8


def test_hues_are_equally_bright_and_white_on_the_average() -> None:
    hues = time_hues()
    assert hues.max(axis=1) == pytest.approx(1.0)
    mean = hues.mean(axis=0)
    assert mean / mean.mean() == pytest.approx(1.0, abs=0.07)


def test_early_molecules_are_violet_and_late_ones_red(molecules: Molecules) -> None:
    table = molecules(2)
    table = table.with_data(
        table.data.with_columns(
            frame=pl.Series([0, 49]), x_nm=pl.Series([500.0, 1500.0]), y_nm=pl.lit(600.0)
        )
    )
    picture = time_coloured(table)
    early, late = (
        picture.values[:, half].sum(axis=(0, 1)) for half in (slice(0, 100), slice(100, 200))
    )
    assert early == pytest.approx(time_hues()[0], abs=1e-3)
    assert late == pytest.approx(time_hues()[-1], abs=1e-3)
    assert picture.legend == TimeLegend(0, 49, 10.0)


def test_molecules_outside_the_chosen_frames_are_not_drawn(molecules: Molecules) -> None:
    table = molecules()
    picture = time_coloured(table, frames=(10, 20))
    inside = table.filter(pl.col("frame").is_between(10, 19))
    # in every pixel the largest channel of a single hue is the density
    assert picture.values.sum() < 3 * len(inside)
    assert (picture.values.max(axis=2) <= render(inside).values + 1e-5).all()
    assert picture.legend == TimeLegend(10, 19, 10.0)


def test_coloured_pictures_keep_their_hue_at_every_brightness() -> None:
    hue = np.array([1.0, 0.5, 0.0], dtype=np.float32)
    values = np.linspace(0.1, 1, 50, dtype=np.float32)[:, None, None] * hue
    shown = to_rgb(Picture(values, 10.0), contrast=Contrast(), colour_map="hot")
    assert np.abs(shown[..., 1] - shown[..., 0] / 2.0).max() <= 1
    assert (shown[..., 2] == 0).all()
    assert shown[-1, 0, 0] == 255


def test_two_pictures_with_the_same_white_can_be_compared() -> None:
    contrast = Contrast(white=4.0, gamma=1)
    for value, expected in ((1.0, 64), (2.0, 128), (8.0, 255)):
        picture = Picture(np.full((2, 2), value, dtype=np.float32), 10.0)
        assert to_rgb(picture, contrast=contrast, colour_map="gray")[0, 0, 0] == expected


def test_gamma_lifts_what_is_faint_and_black_stays_black() -> None:
    picture = Picture(np.array([[0.0, 0.1, 1.0]], dtype=np.float32), 10.0)
    plain, lifted = (
        to_rgb(picture, contrast=Contrast(white=1.0, gamma=gamma), colour_map="gray")[0, :, 0]
        for gamma in (1.0, 0.5)
    )
    assert lifted[1] > 2 * plain[1]
    assert lifted[0] == plain[0] == 0
