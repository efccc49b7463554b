from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localizations import Localizations
from cellstorm.render import (
    Contrast,
    Picture,
    render,
    render_to_file,
    save_picture,
    time_coloured,
)
from cellstorm.render.annotation import nice_length_nm

Molecules = Callable[..., Localizations]


def dark(height: int = 400, width: int = 600, pixel_nm: float | None = 10.0) -> Picture:
    return Picture(np.zeros((height, width), dtype=np.float32), pixel_nm)


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def bar_px(path: Path) -> int:
    """Length of the scale bar: the longest white run of any row in the lower right."""
    pixels = pixels_of(path)[200:, 300:]
    longest = 0
    for row in pixels == 255:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(int), [0]))))
        longest = max([longest, *(edges[1::2] - edges[::2]).tolist()])
    return longest


def test_a_png_is_stretched_so_that_the_brightest_are_white(tmp_path: Path) -> None:
    values = np.linspace(0, 7, 256 * 256, dtype=np.float32).reshape(256, 256)
    save_picture(
        Picture(values, 10.0),
        tmp_path / "a.png",
        colour_map="gray",
        contrast=Contrast(saturated_percent=10, gamma=1),
        scale_bar=False,
    )
    shown = pixels_of(tmp_path / "a.png")
    assert shown[0, 0] == 0
    assert shown[-1, -1] == 255
    assert (shown == 255).mean() == pytest.approx(0.1, abs=0.01)
    assert shown[115, 0] == pytest.approx(127, abs=3)


@pytest.mark.parametrize(
    ("pixel_nm", "expected_nm"), [(10.0, 1000), (25.0, 2000), (42.0, 5000), (3.0, 200)]
)
def test_the_scale_bar_is_as_long_as_it_says(
    tmp_path: Path, pixel_nm: float, expected_nm: float
) -> None:
    save_picture(dark(pixel_nm=pixel_nm), tmp_path / "a.png")
    assert bar_px(tmp_path / "a.png") == pytest.approx(expected_nm / pixel_nm, abs=1)


def test_the_scale_bar_can_be_left_out_and_needs_a_pixel_size(tmp_path: Path) -> None:
    for picture, scale_bar in ((dark(), False), (dark(pixel_nm=None), True)):
        save_picture(picture, tmp_path / "a.png", scale_bar=scale_bar)
        assert not pixels_of(tmp_path / "a.png").any()


@pytest.mark.parametrize(
    ("longest", "nice"), [(1, 1), (1.99, 1), (2, 2), (999, 500), (1000, 1000), (0.3, 0.2)]
)
def test_round_lengths_are_one_two_or_five(longest: float, nice: float) -> None:
    assert nice_length_nm(longest) == pytest.approx(nice)


def test_a_png_knows_its_resolution(tmp_path: Path) -> None:
    save_picture(dark(), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        # pixels an inch; 10 nm pixels are 10^8 to the metre
        assert image.info["dpi"][0] / 0.0254 == pytest.approx(1e8, rel=1e-6)
        assert image.info["PixelSize"] == "10 nm"


@pytest.mark.parametrize("suffix", [".tif", ".TIFF"])
def test_a_tiff_has_the_values_and_the_pixel_size_imagej_reads(
    tmp_path: Path, molecules: Molecules, suffix: str
) -> None:
    picture = render(molecules())
    path = tmp_path / f"a{suffix}"
    save_picture(picture, path)
    with tifffile.TiffFile(path) as file:
        assert np.array_equal(file.asarray(), picture.values)
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["unit"] == "um"
        across, per = file.pages.first.tags["XResolution"].value
        assert across / per == pytest.approx(100)  # pixels of 10 nm in a micrometre


def test_sixteen_bits_keep_whole_numbers_and_say_the_factor_of_others(
    tmp_path: Path, molecules: Molecules
) -> None:
    counts = render(molecules(), mode="histogram")
    save_picture(counts, tmp_path / "counts.tif", bits=16)
    assert np.array_equal(tifffile.imread(tmp_path / "counts.tif"), counts.values)
    smooth = render(molecules())
    save_picture(smooth, tmp_path / "smooth.tif", bits=16)
    with tifffile.TiffFile(tmp_path / "smooth.tif") as file:
        values, metadata = file.asarray(), file.imagej_metadata
    assert values.dtype == np.uint16
    assert values.max() == 65535
    assert metadata is not None
    factor = float(metadata["Info"].rsplit(" ", 1)[1])
    np.testing.assert_allclose(values / factor, smooth.values, atol=0.51 / factor)


def test_a_large_field_is_written_in_tiles_and_equals_the_whole(
    tmp_path: Path, molecules: Molecules
) -> None:
    table = molecules(1000, margin_nm=0)
    render_to_file(table, tmp_path / "tiles.tif", pixel_nm=1, most_pixels=1000)
    with tifffile.TiffFile(tmp_path / "tiles.tif") as file:
        assert file.is_bigtiff
        assert file.pages.first.is_tiled
        assert file.ome_metadata is not None
        assert 'PhysicalSizeX="0.001"' in file.ome_metadata
        np.testing.assert_allclose(
            file.asarray(), render(table, pixel_nm=1).values, rtol=1e-5, atol=1e-7
        )
    with pytest.raises(ConfigurationError, match="before its brightest value"):
        render_to_file(table, tmp_path / "a.tif", pixel_nm=1, most_pixels=1000, bits=16)
    with pytest.raises(ConfigurationError, match="too many for one piece"):
        render_to_file(table, tmp_path / "a.png", pixel_nm=0.01)
    assert [item.name for item in tmp_path.iterdir()] == ["tiles.tif"]


def test_a_picture_without_light_is_written(tmp_path: Path, molecules: Molecules) -> None:
    empty = molecules().filter(pl.lit(value=False))
    for name in ("a.png", "a.tif"):
        render_to_file(empty, tmp_path / name)
    save_picture(time_coloured(empty), tmp_path / "b.png")
    assert len(list(tmp_path.iterdir())) == 3


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"do not end in '\.jpg'; known are \.png"):
        save_picture(dark(), tmp_path / "a.jpg")
    with pytest.raises(OutputError, match="does not exist"):
        save_picture(dark(), tmp_path / "nowhere" / "a.png")
    with pytest.raises(ConfigurationError, match="there are gray, hot"):
        save_picture(dark(), tmp_path / "a.png", colour_map="mud")
    with pytest.raises(ConfigurationError, match="16 or 32"):
        save_picture(dark(), tmp_path / "a.tif", bits=8)
    assert list(tmp_path.iterdir()) == []
