from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localizations import Localizations
from cellstorm.movie import ArrayMovie
from cellstorm.render import Picture, render, side_by_side, widefield_equivalent
from cellstorm.render.side_by_side import most_crowded

Molecules = Callable[..., Localizations]


@pytest.fixture
def movie() -> ArrayMovie:
    frames = np.random.default_rng(0).integers(0, 256, (300, 12, 20)).astype(np.uint8)
    return ArrayMovie(frames, pixel_size_nm=100.0)


def test_sum_and_mean_are_those_of_the_frames(movie: ArrayMovie) -> None:
    frames = movie.read(0, 300).astype(float)
    assert np.array_equal(widefield_equivalent(movie, how="sum").values, frames.sum(axis=0))
    part = widefield_equivalent(movie, (10, 20), region=(3, 9, 2, 12))
    np.testing.assert_allclose(part.values, frames[10:20, 2:12, 3:9].mean(axis=0), rtol=1e-6)
    assert part.origin_nm == (300.0, 200.0)
    assert part.pixel_nm == 100


def test_frames_outside_the_movie_are_refused(movie: ArrayMovie) -> None:
    for frames in ((0, 301), (5, 5), (-1, 4)):
        with pytest.raises(ConfigurationError, match="within the movie's 300"):
            widefield_equivalent(movie, frames)
    with pytest.raises(ConfigurationError, match="20 x 12 pixels"):
        widefield_equivalent(movie, region=(0, 21, 0, 12))


def spot(row: int, column: int, shape: tuple[int, int], pixel_nm: float) -> Picture:
    values = np.zeros(shape, dtype=np.float32)
    values[row, column] = 1
    return Picture(values, pixel_nm)


def test_the_same_place_lies_at_the_same_place_in_both_panels(tmp_path: Path) -> None:
    left = spot(3, 15, (12, 20), 100.0)
    right = spot(35, 155, (120, 200), 10.0)
    side_by_side(
        left, right, tmp_path / "a.png", inset=False, panel_px=400, colour_maps=("gray", "gray")
    )
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("L")).astype(float)
    pixels[: pixels.shape[0] - 248] = 0  # the headings
    panels = pixels[-248:, 8:408], pixels[-248:, 416:816]
    places = []
    for panel in panels:
        bright = np.where(panel > 60, panel, 0)[:170]  # the scale bar is below
        rows, columns = np.indices(bright.shape)
        places.append(
            ((bright * rows).sum() / bright.sum(), (bright * columns).sum() / bright.sum())
        )
    assert places[0] == pytest.approx(places[1], abs=3)
    assert places[1] == pytest.approx((71, 311), abs=2)


def test_fields_that_differ_are_cut_to_what_both_show(
    tmp_path: Path, molecules: Molecules, movie: ArrayMovie
) -> None:
    part = render(molecules(), region_nm=(500, 1500, 200, 700))
    side_by_side(widefield_equivalent(movie), part, tmp_path / "a.png", inset=False, panel_px=400)
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == 2 * 400 + 3 * 8
        assert 200 < image.height < 260  # two to one, and the headings
    away = Picture(part.values, 10.0, origin_nm=(1e6, 1e6))
    with pytest.raises(ConfigurationError, match="different places"):
        side_by_side(widefield_equivalent(movie), away, tmp_path / "b.png")


def test_a_close_up_adds_a_row(tmp_path: Path, molecules: Molecules, movie: ArrayMovie) -> None:
    table, wide = molecules(), widefield_equivalent(movie)
    side_by_side(wide, render(table), tmp_path / "with.png")
    side_by_side(wide, render(table), tmp_path / "without.png", inset=False)
    empty = render(table.filter(pl.lit(value=False)))
    side_by_side(wide, empty, tmp_path / "empty.png")
    heights = {}
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            heights[path.stem] = image.height
    # two thirds of the panel's width, on whole pixels of the picture
    assert heights["with"] == pytest.approx(heights["without"] + 480 + 8, abs=6)
    assert heights["empty"] == heights["without"]


def test_the_close_up_finds_the_crossing_filaments() -> None:
    values = np.zeros((400, 600), dtype=np.float32)
    values[:, 100] = 0.2  # a lonely filament
    for offset in (0, 12, 24, 36):  # and a crowd of them
        values[250 + offset, 350:450] = 1
        values[230:300, 380 + offset] = 1
    x0, x1, y0, y1 = most_crowded(Picture(values, 10.0, origin_nm=(1000.0, 0.0)), 1000, 700)
    assert (x1 - x0, y1 - y0) == (1000.0, 700.0)
    assert x0 < 1000 + 3800
    assert x1 > 1000 + 4160
    assert y0 < 2500
    assert y1 > 2860


def test_pictures_without_scale_and_other_extensions_are_refused(
    tmp_path: Path, molecules: Molecules
) -> None:
    picture = render(molecules())
    bare = Picture(picture.values, None)
    with pytest.raises(ConfigurationError, match="without a pixel size"):
        side_by_side(bare, picture, tmp_path / "a.png")
    with pytest.raises(OutputError, match=r"\.png"):
        side_by_side(picture, picture, tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []
