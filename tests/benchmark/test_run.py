"""Running a grid: figures, cache, resuming, failures."""

from pathlib import Path

import polars as pl
import pytest

from cellstorm.benchmark import (
    BenchmarkGrid,
    BenchmarkProgress,
    BenchmarkRun,
    Picasso,
    result_table,
    run_benchmark,
)
from cellstorm.benchmark.agreement import Agreement
from cellstorm.benchmark.movies import MovieStore


@pytest.fixture(scope="module")
def done(
    grid: BenchmarkGrid, tmp_path_factory: pytest.TempPathFactory
) -> tuple[BenchmarkRun, Path]:
    folder = tmp_path_factory.mktemp("benchmark")
    return run_benchmark(grid, folder), folder


def comparable(run: BenchmarkRun) -> pl.DataFrame:
    """All figures but the speed."""
    return result_table(run).drop("frames_per_s")


def test_every_method_has_every_figure_in_every_cell(done: tuple[BenchmarkRun, Path]) -> None:
    run, folder = done
    assert [(result.settings["photons"], result.method) for result in run.results] == [
        (400, "single"),
        (1500, "single"),
    ]
    faint, bright = run.results
    for result in run.results:
        # three coding blocks are too few to look for their grid
        unknown = {name for name, value in result.figures.items() if value is None}
        assert unknown <= {"block_grid"}
        for name, (low, high) in result.intervals.items():
            value = result.figures[name]
            assert value is not None
            assert low <= value <= high
    assert bright.figures["rmse_nm"] < faint.figures["rmse_nm"]  # type: ignore[operator]
    assert not (folder / "movies").exists()


def test_finished_cells_are_not_run_again(
    done: tuple[BenchmarkRun, Path], grid: BenchmarkGrid
) -> None:
    first, folder = done
    kept = {path: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}
    again = run_benchmark(grid, folder)
    assert again.from_earlier == 2
    assert {path: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()} == kept
    assert result_table(again).equals(result_table(first))
    assert again.pictures == first.pictures


def test_only_what_is_new_is_run(
    done: tuple[BenchmarkRun, Path], grid: BenchmarkGrid, tmp_path: Path
) -> None:
    _, folder = done
    (tmp_path / "cells").symlink_to(folder / "cells")
    frames: list[int] = []
    wider = BenchmarkGrid.model_validate(
        {**grid.model_dump(), "axes": {"photons": (400, 1500, 3000)}}
    )
    run = run_benchmark(wider, tmp_path, progress=lambda now: frames.append(now.frames_total))
    assert run.from_earlier == 2
    assert len(run.results) == 3
    # one movie made and seen by one method
    assert set(frames) == {2 * 30}


def test_a_stopped_run_goes_on_and_gives_the_same(
    done: tuple[BenchmarkRun, Path], grid: BenchmarkGrid, tmp_path: Path
) -> None:
    def stop(progress: BenchmarkProgress) -> None:
        if progress.cells_done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_benchmark(grid, tmp_path, progress=stop)
    rest = run_benchmark(grid, tmp_path)
    assert rest.from_earlier == 1
    assert comparable(rest).equals(comparable(done[0]))


def test_a_spoilt_result_is_made_again(
    done: tuple[BenchmarkRun, Path], grid: BenchmarkGrid, tmp_path: Path
) -> None:
    run_benchmark(grid, tmp_path)
    spoilt = next((tmp_path / "cells").glob("*.json"))
    spoilt.write_text(spoilt.read_text()[:40])
    again = run_benchmark(grid, tmp_path)
    assert again.from_earlier == 1
    assert comparable(again).equals(comparable(done[0]))


def test_a_method_that_fails_names_itself_and_leaves_the_others(
    grid: BenchmarkGrid, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'the box is empty' >&2\nexit 3\n")
    python.chmod(0o755)
    run = run_benchmark(grid, tmp_path / "out", picasso=Picasso(python, version="1"))
    assert [result.method for result in run.results] == ["single", "single"]
    assert [(failure.cell, failure.method) for failure in run.failures] == [
        ("photons 400", "Picasso gausslq"),
        ("photons 1500", "Picasso gausslq"),
    ]
    assert "the box is empty" in run.failures[0].message
    assert "measure_picasso" in run.failures[0].log.read_text()


def test_movies_stay_when_asked_for_and_are_used_again(grid: BenchmarkGrid, tmp_path: Path) -> None:
    run_benchmark(grid, tmp_path, keep_movies=True)
    movies = sorted((tmp_path / "movies").glob("*/movie.mp4"))
    assert len(movies) == 2
    made = [movie.stat().st_mtime_ns for movie in movies]
    other = BenchmarkGrid.model_validate(
        {**grid.model_dump(), "methods": {"fixed": {"emitters": "single", "sigma_px": 1.3}}}
    )
    run = run_benchmark(other, tmp_path, keep_movies=True)
    assert run.from_earlier == 0
    assert [movie.stat().st_mtime_ns for movie in movies] == made


def test_movies_of_several_seeds_are_scored_as_one(grid: BenchmarkGrid, tmp_path: Path) -> None:
    two = BenchmarkGrid.model_validate({**grid.model_dump(), "seeds": (7, 8), "axes": {}})
    (cell,) = two.cells()
    movies = MovieStore(tmp_path, keep=True).movies(cell.simulations, lambda frames: None)
    agreement = Agreement(movies)
    perfect = agreement.joined([movie.visible_truth for movie in movies])
    figures, _ = agreement.figures(perfect)
    assert agreement.visible.height == sum(movie.visible_truth.height for movie in movies)
    assert figures["jaccard"] == 1.0
    assert figures["rmse_nm"] == 0.0
    # the movies swapped: each against the truth of the other
    swapped = agreement.joined([movie.visible_truth for movie in reversed(movies)])
    assert agreement.score(swapped).jaccard < 0.5
