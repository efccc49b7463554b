"""What a person finds on the page."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.report.line_table import FRAMES, PIXEL_NM, PRECISION_NM, lines
from tests.report.report_page import Page

from cellstorm.errors import OutputError
from cellstorm.evaluate import LineSearch, ProfileBox
from cellstorm.localizations import Localizations, Metadata, write_table
from cellstorm.refine import link_table
from cellstorm.refine.drift import correct_table
from cellstorm.report import ReportOptions, write_report
from cellstorm.report.movie_look import key_frame_counts


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    assert page.links
    assert all(link.startswith(("data:", "#")) for link in page.links)
    source = page.source.replace("http://www.w3.org/", "")
    assert "http://" not in source
    assert "https://" not in source


def test_no_figure_is_without_its_unit(page: Page) -> None:
    assert len(page.figures) > 30
    for name, (text, unit) in page.figures.items():
        assert unit, name
        assert text.endswith(unit), name
        assert any(letter.isdigit() for letter in text), name
    assert len(page.plots) >= 9
    assert all(len(units.split("; ")) == 2 and all(units.split("; ")) for units in page.plots)


def test_every_picture_says_what_it_shows_to_those_who_cannot_see_it(page: Page) -> None:
    assert page.images
    assert len(page.drawings) == len(page.plots)
    assert all(len(text) > 20 for text in (*page.images, *page.drawings))


def test_the_precision_that_the_molecules_have_is_found_and_said(page: Page) -> None:
    value = float(page.figures["scatter from frame to frame (NeNA)"][0].split()[0])
    assert value == pytest.approx(PRECISION_NM, rel=0.1)
    assert float(page.figures["reported uncertainty"][0].split()[0]) == pytest.approx(10, rel=0.02)
    assert "agrees" in page.sentences


def test_the_length_of_blinks_is_that_of_the_molecules(page: Page) -> None:
    value, unit = page.figures["length of a blink"]
    assert float(value.split()[0]) == pytest.approx(3.0, rel=0.1)
    assert unit == "frames"


def test_the_resolution_leads_with_what_limits_it(page: Page) -> None:
    assert "Resolution " in page.sentences
    assert "limited by" in page.sentences
    assert page.figures["resolution (Fourier ring correlation)"][1] == "nm"
    low, high = page.figures["95 % interval"][0].removesuffix(" nm").split(" to ")
    resolution = float(page.figures["resolution"][0].split()[0])
    assert float(low) < resolution < float(high)


def test_thin_lines_are_found_marked_and_measured(page: Page) -> None:
    # lines of no width: what is seen is the precision
    width = page.figures["profile 1, width of the line (FWHM)"][0]
    assert float(width.split()[0]) == pytest.approx(2.355 * PRECISION_NM, rel=0.15)
    assert "±" in width
    assert "Profile 1: one line, " in page.sentences
    assert "The program chose 1, 2 and 3" in page.sentences
    assert page.source.count('class="box-number"') >= 3
    assert len([one for one in page.drawings if "across box" in one]) == 3


def test_boxes_of_ones_own_come_first_and_an_empty_one_says_so(table: Path, tmp_path: Path) -> None:
    boxes = (
        ProfileBox(start_nm=(0, 0), stop_nm=(3200, 3200), width_nm=800, lines=1),
        ProfileBox(start_nm=(0, 0), stop_nm=(1, 1), width_nm=1),
    )
    options = ReportOptions(profiles=boxes, lines=LineSearch(most_lines=0))
    write_report(table, tmp_path / "page.html", options)
    page = read(tmp_path / "page.html")
    assert "profile 1, width of the line (FWHM)" in page.figures
    assert "Profile 2: The profile of this box cannot be told from" in page.sentences
    assert "No thin line was found" in page.sentences


def test_a_page_stays_small(page_file: Path) -> None:
    assert page_file.stat().st_size < 3e6


def test_the_way_back_is_told(page: Page) -> None:
    assert "cellstorm report lines.parquet" in page.sentences
    for package in ("Python", "numpy", "polars"):
        assert f"{package} " in page.sentences


def test_positions_of_another_program_lose_only_what_needs_more(tmp_path: Path) -> None:
    write_table(Localizations(lines().select("frame", "x_nm", "y_nm")), tmp_path / "bare.csv")
    write_report(tmp_path / "bare.csv", tmp_path / "page.html")
    page = read(tmp_path / "page.html")
    assert "resolution (Fourier ring correlation)" in page.figures
    assert page.images
    for missing in (
        "takes the pixel size, which the table does not say",
        "The table has no column photons.",
        "The table reports no uncertainties.",
    ):
        assert missing in page.sentences
    assert not any("period of" in name for name in page.figures)


def test_with_a_pixel_size_the_grid_and_the_best_precision_are_told(page: Page) -> None:
    assert page.figures["along x, period of 8 px"][1] == "%"
    # Rieger and Stallinga 2014, with the width of a pixel in that of the spot
    photons, background, sigma_nm = 800.0 * math.log(2.0), 20.0, math.hypot(130, PIXEL_NM / 12**0.5)
    ground = 2.0 * math.pi * sigma_nm**2 * background / (photons * PIXEL_NM**2)
    factor = 1.0 + 4.0 * ground + math.sqrt(2.0 * ground / (1.0 + 4.0 * ground))
    best = float(page.figures["best possible (Cramér-Rao)"][0].split()[0])
    assert best == pytest.approx(sigma_nm * math.sqrt(factor / photons), rel=0.06)


def test_a_linked_table_is_not_asked_for_what_linking_took(table: Path, tmp_path: Path) -> None:
    link_table(table, tmp_path / "linked.parquet")
    write_report(tmp_path / "linked.parquet", tmp_path / "page.html")
    page = read(tmp_path / "page.html")
    assert "are merged into one row here" in page.sentences
    assert page.figures["time on"][1] == "frames"
    assert "cellstorm link lines.parquet" in page.sentences


def test_drift_that_is_left_is_a_warning_with_its_curve(tmp_path: Path) -> None:
    moving = lines(5000, stray_nm=150.0)
    table = tmp_path / "moving.parquet"
    write_table(Localizations(moving, Metadata(pixel_size_nm=PIXEL_NM)), table)
    written = write_report(table, tmp_path / "page.html")
    assert "The sample drifts" in [concern.title for concern in written.concerns]
    page = read(tmp_path / "page.html")
    assert float(page.figures["left along x"][0].split()[0]) == pytest.approx(150, rel=0.25)
    assert "cellstorm drift moving.parquet" in page.sentences

    correct_table(table, tmp_path / "still.parquet")
    written = write_report(tmp_path / "still.parquet", tmp_path / "page.html")
    assert "The sample drifts" not in [concern.title for concern in written.concerns]
    page = read(tmp_path / "page.html")
    assert float(page.figures["taken out along x"][0].split()[0]) == pytest.approx(150, rel=0.25)
    assert any(text.startswith("Drift that was taken out") for text in page.drawings)


def test_fewer_molecules_in_key_frames_are_told_whatever_bleaches() -> None:
    random = np.random.default_rng(5)
    keys = np.arange(0, 3000, 30)
    expected = 60.0 * np.exp(-np.arange(3000) / 1000.0)
    expected[keys] *= 0.7
    found = key_frame_counts(random.poisson(expected), keys)
    assert found.change == pytest.approx(-0.3, abs=3 * found.error)
    assert found.error < 0.05


def test_positions_on_a_block_grid_are_a_warning(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    spread = random.uniform(0, 9600, (2, 6000))
    # half of them lie at the edges of the codec's blocks
    spread[0, ::2] = 1600.0 * random.integers(1, 6, 3000) + random.normal(0, 40, 3000)
    gridded = pl.DataFrame(
        {
            "frame": np.sort(random.integers(0, FRAMES, 6000)).astype(np.uint32),
            "x_nm": spread[0],
            "y_nm": spread[1],
            "uncertainty_nm": np.full(6000, 12.0, np.float32),
        }
    )
    table = tmp_path / "gridded.parquet"
    write_table(Localizations(gridded, Metadata(pixel_size_nm=100.0)), table)
    written = write_report(table, tmp_path / "page.html")
    warned = [one for one in written.concerns if one.level == "warning" and "grid" in one.title]
    assert warned
    assert "--method net" in warned[0].todo


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    table = tmp_path / "<b>bold.parquet"
    software = "<script>alert(1)</script>"
    write_table(Localizations(lines(5), Metadata(software=software)), table)
    write_report(table, tmp_path / "page.html")
    source = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>bold" not in source
    assert "<script>alert" not in source


def test_large_tables_are_looked_at_in_parts_and_that_is_said(table: Path, tmp_path: Path) -> None:
    options = ReportOptions(blink_localizations=2000, drift_localizations=2000, picture_px=300)
    write_report(table, tmp_path / "page.html", options)
    page = read(tmp_path / "page.html")
    assert "localizations in the middle of the movie" in page.sentences
    assert float(page.figures["length of a blink"][0].split()[0]) == pytest.approx(3, rel=0.15)


def test_the_steps_are_told(tmp_path: Path) -> None:
    write_table(Localizations(lines(5)), tmp_path / "few.parquet")
    seen: list[tuple[str, int, int]] = []
    write_report(
        tmp_path / "few.parquet",
        tmp_path / "page.html",
        progress=lambda what, done, of: seen.append((what, done, of)),
    )
    assert [done for _, done, _ in seen] == list(range(seen[0][2]))
    assert all(what for what, _, _ in seen)


def test_what_cannot_be_written_leaves_nothing_behind(table: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.html"):
        write_report(table, tmp_path / "page.pdf")
    write_table(Localizations(lines(5)), table := tmp_path / "few.parquet")
    with pytest.raises(OutputError, match="does not exist"):
        write_report(table, tmp_path / "nowhere" / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["few.parquet"]
