"""``cellstorm report`` from the command line."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.report.line_table import PIXEL_NM, lines
from tests.report.report_page import Page

from cellstorm.cli import main
from cellstorm.localizations import Localizations, Metadata, read_table, write_table
from cellstorm.report import table_of_movie


def run(*words: object) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return caught.value.code


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def refusal(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """The sentence that a table is refused with; nothing is written or lost."""
    before = {file.name: file.stat().st_size for file in path.parent.iterdir()}
    assert run("report", path, *more) == 2
    assert {file.name: file.stat().st_size for file in path.parent.iterdir()} == before
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert "Traceback" not in said
    return said


def test_the_page_goes_beside_the_table_and_its_lead_is_printed(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.parquet"
    shutil.copy(table, mine)
    assert run("report", mine) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"mine.parquet", "mine.report.html"}
    printed = capsys.readouterr().out
    assert printed.startswith("Resolution ")
    assert "mine.report.html: the page" in printed


@pytest.mark.parametrize("name", ["page.mp4", "page.parquet", "page", "nowhere/page.html", "."])
def test_what_cannot_become_a_page_is_refused_before_anything_is_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # no table at all: reading it would be refused with another sentence
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"nothing of the kind")
    said = refusal(path, capsys, "--output", str(tmp_path / name))
    assert "broken" not in said
    assert "folder" in said if name.endswith(("html", ".")) else ".html" in said


def test_a_profile_of_ones_own_is_given_in_nanometres(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.parquet"
    shutil.copy(table, mine)
    assert "X0,Y0,X1,Y1,WIDTH" in refusal(mine, capsys, "--profile", "10,20,thirty,40")
    assert "width_nm" in refusal(mine, capsys, "--profile", "10,20,30,40,0")
    assert run("report", mine, "--profile", "1000,1600,2200,1600,400") == 0
    page = read(tmp_path / "mine.report.html")
    assert "--profile 1000,1600,2200,1600,400" in page.sentences
    assert any(name.startswith("profile 1, width of") for name in page.figures)


@pytest.mark.slow
def test_a_movie_is_localized_first_and_its_table_kept(film: Path, tmp_path: Path) -> None:
    movie = tmp_path / "holiday.mp4"
    shutil.copy(film, movie)
    assert run("report", movie) == 0
    table = tmp_path / "holiday.locs.parquet"
    assert len(read_table(table)) > 100
    page = read(tmp_path / "holiday.locs.report.html")
    assert "The pixel size is a guess" in page.sentences
    assert len([alt for alt in page.images if "widefield" in alt]) >= 1
    assert page.figures["size"] == ("48 × 40 px", "px")
    assert "cellstorm localize holiday.mp4 --config method.yaml" in page.sentences
    # the network sees five frames at once: nearer ones would flatter its precision
    assert "two frames that are 5 apart" in page.sentences

    # again: the table is taken as it is
    before = table.read_bytes()
    assert table_of_movie(movie) == (table, True)
    assert table.read_bytes() == before

    # from the table: the movie beside it is found
    assert run("report", table, "-o", tmp_path / "third.html") == 0
    assert "What was filmed?" in read(tmp_path / "third.html").sentences


def test_another_movie_is_shown_with_a_warning(film: Path, table: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.parquet"
    facts = {"name": "other.mp4", "fingerprint": "0123"}
    metadata = Metadata.model_validate({"pixel_size_nm": PIXEL_NM, "movie": facts})
    write_table(Localizations(lines(5), metadata), mine)
    assert run("report", mine, "--movie", film) == 0
    assert "was not made from holiday.mp4" in read(tmp_path / "mine.report.html").sentences


def test_empty_tables_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.parquet"
    write_table(Localizations(lines(5).clear()), path)
    assert "empty" in refusal(path, capsys)


def test_one_molecule_gives_a_page_that_says_what_it_cannot_tell(tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    write_table(Localizations(lines(5).head(1)), path)
    assert run("report", path) == 0
    page = read(tmp_path / "one.report.html")
    assert "cannot be told from 1 localizations" in page.sentences
    assert page.figures["localizations"] == ("1 rows", "rows")


def test_missing_columns_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flat.parquet"
    lines(5).drop("y_nm").write_parquet(path)
    assert "y_nm is missing" in refusal(path, capsys)


def test_rows_without_a_position_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "holes.parquet"
    number = pl.int_range(0, pl.len())
    hole = pl.when(number < 7).then(float("nan")).otherwise(pl.col("x_nm")).alias("x_nm")
    lines(20).with_columns(hole).write_parquet(path)
    assert run("report", path) == 0
    assert "7 of" in read(tmp_path / "holes.report.html").sentences


def test_a_table_in_pixels_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pixels.parquet"
    shrunk = [pl.col(name) / PIXEL_NM for name in ("x_nm", "y_nm", "sigma_nm", "uncertainty_nm")]
    lines(300).with_columns(shrunk).write_parquet(path)
    said = refusal(path, capsys)
    assert "?" in said
    assert "--trust-units" in said


def test_a_truncated_file_is_refused(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.parquet"
    path.write_bytes(table.read_bytes()[:5000])
    assert "not a whole Parquet file" in refusal(path, capsys)


def test_positions_and_frames_beyond_reason_are_refused_even_when_units_are_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far, late = tmp_path / "far.parquet", tmp_path / "late.parquet"
    first = pl.int_range(0, pl.len()) == 0
    x_nm, frame = pl.col("x_nm"), pl.col("frame")
    lines(300).with_columns(pl.when(first).then(1e15).otherwise(x_nm).alias("x_nm")).write_parquet(
        far
    )
    lines(300).with_columns(
        pl.when(first).then(4_000_000_000).otherwise(frame).cast(pl.UInt32).alias("frame")
    ).write_parquet(late)
    assert "1e+15 nm" in refusal(far, capsys, "--trust-units")
    assert "4,000,000,000" in refusal(late, capsys)


def test_what_is_neither_table_nor_movie_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "letter.doc"
    path.write_text("Dear Sir", encoding="utf-8")
    said = refusal(path, capsys)
    assert ".parquet" in said
    assert refusal(tmp_path / "nothing.parquet", capsys).endswith("there is no such file.\n")
