"""Which molecules the figures of a benchmark count."""

import polars as pl
import pytest

from cellstorm.benchmark import BenchmarkGrid
from cellstorm.benchmark.agreement import Agreement
from cellstorm.benchmark.movies import MovieStore


@pytest.fixture(scope="module")
def agreement(grid: BenchmarkGrid, tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    cell = grid.cells()[0]
    store = MovieStore(tmp_path_factory.mktemp("movies"), keep=True)
    return Agreement(store.movies(cell.simulations, lambda frames: None))


def test_the_papers_count_is_of_every_event_however_faint(agreement: Agreement) -> None:
    assert agreement.visible.height < agreement.truth.height
    figures, _ = agreement.figures(agreement.truth)
    assert figures["nearest_found"] == agreement.truth.height
    assert figures["nearest_share"] == 1.0


def test_all_other_figures_leave_the_faint_out(agreement: Agreement) -> None:
    figures, _ = agreement.figures(agreement.visible)
    assert figures["recall"] == figures["precision"] == 1.0
    lonely = agreement.visible.filter(pl.col("photons") == pl.col("photons").max())
    figures, _ = agreement.figures(lonely)
    assert figures["recall"] == pytest.approx(lonely.height / agreement.visible.height)
