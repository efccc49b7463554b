"""The report: one file that needs nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from cellstorm.benchmark import (
    BenchmarkGrid,
    BenchmarkRun,
    CellResult,
    Failure,
    Picasso,
    run_benchmark,
    write_report,
    write_table,
)
from cellstorm.benchmark.paper import compare_with_paper


@pytest.fixture(scope="module")
def run(grid: BenchmarkGrid, tmp_path_factory: pytest.TempPathFactory) -> BenchmarkRun:
    named = BenchmarkGrid.model_validate(
        {**grid.model_dump(), "methods": {"<b>single</b>": {"emitters": "single"}}}
    )
    return run_benchmark(named, tmp_path_factory.mktemp("benchmark"))


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images = 0
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.images += tag == "img"
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(run: BenchmarkRun, folder: Path) -> _Page:
    write_report(run, folder / "report.html", command="cellstorm benchmark small")
    return _Page((folder / "report.html").read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_elsewhere(run: BenchmarkRun, tmp_path: Path) -> None:
    report = page(run, tmp_path)
    assert report.images >= 10
    assert all(link.startswith(("data:image/", "#")) for link in report.links)
    assert not {"script", "link", "iframe"} & report.tags


def test_it_says_what_was_run_where_and_how_well(run: BenchmarkRun, tmp_path: Path) -> None:
    text = page(run, tmp_path).text
    result = run.results[0]
    assert f"{result.figures['jaccard']:.3f}" in text
    for promised in (
        "photons 400",
        "cellstorm benchmark small",
        "x264",
        "cores",
        "emitters: single",
    ):
        assert promised in text
    assert "seeds for tuning" in text


def test_names_cannot_break_the_page(run: BenchmarkRun, tmp_path: Path) -> None:
    report = page(run, tmp_path)
    assert "<b>single</b>" in report.text
    assert "b" not in report.tags


def test_failures_are_in_the_report(run: BenchmarkRun, tmp_path: Path) -> None:
    failure = Failure("photons 400", "net", "there is no weight", tmp_path / "log")
    broken = BenchmarkRun(**{**vars(run), "failures": (failure,)})
    text = page(broken, tmp_path).text
    assert re.search(r"1\s+measurement\s+failed", text)
    assert "there is no weight" in text


def test_a_grid_without_numbers_on_its_axes_has_a_report_too(
    run: BenchmarkRun, tmp_path: Path
) -> None:
    one = run.grid.model_copy(update={"axes": {}})
    single = BenchmarkRun(
        **{
            **vars(run),
            "grid": one,
            "results": (run.results[0].model_copy(update={"settings": {}}),),
            "pictures": {},
        }
    )
    assert "the movie" in page(single, tmp_path).text


def test_the_table_holds_every_figure_and_its_interval(run: BenchmarkRun, tmp_path: Path) -> None:
    write_table(run, tmp_path / "figures.parquet")
    table = pl.read_parquet(tmp_path / "figures.parquet")
    assert table.height == 2
    assert table["photons"].to_list() == [400, 1500]
    assert (table["jaccard_low"] <= table["jaccard"]).all()
    assert table["frames_per_s"].min() > 0  # type: ignore[operator]


def test_the_papers_statements_are_compared_by_hand(tmp_path: Path) -> None:
    grid = BenchmarkGrid.model_validate(
        {
            "simulation": "paper-fig5",
            "axes": {"photons": (50, 100, 1000), "codec.quality_percent": (70,)},
        }
    )
    counts = {(100, "net"): 130, (100, "Picasso gausslq"): 100}
    counts |= {(50, "net"): 30, (50, "Picasso gausslq"): 1}
    counts |= {(1000, "net"): 180, (1000, "Picasso gausslq"): 200}
    results = tuple(
        CellResult(
            method=method,
            settings={"photons": photons, "codec.quality_percent": 70},
            figures={
                "nearest_found": count,
                "nearest_share": count / 300,
                "nearest_distance_nm": 0.1 * count,
            },
            true_molecules=300,
            found_molecules=count,
            bits_per_px=1,
        )
        for (photons, method), count in counts.items()
    )
    run = BenchmarkRun(grid, results, (), Picasso(tmp_path), 0, 1.0, {})
    comparison = compare_with_paper(run)
    assert comparison is not None
    assert comparison.rows == (
        ("50", (("30 and 1", "next to nothing"),)),
        ("100", (("× 1.30", "+3.0 nm"),)),
        ("1000", (("× 0.90", "-2.0 nm"),)),
    )
    # thirty times next to nothing is no achievement
    assert comparison.too_few == 1
    ours = dict(comparison.sentences)
    assert ours["The network finds more events than ThunderSTORM in every cell."] == (
        "More in 1 of 2 cells."
    )
    assert ours["About 20 % more at 500 photons and fewer."].startswith("+30 % on average")
    assert ours["More accurate above 500 photons."] == "Mean distance -2.0 nm."
