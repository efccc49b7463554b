"""``cellstorm benchmark``: the promises of the command line."""

from pathlib import Path

import pytest

from cellstorm.benchmark import BenchmarkGrid, read_grid
from cellstorm.cli import main


def run(*tokens: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["benchmark", *map(str, tokens)])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.fixture
def file(grid: BenchmarkGrid, tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(grid.to_yaml())
    return path


def test_a_grid_from_a_file_gives_report_table_and_itself(
    file: Path, grid: BenchmarkGrid, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert run(file, "--output", output, "--frames", "20") == 0
    assert sorted(path.name for path in output.iterdir()) == [
        "cells",
        "figures.parquet",
        "grid.yaml",
        "report.html",
    ]
    assert read_grid(output / "grid.yaml") == grid.model_copy(update={"frames": 20})
    printed = capsys.readouterr().out
    assert "Jaccard" in printed
    assert str(output / "report.html") in printed
    # the place of the file is nobody's business who reads the report
    assert str(tmp_path) not in (output / "report.html").read_text()


def test_a_failing_method_ends_with_1_after_the_report(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && echo 0.0 && exit 0\nexit 3\n')
    python.chmod(0o755)
    output = tmp_path / "out"
    assert run(file, "--output", output, "--frames", "20", "--picasso", python) == 1
    assert "Failed: photons 400: Picasso gausslq" in capsys.readouterr().err
    assert "measurements failed" in (output / "report.html").read_text()


@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        (("fig6",), ("fig6", "quick", "fig5")),
        (("quick", "--method", "magic"), ("magic", "gaussian", "picasso")),
        (("quick", "--frames", "0"), ("frames", "1")),
        (("quick", "--workers", "0"), ("--workers",)),
        (("quick", "--picasso", "nowhere/python"), ("nowhere/python", "--picasso")),
    ],
)
def test_bad_input_ends_with_2_and_a_sentence(
    tokens: tuple[str, ...],
    named: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*tokens) == 2
    printed = capsys.readouterr().err
    for word in named:
        assert word in printed
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_grid_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert run(path, "--output", tmp_path / "out") == 2
    assert "grid.yaml" in capsys.readouterr().err
    assert run(tmp_path, "--output", tmp_path / "out") == 2
