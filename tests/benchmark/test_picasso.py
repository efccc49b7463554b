"""Picasso as a rival: found, told the camera, its threshold chosen."""

import math
import os
from pathlib import Path

import polars as pl
import pytest

from cellstorm.benchmark import (
    PICASSO_VARIABLE,
    BenchmarkGrid,
    best_threshold,
    find_picasso,
    run_benchmark,
)
from cellstorm.errors import ConfigurationError
from cellstorm.evaluate import Score, score


def test_the_best_threshold_keeps_the_true_and_drops_the_false() -> None:
    truth = pl.DataFrame({"frame": [0, 0, 1], "x_nm": [100.0, 900, 500], "y_nm": [100.0, 900, 500]})
    found = pl.DataFrame(
        {
            "frame": [0, 0, 1, 1, 1],
            "x_nm": [110.0, 900, 510, 2000, 3000],
            "y_nm": [100.0, 910, 500, 2000, 3000],
            "strength": [50.0, 70, 60, 20, 30],
        }
    )

    def compare(table: pl.DataFrame) -> Score:
        return score(table, truth)

    threshold, best = best_threshold(found, [10, 25, 40, 65, 99], compare)
    assert threshold == 40
    assert best.jaccard == 1.0


def test_where_no_threshold_finds_anything_the_lowest_is_taken() -> None:
    truth = pl.DataFrame({"frame": [0], "x_nm": [100.0], "y_nm": [100.0]})
    found = pl.DataFrame({"frame": [0], "x_nm": [9e3], "y_nm": [9e3], "strength": [5.0]})
    threshold, best = best_threshold(found, [1, 10], lambda table: score(table, truth))
    assert threshold == 1
    assert math.isnan(best.rmse_nm)


def test_a_python_without_picasso_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="no Python that can be started"):
        find_picasso(tmp_path / "python")
    empty = tmp_path / "empty"
    empty.write_text("#!/bin/sh\nexit 1\n")
    empty.chmod(0o755)
    monkeypatch.setenv(PICASSO_VARIABLE, str(empty))
    with pytest.raises(ConfigurationError, match="pip install picassosr"):
        find_picasso()


@pytest.mark.slow
@pytest.mark.skipif(PICASSO_VARIABLE not in os.environ, reason="Picasso is not installed")
def test_picasso_sits_on_the_truth(grid: BenchmarkGrid, tmp_path: Path) -> None:
    bright = BenchmarkGrid.model_validate(
        {
            **grid.model_dump(),
            "axes": {"photons": (3000,)},
            "simulation": grid.simulation.changed(
                {"codec": "none", "density_per_um2_frame": 0.05, "structure": "uniform"}
            ),
        }
    )
    picasso = find_picasso()
    run = run_benchmark(bright, tmp_path, picasso=picasso)
    rival = run.results[-1]
    assert rival.method == "Picasso gausslq"
    # half a pixel wrong would be 70 nm
    rmse_nm = rival.figures["rmse_nm"]
    assert rmse_nm is not None
    assert rmse_nm < 40
