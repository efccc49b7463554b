"""Lists of the SMLM Challenges, and CSV with our own names, beside ThunderSTORM's."""

from pathlib import Path

import polars as pl
import pytest

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import Localizations, convert_table, read_table, write_table

# Typed by hand after the lists of 2016, blanks and all.
ACTIVATIONS = """\
Ground-truth,frame,xnano,ynano,znano,intensity 
    1,  9039, 43.325, 839.830, 340.704, 2473.663 
    2,     1, 6356.500, 12.250, -331.856, 79.250 
"""  # noqa: W291
# And after those of 2013.
OLDER = """\
id,frame,xnano,ynano,znano,intensity
1,1,8110.69,18119.16,99.34,4861.02
2,41,16705.99,21261.57,99.16,4861.02
"""
WITH_NUMBERS = "1, 9039, 43.325, 839.83, 340.704, 2473.663\n2, 1, 6356.5, 12.25, -331.856, 79.25\n"
WITHOUT_NUMBERS = "9039,43.325,839.83,340.704,2473.663\n1,6356.5,12.25,-331.856,79.25\n"


def write(tmp_path: Path, text: str, name: str = "activations.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_activations_are_at_the_corner_and_count_from_zero(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, ACTIVATIONS))
    assert table.data["id"].to_list() == [1, 2]
    assert table.data["frame"].to_list() == [9038, 0]
    assert table.data["x_nm"].to_list() == [43.325, 6356.5]
    assert table.data["y_nm"].to_list() == [839.83, 12.25]
    assert table.data["z_nm"].to_list() == pytest.approx([340.704, -331.856])
    assert table.data["photons"].to_list() == pytest.approx([2473.663, 79.25])
    assert table.metadata.notices == ()


def test_lists_of_2013_read_the_same_way(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, OLDER))
    assert table.data.select("id", "frame", "x_nm").rows() == [(1, 0, 8110.69), (2, 40, 16705.99)]


@pytest.mark.parametrize("text", [WITH_NUMBERS, WITHOUT_NUMBERS])
def test_lists_without_a_heading_are_taken_for_what_they_are(tmp_path: Path, text: str) -> None:
    expected = read_table(write(tmp_path, ACTIVATIONS)).data
    table = read_table(write(tmp_path, text, "bare.csv"))
    assert table.data.equals(expected.select(table.columns))
    assert "no heading" in table.metadata.notices[0]


@pytest.mark.parametrize(
    "text",
    [
        ACTIVATIONS.replace("\n", "\r\n"),
        "\ufeff" + ACTIVATIONS,
        ACTIVATIONS.replace("Ground-truth,frame", '"Ground-truth", "Frame"').replace('"', ""),
    ],
    ids=["windows lines", "byte order mark", "capitals"],
)
def test_spellings_of_the_same_list_read_the_same(tmp_path: Path, text: str) -> None:
    expected = read_table(write(tmp_path, ACTIVATIONS)).data
    assert read_table(write(tmp_path, text, "again.csv")).data.equals(expected)


def test_frames_from_zero_are_taken_as_such_with_a_notice(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "frame,xnano,ynano\n0,1,2\n3,4,5\n"))
    assert table.data["frame"].to_list() == [0, 3]
    assert "from 0" in table.metadata.notices[0]


@pytest.mark.parametrize("output", ["again.parquet", "again.csv"])
def test_what_was_read_comes_back_from_other_formats(tmp_path: Path, output: str) -> None:
    source = write(tmp_path, ACTIVATIONS)
    count, _ = convert_table(source, tmp_path / output)
    assert count == 2
    expected, again = read_table(source).data, read_table(tmp_path / output).data
    assert again.equals(expected.select(again.columns))
    assert {"frame", "x_nm", "y_nm", "z_nm", "photons"} <= set(again.columns)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"activations\.csv: column_3 holds .*: .*north"):
        read_table(write(tmp_path, ACTIVATIONS.replace("839.830", "north")))
    with pytest.raises(TableError, match="1 of 2 rows"):
        read_table(write(tmp_path, "frame,xnano,ynano\n1,2,3\n4,5\n"))


def test_positions_without_frames_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no column 'frame'"):
        read_table(write(tmp_path, "43.32457, 839.82958, 340.70413\n39.0, 850.2, 331.9\n"))


def test_csv_with_our_names_is_ours(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "frame,id,x_nm,y_nm,z_nm,photons,background_photons,mine\n"
        "0,7,50.5,60.25,-3.0,1000.5,20.0,a\n12,7,50.5,60.25,-3.0,900.0,21.0,b\n",
    )
    table = read_table(path)
    assert table.data.schema == {
        "id": pl.UInt64,
        "frame": pl.UInt32,
        "x_nm": pl.Float64,
        "y_nm": pl.Float64,
        "z_nm": pl.Float32,
        "photons": pl.Float32,
        "background_photons": pl.Float32,
        "mine": pl.String,
    }
    assert table.data.row(1) == (7, 12, 50.5, 60.25, -3.0, 900.0, 21.0, "b")


def test_csv_with_our_names_is_refused_where_it_cannot_be_meant(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="'x_nm' is there twice"):
        read_table(write(tmp_path, "frame,x_nm,y_nm,x_nm\n0,1,2,3\n"))
    with pytest.raises(TableError, match="frame"):
        read_table(write(tmp_path, "frame,x_nm,y_nm\n0.5,1,2\n"))
    with pytest.raises(TableError, match="cannot be read"):
        read_table(write(tmp_path, "frame,x_nm,y_nm\n0,one,2\n"))


def test_a_csv_of_ours_stays_thunderstorm_s(tmp_path: Path) -> None:
    table = Localizations(pl.DataFrame({"frame": [0], "x_nm": [1.0], "y_nm": [2.0]}))
    write_table(table, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().startswith('"id","frame","x [nm]"')
    with pytest.raises(OutputError) as caught:
        write_table(table, tmp_path / "out.xyz")
    assert ".challenge.csv (SMLM Challenge CSV), .csv (ThunderSTORM CSV)" in str(caught.value)


def test_the_written_list_is_the_challenge_s_own(tmp_path: Path) -> None:
    there = read_table(write(tmp_path, ACTIVATIONS))
    notices = write_table(there, tmp_path / "out.challenge.csv")
    first, *rows = (tmp_path / "out.challenge.csv").read_text().splitlines()
    assert first == ACTIVATIONS.splitlines()[0]
    assert [float(value) for value in rows[1].split(",")] == pytest.approx(
        [2, 1, 6356.5, 12.25, -331.856, 79.25]
    )
    assert read_table(tmp_path / "out.challenge.csv").data.equals(there.data)
    assert "metadata (camera, movie, settings)" in notices[0]


def test_a_flat_table_without_light_is_written_all_the_same(tmp_path: Path) -> None:
    flat = Localizations(pl.DataFrame({"frame": [4, 0], "x_nm": [1.5, 2.0], "y_nm": [2.0, 3.0]}))
    write_table(flat, tmp_path / "out.challenge.csv")
    lines = (tmp_path / "out.challenge.csv").read_text().splitlines()
    assert lines[1:] == ["1,5,1.5,2.0,0.0,NaN", "2,1,2.0,3.0,0.0,NaN"]
