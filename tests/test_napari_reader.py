import importlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

import cellstorm
from cellstorm.localizations import Localizations, Metadata, MovieFacts, write_table
from cellstorm.napari_reader import get_reader, read_layers

MANIFEST = Path(cellstorm.__file__).with_name("napari.yaml")


def table(count: int = 40, **columns: Any) -> Localizations:
    rng = np.random.default_rng(1)
    return Localizations(
        pl.DataFrame(
            {
                "frame": np.arange(count),
                "x_nm": rng.uniform(500, 1500, count),
                "y_nm": rng.uniform(300, 900, count),
                "photons": rng.uniform(100, 900, count),
                "uncertainty_nm": rng.uniform(5, 20, count),
                "mine": ["text"] * count,
                **columns,
            }
        ),
        Metadata(pixel_size_nm=100.0, movie=MovieFacts(name="a.mp4", shape=(count, 12, 20))),
    )


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST.read_text())
    return loaded


def test_the_manifest_names_what_is_there() -> None:
    loaded = manifest()
    (command,) = loaded["contributions"]["commands"]
    (reader,) = loaded["contributions"]["readers"]
    assert loaded["name"] == "cellstorm"
    assert reader["command"] == command["id"]
    assert command["id"].startswith("cellstorm.")
    module, function = command["python_name"].split(":")
    assert getattr(importlib.import_module(module), function) is get_reader


def test_the_package_tells_napari_of_its_manifest() -> None:
    project = MANIFEST.parents[2] / "pyproject.toml"
    points = tomllib.loads(project.read_text())["project"]["entry-points"]["napari.manifest"]
    package, file = points["cellstorm"].split(":")
    assert (package, file) == ("cellstorm", MANIFEST.name)


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.csv", "a.hdf5", "a.decode.h5", "a.txt", "a.smlm", "a.challenge.csv"]
)
def test_tables_of_every_format_become_points_in_nanometres(tmp_path: Path, name: str) -> None:
    write_table(table(), tmp_path / name)
    patterns = manifest()["contributions"]["readers"][0]["filename_patterns"]
    assert any((tmp_path / name).match(pattern) for pattern in patterns)
    reader = get_reader(str(tmp_path / name))
    assert reader is not None
    data, attributes, kind = reader(str(tmp_path / name))[-1]
    assert kind == "points"
    assert data == pytest.approx(table().data.select("y_nm", "x_nm").to_numpy(), abs=1e-3)
    assert attributes["features"]["frame"].tolist() == list(range(40))
    assert {len(values) for values in attributes["features"].values()} == {40}


def test_the_picture_lies_under_the_points(tmp_path: Path) -> None:
    one = table(1).with_data(table(1).data.with_columns(x_nm=pl.lit(1000.0), y_nm=pl.lit(500.0)))
    write_table(one, tmp_path / "a.parquet")
    (picture, about, kind), (points, _, _) = read_layers(str(tmp_path / "a.parquet"))
    assert kind == "image"
    assert picture.shape == (120, 200)
    y_px, x_px = np.indices(picture.shape)
    centre = [float((picture * index).sum() / picture.sum()) for index in (y_px, x_px)]
    world = np.array(centre) * about["scale"] + about["translate"]
    assert world == pytest.approx(points[0], abs=0.05)
    assert about["contrast_limits"][1] > 0


def test_heights_come_first(tmp_path: Path) -> None:
    write_table(table(z_nm=np.linspace(-300, 300, 40)), tmp_path / "a.parquet")
    data, attributes, _ = read_layers([str(tmp_path / "a.parquet")])[-1]
    assert data.shape == (40, 3)
    assert data[0, 0] == -300
    assert attributes["units"] == ("nm", "nm", "nm")


def test_of_too_many_points_every_nth_is_given_and_the_name_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellstorm.napari_reader._MOST_POINTS", 15)
    write_table(table(), tmp_path / "a.parquet")
    data, attributes, _ = read_layers(str(tmp_path / "a.parquet"))[-1]
    assert len(data) == 14
    assert attributes["name"] == "a.parquet (14 of 40)"
    assert attributes["features"]["frame"].tolist() == list(range(0, 40, 3))


def test_an_empty_table_has_a_layer_without_points(tmp_path: Path) -> None:
    empty = Localizations(table().data.clear())
    write_table(empty, tmp_path / "a.parquet")
    ((data, _, kind),) = read_layers(str(tmp_path / "a.parquet"))
    assert (data.shape, kind) == ((0, 2), "points")


def test_what_is_no_table_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "diary.csv").write_text("day,mood\n1,fine\n")
    (tmp_path / "notes.txt").write_text("hello")
    write_table(table(), tmp_path / "a.parquet")
    for name in ("diary.csv", "notes.txt", "missing.parquet", "."):
        assert get_reader(str(tmp_path / name)) is None
    assert get_reader([str(tmp_path / "a.parquet"), str(tmp_path / "notes.txt")]) is None
    assert get_reader([]) is None
