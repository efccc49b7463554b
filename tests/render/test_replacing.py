"""A picture replaces pictures, never a recording."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
import zarr

from cellstorm.errors import OutputError
from cellstorm.localizations import Localizations, Metadata
from cellstorm.render import render_to_file


@pytest.fixture
def table() -> Localizations:
    rows = pl.DataFrame({"frame": [0, 1], "x_nm": [100.0, 900.0], "y_nm": [50.0, 700.0]})
    return Localizations(rows, Metadata(pixel_size_nm=100.0))


@pytest.mark.parametrize("name", ["picture.tif", "picture.ome.tif", "picture.ome.zarr"])
def test_a_picture_can_be_drawn_again(table: Localizations, tmp_path: Path, name: str) -> None:
    for _ in range(2):
        render_to_file(table, tmp_path / name, pixel_nm=20.0, mode="histogram")
    assert (tmp_path / name).exists()


def test_a_tiff_movie_is_not_replaced(table: Localizations, tmp_path: Path) -> None:
    movie = tmp_path / "movie.tif"
    tifffile.imwrite(movie, np.zeros((5, 16, 16), np.uint16), photometric="minisblack")
    before = movie.read_bytes()
    with pytest.raises(OutputError, match="movie of 5 frames"):
        render_to_file(table, movie, pixel_nm=20.0, mode="histogram")
    assert movie.read_bytes() == before


def test_a_zarr_movie_is_not_replaced(table: Localizations, tmp_path: Path) -> None:
    zarr.create_array(str(tmp_path / "movie.zarr"), data=np.ones((5, 16, 16), np.uint16))
    with pytest.raises(OutputError, match="something else"):
        render_to_file(table, tmp_path / "movie.zarr", pixel_nm=20.0, mode="histogram")
    kept = zarr.open_array(str(tmp_path / "movie.zarr"), mode="r")
    assert kept.shape == (5, 16, 16)
