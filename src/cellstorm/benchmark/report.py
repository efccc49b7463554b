"""The results as one HTML file that needs nothing else, and as a Parquet table."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from cellstorm.atomic_file import atomic_file
from cellstorm.benchmark.benchmark_run import BenchmarkRun
from cellstorm.benchmark.curves import draw_curves, method_colours
from cellstorm.benchmark.figures import FIGURES, Figure
from cellstorm.benchmark.grid import FIRST_EVALUATION_SEED, Cell, axis_heading, value_text
from cellstorm.benchmark.machine import machine_facts, version_facts
from cellstorm.benchmark.paper import compare_with_paper
from cellstorm.benchmark.result import CellResult
from cellstorm.html_page import png_uri, write_html_page

__all__ = ["result_table", "write_report", "write_table"]

_TEMPLATE = "report.html.jinja"


@dataclass(frozen=True)
class _Value:
    """A figure in the table: text, its interval, and whether no method has a better one."""

    text: str
    interval: str
    best: bool


@dataclass(frozen=True)
class _Row:
    method: str
    colour: str
    values: tuple[_Value, ...]
    found: int
    threshold: str
    failed: str


@dataclass(frozen=True)
class _Shown:
    """A cell in the report."""

    label: str
    bits_per_px: str
    true_molecules: str
    rows: tuple[_Row, ...]
    pictures: tuple[tuple[str, str], ...]


def write_table(run: BenchmarkRun, path: Path) -> None:
    """Write all figures as Parquet, a row a cell and method.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    with atomic_file(path) as temporary:
        result_table(run).write_parquet(temporary)


def result_table(run: BenchmarkRun) -> pl.DataFrame:
    """All figures, a row a cell and method.

    A column for every axis, then ``method``, every figure by its name with
    ``NAME_low`` and ``NAME_high`` where it has an interval, and what else is known.
    """
    rows = []
    for result in run.results:
        row: dict[str, Any] = {
            name: value if isinstance(value, int | float | bool) else value_text(value)
            for name, value in result.settings.items()
        }
        row["method"] = result.method
        for name, value in result.figures.items():
            row[name] = value
            if name in result.intervals:
                row[f"{name}_low"], row[f"{name}_high"] = result.intervals[name]
        row |= {
            "true_molecules": result.true_molecules,
            "found_molecules": result.found_molecules,
            "bits_per_px": result.bits_per_px,
            "threshold": result.threshold,
        }
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None, strict=False)


