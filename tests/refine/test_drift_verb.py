"""``cellstorm drift``."""

import re
from pathlib import Path
from typing import Protocol

import pytest

from cellstorm.cli import main
from cellstorm.localizations import Localizations, read_table, write_table
from cellstorm.refine.drift import correct_drift, save_curve


class Drifted(Protocol):
    """A table and the drift in it."""

    @property
    def table(self) -> Localizations: ...


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(word) for word in words])
    return int(exit_.value.code or 0)


def resolutions(printed: str) -> tuple[float, float]:
    """Before and after, nm, from what the verb printed."""
    told = re.search(r"\(FRC\): ([\d.]+)[^,]* nm before, ([\d.]+).* nm after", printed)
    assert told is not None, printed
    return float(told[1]), float(told[2])


def test_drift_writes_table_curve_and_picture_and_says_what_it_found(
    tmp_path: Path, lines: Drifted, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(lines.table, tmp_path / "a.locs.parquet")
    assert run("drift", tmp_path / "a.locs.parquet") == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "a.locs.parquet",
        "a.locs.undrifted.parquet",
        "a.locs.undrifted.drift.csv",
        "a.locs.undrifted.drift.png",
    }
    printed = capsys.readouterr().out
    assert "x: from" in printed
    assert "two halves of the molecules differ by x" in printed
    before_nm, after_nm = resolutions(printed)
    assert after_nm < 0.5 * before_nm
    assert "Warning" not in printed


def test_a_correction_that_blurs_is_never_silent(
    tmp_path: Path, lines: Drifted, capsys: pytest.CaptureFixture[str]
) -> None:
    corrected, found = correct_drift(lines.table)
    write_table(corrected, tmp_path / "a.parquet")
    save_curve(found.curve.reversed(), tmp_path / "wrong.csv")
    assert run("drift", tmp_path / "a.parquet", "--curve", tmp_path / "wrong.csv") == 0
    printed = capsys.readouterr().out
    before_nm, after_nm = resolutions(printed)
    assert after_nm > 2 * before_nm
    assert "Warning: the correction made the resolution worse" in printed
    assert "--undo" in printed


def test_a_curve_can_be_taken_out_of_another_table(
    tmp_path: Path, lines: Drifted, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(lines.table, tmp_path / "a.parquet")
    run("drift", tmp_path / "a.parquet")
    curve = tmp_path / "a.undrifted.drift.csv"
    assert run("drift", tmp_path / "a.parquet", "--curve", curve, "-o", tmp_path / "c.parquet") == 0
    assert "not tested" in capsys.readouterr().out
    one, other = (read_table(tmp_path / name) for name in ("a.undrifted.parquet", "c.parquet"))
    assert one.column("x_nm") == pytest.approx(other.column("x_nm"), abs=1e-3)


def test_what_cannot_be_corrected_ends_with_two_and_a_sentence(
    tmp_path: Path, still: Drifted, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(still.table, tmp_path / "a.parquet")
    assert run("drift", tmp_path / "a.parquet") == 2
    printed = capsys.readouterr().err
    assert "a.parquet: no drift can be told from its uncertainty" in printed
    assert "Leave the table as it is" in printed


def test_an_option_of_another_method_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("drift", tmp_path / "a.parquet", "--segments", "5") == 2
    assert "--segments: this is an option of --method rcc" in capsys.readouterr().err


def test_the_least_entropy_is_found_by_its_name(
    tmp_path: Path, lines: Drifted, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(lines.table, tmp_path / "a.parquet")
    assert run("drift", tmp_path / "a.parquet", "--method", "dme", "--frames-per-block", "30") == 0
    printed = capsys.readouterr().out
    assert "found by DME" in printed
    before_nm, after_nm = resolutions(printed)
    assert after_nm < 0.5 * before_nm
