from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, Metadata, read_table, scan_table, write_table

# As EmitterSet.save of DECODE 0.10 writes it: rows before columns, errors in pixels, height
# in nm; the first emitter in the middle of the first pixel of the first frame.
DATA: dict[str, Any] = {
    "xyz": np.array([[0, 0, -50], [30.25, 12.5, 100]], dtype="f4"),
    "xyz_sig": np.array([[0.25, 0.125, 40], [0.5, 0.25, 80]], dtype="f4"),
    "xyz_cr": h5py.Empty("f"),
    "phot": np.array([1000, 500], dtype="f4"),
    "phot_sig": np.array([100, 50], dtype="f4"),
    "phot_cr": h5py.Empty("f"),
    "frame_ix": np.array([0, 7], dtype="i8"),
    "id": np.array([-1, -1], dtype="i8"),
    "prob": np.array([1, 0.5], dtype="f4"),
    "bg": np.array([10, 11], dtype="f4"),
    "bg_cr": h5py.Empty("f"),
    "bg_sig": h5py.Empty("f"),
}


def write_sample(
    path: Path,
    *,
    px_size: tuple[float, float] | None = (100.0, 100.0),
    unit: str | None = "px",
    **changed: Any,
) -> Path:
    with h5py.File(path, "w") as file:
        meta = file.create_group("meta")
        if px_size is not None:
            meta.attrs["px_size"] = np.array(px_size, dtype="f4")
        if unit is not None:
            meta.attrs["xy_unit"] = unit
        file.create_group("decode").attrs["version"] = "0.10.0"
        data = file.create_group("data")
        for name, values in (DATA | changed).items():
            if values is not None:
                data.create_dataset(name, data=values)
    return path


def table(pixel_size_nm: float | None = 100.0) -> Localizations:
    return Localizations(
        pl.DataFrame(
            {
                "id": [4, 5],
                "frame": [0, 41],
                "x_nm": [50.0, 1250.0],
                "y_nm": [75.0, 150.0],
                "photons": [1000.5, 20.0],
                "background_photons": [10.0, 11.0],
                "uncertainty_x_nm": [6.25, 12.5],
                "uncertainty_y_nm": [12.5, 25.0],
                "probability": [1.0, 0.25],
                "flags": [0, 1],
            }
        ),
        Metadata(pixel_size_nm=pixel_size_nm, software="cellstorm"),
    )


def test_decode_s_rows_are_our_y_and_begin_at_the_pixel_s_centre(tmp_path: Path) -> None:
    data = read_table(write_sample(tmp_path / "a.h5")).data
    assert data["y_nm"].to_list() == [50.0, 3075.0]
    assert data["x_nm"].to_list() == [50.0, 1300.0]
    assert data["frame"].to_list() == [0, 7]


def test_every_array_finds_its_column_and_unit(tmp_path: Path) -> None:
    read = read_table(write_sample(tmp_path / "a.h5"))
    assert read.data.row(0, named=True) == {
        "frame": 0,
        "x_nm": 50.0,
        "y_nm": 50.0,
        "z_nm": -50.0,
        "photons": 1000.0,
        "background_photons": 10.0,
        "uncertainty_nm": 18.75,
        "uncertainty_x_nm": 12.5,
        "uncertainty_y_nm": 25.0,
        "uncertainty_z_nm": 40.0,
        "uncertainty_photons": 100.0,
        "probability": 1.0,
    }
    assert read.metadata.pixel_size_nm == 100


def test_pixels_that_are_not_square_are_taken_each_way(tmp_path: Path) -> None:
    read = read_table(write_sample(tmp_path / "a.h5", px_size=(120.0, 100.0)))
    assert read.data["y_nm"].to_list() == [60.0, 30.75 * 120]
    assert read.data["x_nm"].to_list() == [50.0, 1300.0]
    assert read.metadata.pixel_size_nm is None
    assert "100 nm wide and 120 nm high" in read.metadata.notices[0]


def test_positions_in_nanometres_begin_at_the_same_place(tmp_path: Path) -> None:
    in_nm = DATA["xyz"] * np.array([100, 100, 1], dtype="f4")
    sigmas = DATA["xyz_sig"] * np.array([100, 100, 1], dtype="f4")
    write_sample(tmp_path / "nm.h5", unit="nm", xyz=in_nm, xyz_sig=sigmas)
    expected = read_table(write_sample(tmp_path / "px.h5")).data
    assert read_table(tmp_path / "nm.h5").data.equals(expected)


