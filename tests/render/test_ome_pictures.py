"""Pictures for programs: OME-TIFF and OME-Zarr, read back by other readers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
import zarr

from cellstorm.cli import main
from cellstorm.errors import OutputError
from cellstorm.localizations import Localizations, write_table
from cellstorm.movie import open_movie
from cellstorm.render import Picture, render, render_to_file, save_picture, time_coloured
from cellstorm.render.pyramid import halve, halved_shapes

Molecules = Callable[..., Localizations]
OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
both = pytest.mark.parametrize("name", ["a.ome.tif", "a.ome.zarr"])


def values_of(path: Path, level: int = 0) -> Any:
    if path.suffix == ".zarr":
        return np.asarray(zarr.open_group(path, mode="r")[str(level)][...])  # type: ignore[index]
    with tifffile.TiffFile(path) as file:
        return file.series[0].levels[level].asarray()


def multiscale(path: Path) -> dict[str, Any]:
    attributes: dict[str, Any] = json.loads((path / ".zattrs").read_text())
    image: dict[str, Any] = attributes["multiscales"][0]
    return image


@both
def test_the_values_come_back_as_they_are(tmp_path: Path, molecules: Molecules, name: str) -> None:
    picture = render(molecules(), pixel_nm=2)
    save_picture(picture, tmp_path / name)
    values = values_of(tmp_path / name)
    assert values.dtype == np.float32
    assert np.array_equal(values, picture.values)


@both
def test_smaller_sizes_are_means_and_keep_the_light(
    tmp_path: Path, molecules: Molecules, name: str
) -> None:
    picture = render(molecules(), pixel_nm=2)
    save_picture(picture, tmp_path / name)
    shapes = halved_shapes(*picture.shape)
    assert shapes == [(300, 500), (150, 250)]
    for level, shape in enumerate(shapes, start=1):
        smaller = values_of(tmp_path / name, level)
        assert smaller.shape == shape
        assert smaller.sum() * 4**level == pytest.approx(picture.values.sum(), rel=1e-4)


def test_an_ome_tiff_says_how_large_a_pixel_is_and_where_it_lies(
    tmp_path: Path, molecules: Molecules
) -> None:
    render_to_file(molecules(), tmp_path / "a.ome.tif", region_nm=(500, 1500, 300, 900))
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert file.ome_metadata is not None
        pixels = ElementTree.fromstring(file.ome_metadata).find(f"{OME}Image/{OME}Pixels")
    assert pixels is not None
    assert (pixels.get("SizeX"), pixels.get("SizeY"), pixels.get("Type")) == ("100", "60", "float")
    assert float(pixels.get("PhysicalSizeX") or 0) == pytest.approx(0.01)
    assert pixels.get("PhysicalSizeYUnit") == "µm"
    plane = pixels.find(f"{OME}Plane")
    assert plane is not None
    assert float(plane.get("PositionX") or 0) == pytest.approx(0.5)
    assert float(plane.get("PositionY") or 0) == pytest.approx(0.3)


def test_an_ome_zarr_places_the_centres_of_its_pixels_in_nanometres(
    tmp_path: Path, molecules: Molecules
) -> None:
    render_to_file(
        molecules(), tmp_path / "a.ome.zarr", region_nm=(500, 1500, 300, 900), pixel_nm=2
    )
    image = multiscale(tmp_path / "a.ome.zarr")
    assert image["version"] == "0.4"
    assert image["axes"] == [
        {"name": name, "type": "space", "unit": "nanometer"} for name in ("y", "x")
    ]
    for level, dataset in enumerate(image["datasets"]):
        step = 2.0 * 2**level
        assert dataset["coordinateTransformations"] == [
            {"type": "scale", "scale": [step, step]},
            {"type": "translation", "translation": [300 + step / 2, 500 + step / 2]},
        ]


def test_our_own_reader_of_movies_opens_an_ome_zarr(tmp_path: Path, molecules: Molecules) -> None:
    render_to_file(molecules(), tmp_path / "a.ome.zarr", mode="histogram", bits=16)
    with open_movie(tmp_path / "a.ome.zarr") as movie:
        assert movie.shape == (1, 120, 200)
        assert movie.pixel_size_nm == 10
        assert int(movie.read_chunk(0, 1).frames.sum()) == 300


@both
def test_sixteen_bits_say_what_they_were_multiplied_with(
    tmp_path: Path, molecules: Molecules, name: str
) -> None:
    picture = render(molecules())
    save_picture(picture, tmp_path / name, bits=16)
    values = values_of(tmp_path / name)
    assert values.dtype == np.uint16
    if name.endswith(".zarr"):
        told = multiscale(tmp_path / name)["metadata"]["description"]
    else:
        with tifffile.TiffFile(tmp_path / name) as file:
            told = ElementTree.fromstring(file.ome_metadata or "").findtext(
                f"{OME}Image/{OME}Description", ""
            )
    factor = float(told.removeprefix("values multiplied by "))
    np.testing.assert_allclose(values / factor, picture.values, atol=0.51 / factor)


@both
def test_a_coloured_picture_has_three_channels_and_no_scale_bar(
    tmp_path: Path, molecules: Molecules, name: str
) -> None:
    picture = time_coloured(molecules())
    save_picture(picture, tmp_path / name)
    values = values_of(tmp_path / name)
    assert values.dtype == np.uint8
    assert values.shape == ((3, 120, 200) if name.endswith(".zarr") else (120, 200, 3))
    dark = values.min(axis=0) if name.endswith(".zarr") else values.min(axis=2)
    assert not (dark[-20:, -60:] == 255).any()


@both
def test_a_large_field_is_written_in_tiles_and_equals_the_whole(
    tmp_path: Path, molecules: Molecules, name: str
) -> None:
    table = molecules(1000, margin_nm=0)
    whole = render(table, pixel_nm=1.7).values
    render_to_file(table, tmp_path / name, pixel_nm=1.7, most_pixels=1000)
    np.testing.assert_allclose(values_of(tmp_path / name), whole, rtol=1e-5, atol=1e-7)
    for level in range(1, 1 + len(halved_shapes(*whole.shape))):
        whole = halve(whole)
        smaller = values_of(tmp_path / name, level)
        np.testing.assert_allclose(smaller, whole, rtol=1e-5, atol=1e-7)
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_halving_an_odd_border_takes_the_pixels_that_are_there() -> None:
    values = np.array([[0, 2, 8], [2, 4, 10], [5, 7, 20]], dtype=np.float32)
    assert halve(values).tolist() == [[2, 9], [6, 20]]
    assert halve(values.astype(np.uint16)).dtype == np.uint16
    assert halved_shapes(1001, 513) == [(501, 257), (251, 129)]
    assert halved_shapes(256, 100) == []


@both
def test_a_picture_without_light_or_pixel_size_is_written(tmp_path: Path, name: str) -> None:
    save_picture(Picture(np.zeros((30, 40), dtype=np.float32), None), tmp_path / name)
    assert values_of(tmp_path / name).shape == (30, 40)
    if name.endswith(".zarr"):
        assert "unit" not in multiscale(tmp_path / name)["axes"][0]


def test_a_zarr_is_replaced_and_another_folder_is_not(tmp_path: Path, molecules: Molecules) -> None:
    path = tmp_path / "a.ome.zarr"
    render_to_file(molecules(), path)
    render_to_file(molecules(), path, pixel_nm=20)
    assert values_of(path).shape == (60, 100)
    precious = tmp_path / "holiday.zarr"
    precious.mkdir()
    (precious / "notes.txt").write_text("all I know")
    with pytest.raises(OutputError, match="not replaced"):
        render_to_file(molecules(), precious)
    assert (precious / "notes.txt").read_text() == "all I know"
    with pytest.raises(OutputError, match="does not exist"):
        render_to_file(molecules(), tmp_path / "nowhere" / "b.ome.zarr")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.ome.zarr", "holiday.zarr"]


def test_a_picture_that_fails_midway_leaves_the_one_before(
    tmp_path: Path, molecules: Molecules, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ome.zarr"
    render_to_file(molecules(), path)
    before = values_of(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cellstorm.render.ome_zarr._describe", full)
    with pytest.raises(OutputError, match="is full"):
        render_to_file(molecules(), path, pixel_nm=20)
    assert np.array_equal(values_of(path), before)
    assert [item.name for item in tmp_path.iterdir()] == ["a.ome.zarr"]


@both
def test_the_verb_writes_it_by_the_ending(
    tmp_path: Path, molecules: Molecules, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(molecules(), tmp_path / "t.parquet")
    with pytest.raises(SystemExit) as exit_:
        main(["render", str(tmp_path / "t.parquet"), "--output", str(tmp_path / name)])
    assert exit_.value.code == 0
    assert f"{name}: 300 localizations, 200 x 120 pixels of 10 nm" in capsys.readouterr().out
    assert values_of(tmp_path / name).shape == (120, 200)
