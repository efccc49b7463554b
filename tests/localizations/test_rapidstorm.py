import math
from pathlib import Path

import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, Metadata, MovieFacts, read_table, write_table

# Typed by hand after the header that rapidSTORM 3.3 writes: a movie of 128 pixels of 100 nm.
_REAL = "floating point with . for decimals and optional scientific e-notation"
HEADER = f"""\
# <localizations insequence="true" repetitions="variable">\
<field identifier="Position-0-0" syntax="{_REAL}" semantic="position in sample space in X" \
unit="nanometer" min="0 m" max="1.27e-005 m" />\
<field identifier="Position-1-0" syntax="{_REAL}" semantic="position in sample space in Y" \
unit="nanometer" min="0 m" max="1.27e-005 m" />\
<field identifier="ImageNumber-0-0" syntax="integer" semantic="frame number" unit="frame" \
min="0 fr" />\
<field identifier="Amplitude-0-0" syntax="{_REAL}" semantic="emission strength" \
unit="A/D count" />\
<field identifier="PSFWidth-0-0" syntax="{_REAL}" semantic="PSF FWHM in X" unit="nanometer" />\
<field identifier="PSFWidth-1-0" syntax="{_REAL}" semantic="PSF FWHM in Y" unit="nanometer" />\
<field identifier="FitResidues-0-0" syntax="{_REAL}" semantic="fit residue chi square value" \
unit="dimensionless" />\
<field identifier="LocalBackground-0-0" syntax="{_REAL}" semantic="local background" \
unit="A/D count" />\
</localizations>
"""
# the first molecule in the middle of the first pixel of the first frame
ROWS = (
    "0 0 0 2213.5 235.482 470.964 87112.5 530.25\n12650 3025.5 7 1e+03 235.482 235.482 5e+04 533\n"
)


