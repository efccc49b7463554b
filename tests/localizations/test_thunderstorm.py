from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, read_table, write_table

# Typed by hand after the headings ThunderSTORM 1.3 writes: 80 nm pixels, the first
# molecule in the middle of the first pixel of the first frame.
FLAT = """\
"id","frame","x [nm]","y [nm]","sigma [nm]","intensity [photon]","offset [photon]",\
"bkgstd [photon]","chi2","uncertainty [nm]"
1,1,40.0,40.0,120.5,1000.25,10.5,3.25,31091317.418,7.125
2,1,1320.125,26344.75,130.0,200.0,11.0,3.5,64288002.579,24.75
3,12,7400.0,10637.5,140.0,300.0,12.0,4.0,1.5,17.0
"""
SPATIAL = """\
"frame","x [nm]","y [nm]","z [nm]","sigma1 [nm]","sigma2 [nm]","intensity [photon]",\
"offset [photon]","bkgstd [photon]","uncertainty_xy [nm]","uncertainty_z [nm]","detections"
1,24840.75,20471.5,-21.875,141.5,153.5,4086,132,12.5,5.125,10.25,1
6,25291.25,20887.25,37.5,135.5,102.5,4905,106,12.5,3.75,7.5,2
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sample.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_positions_stay_at_the_corner_and_frames_start_at_zero(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, FLAT))
    assert table.data["frame"].to_list() == [0, 0, 11]
    assert table.data["x_nm"].to_list() == [40.0, 1320.125, 7400.0]
    assert table.data["y_nm"].to_list() == [40.0, 26344.75, 10637.5]


def test_every_column_finds_its_place(tmp_path: Path) -> None:
    first = read_table(write(tmp_path, FLAT)).data.row(0, named=True)
    assert first == {
        "id": 1,
        "frame": 0,
        "x_nm": 40.0,
        "y_nm": 40.0,
        "photons": 1000.25,
        "background_photons": 10.5,
        "background_std_photons": 3.25,
        "sigma_nm": 120.5,
        "uncertainty_nm": 7.125,
        "thunderstorm_chi2": 31091317.418,
    }


def test_three_dimensions_and_the_later_heading_are_read(tmp_path: Path) -> None:
    second = read_table(write(tmp_path, SPATIAL)).data.row(1, named=True)
    assert second == {
        "frame": 5,
        "x_nm": 25291.25,
        "y_nm": 20887.25,
        "z_nm": 37.5,
        "photons": 4905,
        "background_photons": 106,
        "background_std_photons": 12.5,
        "sigma_nm": 119.0,
        "sigma_x_nm": 135.5,
        "sigma_y_nm": 102.5,
        "uncertainty_nm": 3.75,
        "uncertainty_z_nm": 7.5,
        "detections": 2,
    }


def requoted(text: str) -> str:
    """The whole heading as one quoted field, as some programs save it again."""
    heading, rows = text.replace('"id"', "id").split("\n", 1)
    return '"' + heading.replace('"', '""') + '"\n' + rows


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"', ""),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("1,1,40.0", "1.0,1.0,40.0"),
        requoted,
    ],
    ids=["unquoted", "windows lines", "byte order mark", "floats for frames", "requoted"],
)
def test_spellings_of_the_same_file_read_the_same(
    tmp_path: Path, change: Callable[[str], str]
) -> None:
    expected = read_table(write(tmp_path, FLAT)).data
    assert read_table(write(tmp_path, change(FLAT))).data.equals(expected)


@pytest.mark.parametrize("text", [FLAT, SPATIAL], ids=["2D", "3D"])
def test_what_was_read_is_written_back_with_the_same_values(tmp_path: Path, text: str) -> None:
    table = read_table(write(tmp_path, text))
    write_table(table, tmp_path / "again.csv")
    assert (
        read_table(tmp_path / "again.csv")
        .data.drop("id")
        .equals(table.data.drop("id", strict=False))
    )


def test_the_heading_of_version_1_3_is_written_to_the_letter(tmp_path: Path) -> None:
    table = Localizations(
        pl.DataFrame(
            {
                "frame": [0, 41],
                "x_nm": [50.0, 1.0 / 3.0],
                "y_nm": [150.0, 2.5],
                "photons": [1000.5, 20.0],
                "background_photons": [10.0, 11.0],
                "background_std_photons": [3.0, None],
                "sigma_nm": [130.0, 131.0],
                "uncertainty_nm": [7.5, 8.5],
                "flags": [0, 1],
            }
        )
    )
    notices = write_table(table, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        '"id","frame","x [nm]","y [nm]","sigma [nm]","intensity [photon]","offset [photon]",'
        '"bkgstd [photon]","uncertainty [nm]"',
        "1,1,50.0,150.0,130.0,1000.5,10.0,3.0,7.5",
        "2,42,0.3333333333333333,2.5,131.0,20.0,11.0,NaN,8.5",
    ]
    assert any("flags" in notice for notice in notices)


def test_pixels_are_turned_into_nanometres_when_their_size_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, '"frame","x [px]","y [um]"\n1,0.5,0.25\n')
    with pytest.raises(TableError, match="in pixels") as caught:
        read_table(path)
    assert caught.value.todo is not None
    assert "pixel_size_nm" in caught.value.todo
    table = read_table(path, pixel_size_nm=80)
    assert table.data.select("x_nm", "y_nm").row(0) == (40.0, 250.0)


def test_frames_from_zero_are_taken_as_such_with_a_notice(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "frame,x [nm],y [nm]\n0,1,2\n3,4,5\n"))
    assert table.data["frame"].to_list() == [0, 3]
    assert "half a pixel" in table.metadata.notices[0]


def test_another_program_s_csv_names_what_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, "Channel,Frame,X (um),Y (um)\n0,1548,40.9189,56.1046\n")
    with pytest.raises(TableError, match=r"no column 'x \[nm\]' and no 'y \[nm\]' .*X \(um\)"):
        read_table(path)


@pytest.mark.parametrize("text", ["", "\n", "hello", "\x00\x01\x02\n\xff"])
def test_something_else_called_csv_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(TableError, match="not a ThunderSTORM table"):
        read_table(write(tmp_path, text))


def test_a_number_that_is_none_and_a_row_cut_short_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"sample\.csv: cannot be read"):
        read_table(write(tmp_path, "frame,x [nm],y [nm]\n1,one,2\n"))
    with pytest.raises(TableError, match="1 of 2 rows"):
        read_table(write(tmp_path, "frame,x [nm],y [nm]\n1,1,2\n1,3\n"))


def test_a_heading_alone_is_an_empty_table(tmp_path: Path) -> None:
    assert len(read_table(write(tmp_path, "frame,x [nm],y [nm]\n"))) == 0
