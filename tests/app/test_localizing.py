"""The app's table is Python's table for the same frames."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from numpy.typing import NDArray
from tests.app.blinking_clip import make_clip
from tests.app.conftest import OpenPhone
from tests.app.phone import Phone

from cellstorm.camera import load_camera
from cellstorm.localizations import read_table
from cellstorm.localize import GaussianMethod, NetMethod
from cellstorm.run import localize_frames

pytestmark = pytest.mark.slow

_PIXEL_SIZE_NM = 100.0


def _movie(folder: Path, frames: int, size_px: int) -> Path:
    clip = make_clip(
        frames=frames,
        width=size_px,
        height=size_px,
        region_px=size_px,
        molecules_per_frame=4.0,
        numbered=False,
    )
    path = folder / "blinking.tif"
    # full-range grey values, as the camera's description expects them of a stack
    grey = np.clip((clip.frames.astype(float) - 16) * 255 / 219, 0, 255)
    tifffile.imwrite(path, np.rint(grey).astype(np.uint8), photometric="minisblack")
    return path


def _localized_by_the_app(phone: Phone, movie: Path, method: str, folder: Path) -> pl.DataFrame:
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(movie)
    phone.page.locator("#pixel-size").fill(str(_PIXEL_SIZE_NM))
    phone.page.get_by_role("radio", name=method, exact=True).click()
    phone.press("Localize")
    phone.page.locator(".finish").wait_for(timeout=400_000)
    table_file = phone.save("Save Table for cellstorm", folder)
    return read_table(table_file).data


def _distances_nm(app: pl.DataFrame, python: pl.DataFrame) -> NDArray[np.float64]:
    """How far each molecule is from its twin in the other table; every one must have one."""
    assert len(python) > 50
    assert len(app) == len(python)
    found = []
    for frame in python["frame"].unique():
        ours = python.filter(pl.col("frame") == frame).select("x_nm", "y_nm").to_numpy()
        theirs = app.filter(pl.col("frame") == frame).select("x_nm", "y_nm").to_numpy()
        assert len(ours) == len(theirs), f"frame {frame}"
        distances = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
        assert len(set(distances.argmin(1))) == len(ours), f"frame {frame}"
        found.append(distances.min(1))
    return np.concatenate(found)


def test_the_classical_table_is_pythons_within_a_tenth_of_a_nanometre(
    open_phone: OpenPhone, tmp_path: Path
) -> None:
    """Point by point, the same fit."""
    movie = _movie(tmp_path, frames=40, size_px=128)
    phone = open_phone("localize")
    app = _localized_by_the_app(phone, movie, "Classical", tmp_path)
    python = localize_frames(
        movie,
        method=GaussianMethod(),
        camera=load_camera("generic-phone"),
        pixel_size_nm=_PIXEL_SIZE_NM,
        workers=1,
    )
    assert _distances_nm(app, python.data).max() < 0.1


def test_the_networks_table_is_pythons_within_half_a_nanometre(
    open_phone: OpenPhone, tmp_path: Path
) -> None:
    """The same network, the same thresholds, the same molecules."""
    movie = _movie(tmp_path, frames=40, size_px=96)
    phone = open_phone("localize")
    app = _localized_by_the_app(phone, movie, "Network", tmp_path)
    python = localize_frames(
        movie,
        # the app does not fit them once more
        method=NetMethod(refine=False),
        camera=load_camera("generic-phone"),
        pixel_size_nm=_PIXEL_SIZE_NM,
        workers=1,
    )
    distances_nm = _distances_nm(app, python.data)
    assert distances_nm.max() < 0.5


def test_results_survive_a_reload_and_can_be_explored(
    open_phone: OpenPhone, tmp_path: Path
) -> None:
    """The library gives the same table again, zoomable, in every export."""
    movie = _movie(tmp_path, frames=30, size_px=96)
    phone = open_phone("localize")
    table = _localized_by_the_app(phone, movie, "Classical", tmp_path)
    phone.page.reload()
    phone.go("library")
    phone.page.locator(".item").first.click()
    phone.reads("Take it away")
    (tmp_path / "again").mkdir()
    again = read_table(phone.save("Save Table for cellstorm", tmp_path / "again")).data
    assert again.drop("id", strict=False).equals(table.drop("id", strict=False)) or np.allclose(
        again["x_nm"], table["x_nm"], atol=1e-6
    )
    csv = phone.save("Save Table for ThunderSTORM, Picasso, ImageJ", tmp_path)
    assert len(read_table(csv).data) == len(table)
    picture = phone.save("Save Picture", tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    measured = tifffile.imread(phone.save("Save Picture for measuring", tmp_path))
    assert measured.dtype == np.float32
    assert abs(measured.sum() / len(table) - 1) < 0.05
    before = phone.page.locator(".zoom-words").inner_text()
    phone.press("Zoom in")
    assert phone.page.locator(".zoom-words").inner_text() != before


def test_live_molecules_are_counted_and_kept(open_phone: OpenPhone) -> None:
    """From the camera: the picture grows, skipped frames are told, the result is kept."""
    phone = open_phone("record/live")
    phone.page.wait_for_function(
        """() => {
            const values = [...document.querySelectorAll('.analysis-numbers dd')];
            return values.length === 4 && Number(values[1].textContent.replaceAll(',', '')) > 30;
        }""",
        timeout=120_000,
    )
    assert "Skipped" in phone.page.locator(".analysis-numbers").inner_text()
    phone.press("Localize")
    phone.reads("molecules kept.", timeout_s=90)
    phone.press("Look at them")
    phone.reads("Take it away")