def write_report(run: BenchmarkRun, path: Path, *, command: str) -> None:
    """Write the report.

    Parameters
    ----------
    run
        What to report.
    path
        The HTML file.
    command
        Line that makes it again.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    write_html_page(path, _TEMPLATE, _content(run, command), package="cellstorm.benchmark")


def _content(run: BenchmarkRun, command: str) -> dict[str, Any]:
    grid = run.grid
    cells = grid.cells()
    simulation = cells[0].simulations[0]
    colours = method_colours(run.methods)
    figures = [
        figure
        for figure in FIGURES.values()
        if any(result.figures.get(figure.name) is not None for result in run.results)
    ]
    return {
        "title": grid.title,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
        "axes": {
            axis_heading(name): ", ".join(map(value_text, values))
            for name, values in grid.axes.items()
        },
        "cells_total": len(cells),
        "frames": simulation.frames,
        "size": f"{simulation.width_px} × {simulation.height_px} px of"
        f" {value_text(simulation.pixel_size_nm)} nm",
        "seeds": ", ".join(map(str, grid.seeds)),
        "seeds_are_for_tuning": min(grid.seeds) < FIRST_EVALUATION_SEED,
        "methods": [
            {
                "name": name,
                "colour": colours[name],
                "about": _about(run, name),
            }
            for name in run.methods
        ],
        "picasso": run.picasso,
        "picasso_is_missing": grid.picasso and run.picasso is None,
        "figures": figures,
        "shown": [_shown(run, cell, figures, colours) for cell in cells],
        "pictured": [
            _shown(run, cell, figures, colours)
            for cell in _corners(cells, grid.axes, grid.pictures)
        ],
        "curves": draw_curves(grid.axes, run.results, run.methods),
        "failures": run.failures,
        "paper": compare_with_paper(run),
        "seconds": run.seconds,
        "from_earlier": run.from_earlier,
        "results_total": len(cells) * len(run.methods),
        "machine": machine_facts(),
        "versions": version_facts()
        | ({} if run.picasso is None else {"Picasso": run.picasso.version or "unknown"}),
        "configuration": grid.to_yaml(),
    }


def _about(run: BenchmarkRun, name: str) -> str:
    choice = run.grid.methods.get(name)
    if choice is None:
        return (
            "box 7; told the camera's offset and gain; its threshold is the best of"
            f" {len(run.picasso.thresholds) if run.picasso else 0} in every cell, chosen with the"
            " truth in hand; timed from decoded frames in memory"
        )
    changed = choice.settings.model_dump(mode="json", exclude_defaults=True)
    settings = ", ".join(f"{key} {value_text(value)}" for key, value in changed.items())
    told = "told the camera" if choice.camera_known else "given nothing but the movie's file"
    return (
        f"cellstorm's {choice.kind} method, {settings or 'all defaults'}; {told};"
        " timed with opening and decoding"
    )


def _shown(
    run: BenchmarkRun, cell: Cell, figures: Sequence[Figure], colours: Mapping[str, str]
) -> _Shown:
    there = {result.method: result for result in run.results if result.settings == cell.settings}
    failed = {
        failure.method: failure.message for failure in run.failures if failure.cell == cell.label
    }
    rows = []
    for method in run.methods:
        result = there.get(method)
        rows.append(
            _Row(
                method=method,
                colour=colours[method],
                values=()
                if result is None
                else tuple(_value(figure, result, list(there.values())) for figure in figures),
                found=0 if result is None else result.found_molecules,
                threshold=""
                if result is None or result.threshold is None
                else value_text(result.threshold),
                failed=failed.get(method, failed.get("simulation", "")) if result is None else "",
            )
        )
    names = ("frame", "truth", *run.methods)
    any_result = next(iter(there.values()), None)
    return _Shown(
        label=cell.label or "the movie",
        bits_per_px="–" if any_result is None else f"{any_result.bits_per_px:.2f}",
        true_molecules="–" if any_result is None else f"{any_result.true_molecules:,}",
        rows=tuple(rows),
        pictures=tuple(
            (name, png_uri(run.pictures[cell.number, name].read_bytes()))
            for name in names
            if (cell.number, name) in run.pictures
        ),
    )


def _value(figure: Figure, result: CellResult, beside: Sequence[CellResult]) -> _Value:
    value = result.figures.get(figure.name)
    interval = result.intervals.get(figure.name)
    known = [
        other
        for other in (neighbour.figures.get(figure.name) for neighbour in beside)
        if other is not None
    ]
    best = False
    if value is not None and figure.better is not None and len(known) > 1:
        best = value == (max(known) if figure.better == "higher" else min(known))
    return _Value(
        figure.text(value),
        "" if interval is None else f"{figure.text(interval[0])} to {figure.text(interval[1])}",
        best,
    )


def _corners(cells: Sequence[Cell], axes: Mapping[str, Sequence[Any]], most: int) -> list[Cell]:
    """The corners of the grid and, if that is not enough, cells from the first on."""
    ends = [dict.fromkeys((0, len(values) - 1)) for values in axes.values()]
    strides = [1]
    for values in reversed(list(axes.values())[1:]):
        strides.insert(0, strides[0] * len(values))
    corners = [
        sum(place * stride for place, stride in zip(corner, strides, strict=False))
        for corner in itertools.product(*ends)
    ]
    # opposite corners first: with two pictures, the easiest and the hardest cell
    ordered = list(dict.fromkeys([corners[0], corners[-1], *corners, *range(len(cells))]))
    return [cells[number] for number in sorted(ordered[:most])]
