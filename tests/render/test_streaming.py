from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.cli.render import render as render_verb
from cellstorm.errors import ConfigurationError, TableError
from cellstorm.localizations import Localizations, scan_table, write_table
from cellstorm.render import HistogramMode, JitteredMode, RenderMode, render, render_rows

Molecules = Callable[..., Localizations]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellstorm.render.streaming._ROWS_PER_BATCH", 37)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("mode", ["gaussian", HistogramMode(), JitteredMode(jitters=3, seed=5)])
def test_a_table_read_in_batches_gives_the_same_picture(
    tmp_path: Path, molecules: Molecules, mode: RenderMode | str
) -> None:
    there = molecules()
    data = there.data.with_columns(
        uncertainty_x_nm=pl.when(pl.col("frame") < 5)
        .then(float("nan"))
        .otherwise(pl.col("uncertainty_x_nm"))
    )
    there = there.with_data(data)
    write_table(there, tmp_path / "a.parquet")
    for region in (None, (400.0, 1200.0, 300.0, 900.0)):
        whole = render(there, mode=mode, region_nm=region)
        streamed = render_rows(*scan_table(tmp_path / "a.parquet"), mode=mode, region_nm=region)
        assert streamed.molecules == len(there)
        assert streamed.picture.label == whole.label
        assert streamed.picture.values == pytest.approx(whole.values, rel=1e-5, abs=1e-6)


def test_the_verb_says_the_same_of_a_large_table(
    tmp_path: Path,
    molecules: Molecules,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_table(molecules(), tmp_path / "a.parquet")
    render_verb(tmp_path / "a.parquet", region_nm="0:1000,0:600")
    held, picture = capsys.readouterr().out, (tmp_path / "a.gaussian.png").read_bytes()
    (tmp_path / "a.gaussian.png").unlink()
    monkeypatch.setattr("cellstorm.cli.render._MOST_ROWS_HELD", 100)
    render_verb(tmp_path / "a.parquet", region_nm="0:1000,0:600")
    assert capsys.readouterr().out == held
    assert (tmp_path / "a.gaussian.png").read_bytes() == picture


def test_what_cannot_be_drawn_is_refused_before_it_is_read(molecules: Molecules) -> None:
    there = molecules()
    holes = there.data.with_columns(x_nm=pl.Series(np.r_[np.nan, there.column("x_nm")[1:]]))
    with pytest.raises(TableError, match="1 of 300 rows have no finite"):
        render_rows(holes.lazy(), there.metadata)
    with pytest.raises(ConfigurationError, match="too many for one piece"):
        render_rows(there.data.lazy(), there.metadata, pixel_nm=0.05)
    bare = there.data.select("frame", "x_nm", "y_nm")
    with pytest.raises(ConfigurationError, match="needs the molecules' uncertainty"):
        render_rows(bare.lazy(), there.metadata)
