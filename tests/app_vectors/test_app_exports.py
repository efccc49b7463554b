"""Python reads what the app writes; the app's own tests check that it writes these files."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cellstorm.localizations import Localizations, read_table

EXPORTED = Path(__file__).parents[2] / "web" / "tests" / "vectors" / "exported"


def _table(name: str) -> Localizations:
    return read_table(EXPORTED / name)


def test_both_of_the_apps_tables_say_the_same() -> None:
    csv, native = _table("table.csv"), _table("table.locs.parquet")
    assert len(csv) == len(native) > 10
    np.testing.assert_array_equal(csv.column("frame"), native.column("frame"))
    for column in ("x_nm", "y_nm", "uncertainty_nm", "photons", "sigma_nm"):
        np.testing.assert_allclose(csv.column(column), native.column(column), atol=1e-3)


def test_the_apps_native_table_keeps_what_is_known_of_it() -> None:
    metadata = _table("table.locs.parquet").metadata
    assert metadata.software == "cellstorm app"
    assert metadata.pixel_size_nm == 100.0
    assert metadata.movie is not None
    assert metadata.movie.shape == (16, 96, 112)
    assert metadata.camera is not None
    assert metadata.camera["gain_e_per_adu"] > 0
    assert metadata.complete
    assert metadata.notices == ("a notice",)


@pytest.mark.parametrize("bits", [16, 32])
def test_the_apps_picture_is_in_place_and_knows_its_pixel_size(bits: int) -> None:
    table = _table("table.csv")
    with tifffile.TiffFile(EXPORTED / f"picture{bits}.tif") as file:
        picture = file.asarray().astype(np.float64)
        pixels, per_nm = file.pages.first.tags["XResolution"].value
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["unit"] == "nm"
    assert per_nm / pixels == pytest.approx(50.0)
    assert picture.shape == (192, 224)
    total = picture.sum()
    if bits == 32:
        assert total == pytest.approx(len(table), rel=1e-3)
    centre_nm = 50.0 * (np.arange(224) + 0.5) @ picture.sum(axis=0) / total
    assert centre_nm == pytest.approx(float(np.mean(table.column("x_nm"))), abs=5.0)