def test_flat_emitters_have_no_height(tmp_path: Path) -> None:
    flat = DATA["xyz"] * np.array([1, 1, 0], dtype="f4")
    assert "z_nm" not in read_table(write_sample(tmp_path / "a.h5", xyz=flat)).columns


def test_the_written_arrays_are_decode_s_own(tmp_path: Path) -> None:
    notices = write_table(table(), tmp_path / "out.decode.h5")
    with h5py.File(tmp_path / "out.decode.h5") as file:
        assert set(file["data"]) == set(DATA)
        assert file["data/xyz"][:].tolist() == [[0.25, 0.0, 0.0], [1.0, 12.0, 0.0]]
        assert file["data/xyz_sig"][:, :2].tolist() == [[0.125, 0.0625], [0.25, 0.125]]
        assert np.isnan(file["data/xyz_sig"][:, 2]).all()
        assert file["data/frame_ix"].dtype == np.int64
        assert file["data/phot"][:].tolist() == [1000.5, 20.0]
        assert file["data/bg_cr"].shape is None
        assert file["meta"].attrs["xy_unit"] == "px"
        assert file["meta"].attrs["px_size"].tolist() == [100.0, 100.0]
    assert notices == ("DECODE's file has no place for: flags",)


def test_decode_round_trip_keeps_the_half_pixel_and_metadata(tmp_path: Path) -> None:
    write_table(table(), tmp_path / "out.decode.hdf5")
    back = read_table(tmp_path / "out.decode.hdf5")
    same = [name for name in table().columns if name != "flags"]
    assert back.data.select(same).equals(table().data.select(same))
    assert back.metadata.software == "cellstorm"


def test_an_h5_of_ours_stays_picasso_s(tmp_path: Path) -> None:
    write_table(table(), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert "locs" in file


@pytest.mark.usefixtures("small_blocks")
def test_blocks_make_the_same_table_as_one_piece(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    count = 103
    many = Localizations(
        pl.DataFrame(
            {
                "frame": np.arange(count),
                "x_nm": rng.uniform(0, 5000, count),
                "y_nm": rng.uniform(0, 5000, count),
            }
        ),
        Metadata(pixel_size_nm=100.0),
    )
    write_table(many, tmp_path / "out.decode.h5")
    back = read_table(tmp_path / "out.decode.h5")
    assert back.data["frame"].to_list() == list(range(count))
    assert back.data["x_nm"].to_numpy() == pytest.approx(many.column("x_nm"), abs=1e-3)
    rows, _ = scan_table(tmp_path / "out.decode.h5")
    assert rows.select(pl.len()).collect().item() == count
    assert rows.filter(pl.col("frame") >= 100).collect()["frame"].to_list() == [100, 101, 102]
    assert rows.head(12).collect()["frame"].to_list() == list(range(12))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellstorm.localizations.formats.decode.BLOCK_ROWS", 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"px_size": None}, "does not say how large a pixel is"),
        ({"unit": None}, "says nothing of their unit"),
        ({"unit": "furlong"}, "says 'furlong' for their unit"),
        ({"xyz": None}, "has no xyz"),
        ({"frame_ix": None}, "has no frame_ix"),
        ({"phot": np.zeros(3, dtype="f4")}, "its array phot is 3, not 2"),
        ({"xyz": np.full((2, 3), np.nan, dtype="f4")}, "2 of 2 rows have no finite"),
    ],
    ids=["pixel size", "no unit", "unit", "positions", "frames", "lengths", "nan"],
)
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TableError, match=message):
        read_table(write_sample(tmp_path / "a.h5", **options))


def test_a_truncated_file_is_one_sentence(tmp_path: Path) -> None:
    whole = write_sample(tmp_path / "a.h5")
    whole.write_bytes(whole.read_bytes()[:-300])
    with pytest.raises(TableError, match="not a whole HDF5 file"):
        read_table(whole)


def test_without_a_pixel_size_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="how large"):
        write_table(table(pixel_size_nm=None), tmp_path / "out.decode.h5")
    assert list(tmp_path.iterdir()) == []
