"""Back over filters and drift corrections, from files alone."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, read_table, write_table
from cellstorm.refine import filter_table, undo_table
from cellstorm.refine.drift import DriftCurve, correct_table

FRAMES = 400


@pytest.fixture
def table(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    rows = pl.DataFrame(
        {
            "frame": np.sort(random.integers(FRAMES, size=2_000)).astype(np.uint32),
            "x_nm": random.uniform(0, 9_000, 2_000),
            "y_nm": random.uniform(0, 9_000, 2_000),
            "z_nm": random.uniform(-300, 300, 2_000).astype(np.float32),
            "photons": random.exponential(900, 2_000).astype(np.float32),
        }
    )
    write_table(Localizations(rows), tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


@pytest.fixture
def curve() -> DriftCurve:
    frame = np.arange(FRAMES)
    time, error = frame.astype(np.float64), np.ones(FRAMES)
    return DriftCurve(frame, 0.3 * time, np.sin(time), error, error, -0.1 * time, error)


def test_a_drift_is_undone_by_its_source(table: Path, curve: DriftCurve) -> None:
    correct_table(table, table.with_name("b.parquet"), curve)
    assert undo_table(table.with_name("b.parquet"))[:2] == (table, 2_000)


def test_a_drift_whose_source_is_gone_is_put_back_by_its_curve(
    table: Path, curve: DriftCurve
) -> None:
    was = read_table(table)
    corrected = table.with_name("b.parquet")
    correct_table(table, corrected, curve)
    table.unlink()
    found, rows, notices = undo_table(corrected)
    again = read_table(found)
    assert (found, rows) == (table, 2_000)
    for name, most_nm in (("x_nm", 1e-9), ("y_nm", 1e-9), ("z_nm", 1e-3)):
        assert np.abs(again.column(name) - was.column(name)).max() < most_nm
    assert again.metadata.history == was.metadata.history
    assert any("by the curve" in notice for notice in notices)


def test_a_filter_after_a_drift_is_undone_from_the_first_table_alone(
    table: Path, curve: DriftCurve
) -> None:
    bright, still, last = (table.with_name(f"{word}.parquet") for word in ("b", "c", "d"))
    filter_table(table, bright, ["photons > 300"])
    correct_table(bright, still, curve)
    filter_table(still, last, ["x_nm < 5 um"])
    was = read_table(still)
    bright.unlink()
    still.unlink()
    found, rows, _ = undo_table(last)
    assert (found, rows) == (still, len(was))
    assert read_table(still).data.equals(was.data)


def test_a_drift_without_its_source_and_its_curve_stays(table: Path, curve: DriftCurve) -> None:
    corrected = table.with_name("b.parquet")
    done = correct_table(table, corrected, curve)
    table.unlink()
    done.curve.write_text(done.curve.read_text().replace("0.3", "0.4"))
    with pytest.raises(TableError, match=r"a\.parquet, and the curve of the drift, b\.drift\.csv"):
        undo_table(corrected)
    assert not table.exists()


def test_rows_that_the_correction_left_out_are_told(table: Path, curve: DriftCurve) -> None:
    holes = table.with_name("holes.parquet")
    data = read_table(table).data
    gone = pl.when(pl.col("frame") < 5).then(np.nan).otherwise(pl.col("x_nm"))
    data.with_columns(x_nm=gone).write_parquet(holes)
    corrected = table.with_name("b.parquet")
    done = correct_table(holes, corrected, curve)
    holes.unlink()
    _, rows, notices = undo_table(corrected)
    assert rows == done.rows < 2_000
    assert f"{2_000 - rows} rows without a finite position had been left out" in notices
