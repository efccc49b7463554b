from pathlib import Path

import polars as pl
import pytest

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import (
    Localizations,
    Metadata,
    convert_table,
    read_table,
    write_table,
)


@pytest.fixture
def table() -> Localizations:
    return Localizations(
        pl.DataFrame(
            {
                "frame": [0, 2, 5],
                "x_nm": [48.828125, 390.625, 781.25],
                "y_nm": [97.65625, 195.3125, 585.9375],
                "photons": [100.0, 200.5, 300.25],
                "uncertainty_nm": [6.25, 12.5, 25.0],
            }
        ),
        Metadata(pixel_size_nm=100.0),
    )


FORMATS = [".parquet", ".csv", ".hdf5", ".decode.h5", ".txt", ".smlm", ".challenge.csv"]


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
def test_any_format_becomes_any_other_with_the_same_molecules(
    tmp_path: Path, table: Localizations, first: str, second: str
) -> None:
    write_table(table, tmp_path / f"a{first}")
    pixel_size_nm = 100.0 if first.endswith(".csv") else None
    count, _ = convert_table(
        tmp_path / f"a{first}", tmp_path / f"b{second}", pixel_size_nm=pixel_size_nm
    )
    assert count == 3
    back = read_table(tmp_path / f"b{second}").data
    assert back["frame"].equals(table.data["frame"])
    kept = {"x_nm", "y_nm", "photons"}
    if ".challenge.csv" not in (first, second):
        kept.add("uncertainty_nm")
    for name in kept:
        # numbers of single precision: half a picometre here
        assert back[name].to_list() == pytest.approx(table.data[name].to_list(), abs=5e-4)


def test_converting_is_written_into_the_history(tmp_path: Path, table: Localizations) -> None:
    write_table(table, tmp_path / "a.csv")
    convert_table(tmp_path / "a.csv", tmp_path / "b.parquet")
    assert read_table(tmp_path / "b.parquet").metadata.history == ("converted from a.csv",)


def test_errors_name_the_source_and_leave_no_output(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("frame,x [nm],y [nm],intensity [photon]\n1,2,3,many\n")
    with pytest.raises(TableError, match=r"a\.csv"):
        convert_table(source, tmp_path / "b.parquet")
    source.write_text("frame,x [nm],y [nm]\n1,2,NaN\n1,2,3\n")
    with pytest.raises(TableError, match=r"a\.csv: 1 of 2 rows"):
        convert_table(source, tmp_path / "b.parquet")
    source.write_text("frame,x [nm],y [nm]\n1,2,3\n")
    with pytest.raises(TableError, match=r"a\.csv: Picasso counts in pixels"):
        convert_table(source, tmp_path / "b.hdf5")
    with pytest.raises(OutputError, match="known are"):
        convert_table(source, tmp_path / "b.jpg")
    assert [item.name for item in tmp_path.iterdir()] == ["a.csv"]