def write(tmp_path: Path, text: str, name: str = "sample.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def table(**columns: list[float]) -> Localizations:
    return Localizations(
        pl.DataFrame({"frame": [0, 41], "x_nm": [50.0, 1250.0], "y_nm": [75.0, 150.0], **columns}),
        Metadata(pixel_size_nm=100.0, movie=MovieFacts(name="a.mp4", shape=(50, 20, 30))),
    )


def test_the_centre_of_the_first_pixel_lies_half_a_pixel_from_the_corner(tmp_path: Path) -> None:
    read = read_table(write(tmp_path, HEADER + ROWS), pixel_size_nm=100)
    assert read.data["x_nm"].to_list() == [50.0, 12700.0]
    assert read.data["y_nm"].to_list() == [50.0, 3075.5]
    assert read.data["frame"].to_list() == [0, 7]
    assert not any("half a pixel" in notice for notice in read.metadata.notices)


def test_without_a_pixel_size_positions_stay_and_the_notice_says_how_they_lie(
    tmp_path: Path,
) -> None:
    read = read_table(write(tmp_path, HEADER + ROWS))
    assert read.data["x_nm"].to_list() == [0.0, 12650.0]
    assert "half a pixel up and to the left" in read.metadata.notices[0]


def test_widths_become_standard_deviations_and_counts_no_photons(tmp_path: Path) -> None:
    read = read_table(write(tmp_path, HEADER + ROWS), pixel_size_nm=100)
    first = read.data.row(0, named=True)
    assert first["sigma_x_nm"] == pytest.approx(100, rel=1e-5)
    assert first["sigma_y_nm"] == pytest.approx(200, rel=1e-5)
    assert first["sigma_nm"] == pytest.approx(150, rel=1e-5)
    assert (first["amplitude_adu"], first["background_adu"]) == (2213.5, 530.25)
    assert first["rapidstorm_chi2"] == 87112.5
    assert "photons" not in read.columns
    assert any("in counts of the camera" in notice for notice in read.metadata.notices)


@pytest.mark.parametrize(
    "text",
    [
        (HEADER + ROWS).replace("\n", "\r\n"),
        "\ufeff" + HEADER + ROWS,
        HEADER + ROWS.replace("\n", " \n"),
        HEADER + "# No localizations in image 0\n" + ROWS,
        HEADER.replace("# <", "#<", 1) + ROWS,
    ],
    ids=["windows lines", "byte order mark", "blank at the end", "empty images", "no blank"],
)
def test_spellings_of_the_same_table_read_the_same(tmp_path: Path, text: str) -> None:
    expected = read_table(write(tmp_path, HEADER + ROWS)).data
    assert read_table(write(tmp_path, text, "again.txt")).data.equals(expected)


@pytest.mark.parametrize(("unit", "factor"), [("micrometer", 1e3), ("meter", 1e9), ("pixel", 100)])
def test_lengths_in_other_units_become_nanometres(tmp_path: Path, unit: str, factor: float) -> None:
    text = HEADER.replace('in X" unit="nanometer" min', f'in X" unit="{unit}" min', 1) + ROWS
    read = read_table(write(tmp_path, text), pixel_size_nm=100)
    assert read.data["x_nm"][1] == pytest.approx(12650 * factor + 50)


def test_what_is_written_has_rapidstorm_s_fields_and_origin(tmp_path: Path) -> None:
    there = table(photons=[1000.0, 20.0], uncertainty_nm=[6.25, 12.5], sigma_nm=[100.0, 200.0])
    write_table(there, tmp_path / "out.txt")
    header, *rows = (tmp_path / "out.txt").read_text().splitlines()
    assert header.startswith('# <localizations insequence="true"')
    assert 'identifier="ImageNumber-0-0" syntax="integer"' in header
    # centres of the last pixels of 30 x 20 of 100 nm, the last of 50 frames
    assert 'max="2.9e-06 m"' in header
    assert 'max="1.9e-06 m"' in header
    assert 'min="0 fr" max="49 fr"' in header
    values = [float(value) for value in rows[1].split(" ")]
    width = 200 * 2 * math.sqrt(2 * math.log(2))
    assert values == pytest.approx([1200, 12.5, 100, 12.5, 41, 20, width, width])


def test_rapidstorm_round_trip_keeps_the_half_pixel_and_the_photons(tmp_path: Path) -> None:
    there = table(
        photons=[1000.5, 20.0],
        background_photons=[10.0, 11.5],
        sigma_x_nm=[125.0, 150.0],
        sigma_y_nm=[130.0, 155.0],
        uncertainty_x_nm=[6.25, 12.5],
        uncertainty_y_nm=[7.25, 13.5],
        z_nm=[-20.0, 30.0],
        significance=[30.0, 1e5],
        flags=[0, 3],
        mine=[0.5, 1.5],
    )
    camera = there.metadata.model_copy(update={"camera": {"gain_e_per_adu": 0.5}})
    write_table(Localizations(there.data, camera), tmp_path / "out.txt")
    back = read_table(tmp_path / "out.txt")
    assert back.metadata.pixel_size_nm == 100
    assert back.data.select(there.columns).schema == there.data.schema
    for name in there.columns:
        assert back.data[name].to_list() == pytest.approx(there.data[name].to_list(), rel=1e-6)


def test_counts_that_were_read_as_such_are_written_as_they_came(tmp_path: Path) -> None:
    read = read_table(write(tmp_path, HEADER + ROWS), pixel_size_nm=100)
    write_table(read, tmp_path / "out.txt")
    again = read_table(tmp_path / "out.txt")
    assert again.data.equals(read.data)


def test_fields_with_gaps_are_left_out_and_told(tmp_path: Path) -> None:
    notices = write_table(
        table(photons=[100.0, math.nan], significance=[math.inf, 1.0]), tmp_path / "out.txt"
    )
    assert any("Amplitude-0-0, significance" in notice for notice in notices)
    assert (tmp_path / "out.txt").read_text().splitlines()[1:] == ["0.0 25.0 0", "1200.0 100.0 41"]
    assert len(read_table(tmp_path / "out.txt")) == 2


def test_frames_out_of_order_are_told_to_rapidstorm(tmp_path: Path) -> None:
    there = table()
    write_table(there.with_data(there.data.reverse()), tmp_path / "out.txt")
    assert 'insequence="false"' in (tmp_path / "out.txt").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER[:300] + "\n" + ROWS, "no rapidSTORM header, or cut short"),
        (HEADER.replace("ImageNumber", "Number") + ROWS, "names no field ImageNumber-0-0"),
        (HEADER.replace('"nanometer"', '"furlong"') + ROWS, "is in 'furlong'"),
        (HEADER + ROWS[:-20], "cut short: its last line has 5 of 8 columns"),
        (HEADER + "one two 3 4 5 6 7 8\n", "cannot be read"),
        (
            "# <localizations><localizations/></localizations>\n1 2 3\n",
            "a list of tracks",
        ),
        ("just a diary\n", "not a rapidSTORM table"),
    ],
    ids=["cut header", "missing", "unit", "cut row", "words", "tracks", "diary"],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read_table(write(tmp_path, text))
    assert len(str(caught.value).splitlines()) <= 2


def test_without_a_pixel_size_nothing_is_written(tmp_path: Path) -> None:
    there = Localizations(table().data)
    with pytest.raises(TableError, match="how large pixels are"):
        write_table(there, tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []
