"""What ``cellstorm score`` prints: tables for a person, one JSON object for a program."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from cellstorm import __version__
from cellstorm.evaluate import Interval, NearestTruthScore, Score, ScoreOptions

__all__ = ["ScoreReport"]

# figure, what a person calls it, how it is written
_FIGURES = (
    ("recall", "recall: true ones found", "{:.3f}"),
    ("precision", "precision: found ones true", "{:.3f}"),
    ("jaccard", "Jaccard index", "{:.3f}"),
    ("f1", "F1", "{:.3f}"),
    ("rmse_nm", "RMSE, lateral, nm", "{:.1f}"),
    ("mean_distance_nm", "mean distance, nm", "{:.1f}"),
    ("bias_x_nm", "bias along x, nm", "{:+.1f}"),
    ("bias_y_nm", "bias along y, nm", "{:+.1f}"),
    ("efficiency", "efficiency, lateral", "{:.3f}"),
    ("rmse_axial_nm", "RMSE, axial, nm", "{:.1f}"),
    ("bias_z_nm", "bias along z, nm", "{:+.1f}"),
    ("efficiency_axial", "efficiency, axial", "{:.3f}"),
    ("efficiency_3d", "efficiency, overall", "{:.3f}"),
    ("photon_ratio", "photons, found / true", "{:.3f}"),
    ("photon_correlation", "photons, correlation", "{:.3f}"),
)
_AXIAL = ("rmse_axial_nm", "bias_z_nm", "efficiency_axial", "efficiency_3d")
_LIGHT = ("photon_ratio", "photon_correlation")


@dataclass(frozen=True, eq=False)
class ScoreReport:
    """All that was found out about a table.

    Attributes
    ----------
    table, truth
        The two files.
    options
        What counted.
    score, intervals, nearest, by_photons, by_neighbours
        Of `cellstorm.evaluate`; no interval where none were asked for.
    notices
        What the user should know.
    """

    table: Path
    truth: Path
    options: ScoreOptions
    score: Score
    intervals: dict[str, Interval]
    nearest: NearestTruthScore
    by_photons: pl.DataFrame
    by_neighbours: pl.DataFrame
    notices: list[str]

    def as_json(self) -> str:
        """One object; what has no value is null."""
        figures: dict[str, Any] = {}
        for name, _, _ in _FIGURES:
            figures[name] = {"value": getattr(self.score, name)}
            if name in self.intervals:
                figures[name] |= asdict(self.intervals[name])
        report = {
            "table": str(self.table),
            "truth": str(self.truth),
            "cellstorm": __version__,
            "options": self.options.model_dump(mode="json"),
            "frames": self.score.frames,
            "true_positives": self.score.true_positives,
            "false_positives": self.score.false_positives,
            "false_negatives": self.score.false_negatives,
            "figures": figures,
            "nearest_truth_200_nm": asdict(self.nearest),
            "by_photons": self.by_photons.to_dicts(),
            "by_neighbours_500_nm": self.by_neighbours.to_dicts(),
            "notices": self.notices,
        }
        return json.dumps(_without_nan(report), indent=2, allow_nan=False)

    def show(self) -> None:
        """Print it as tables."""
        console = Console(highlight=False, markup=False, soft_wrap=True)
        score = self.score
        found = score.true_positives + score.false_positives
        true = score.true_positives + score.false_negatives
        console.print(f"{self.table} against {self.truth}")
        console.print(
            f"{found} found and {true} true molecules, in {score.frames} frames that have any,"
            f" make {score.true_positives} pairs ({self._rule()})"
        )
        console.print(_table(("", "value", "95 % interval"), self._figure_rows()))
        if self.by_photons.height:
            console.print("By the light of the true molecules:")
            console.print(_table(("photons", *_SPLIT, "photons, found / true"), self._by_photons()))
        if self.by_neighbours.height:
            console.print("By the true neighbours within 500 nm:")
            console.print(_table(("neighbours", *_SPLIT), self._by_neighbours()))
        near = self.nearest
        console.print(
            "As in the cellSTORM paper (nearest truth within 200 nm, which flatters):"
            f" {near.events_found} of {near.true_events} true events found"
            f" ({near.found_fraction:.1%}), mean distance"
            f" {_text(near.mean_distance_nm, '{:.1f}')} nm"
        )
        for notice in self.notices:
            console.print(f"Note: {notice}")

    def _rule(self) -> str:
        options = self.options
        parts = [f"within {options.radius_nm:g} nm"]
        if not math.isnan(self.score.rmse_axial_nm):
            parts.append(f"{options.axial_radius_nm:g} nm axially")
        if options.border_nm:
            parts.append(f"border of {options.border_nm:g} nm left out")
        if options.faintest_photons:
            parts.append(f"those under {options.faintest_photons:g} photons {self._faint()}")
        if options.faintest_quantile:
            parts.append(f"the faintest {options.faintest_quantile:.0%} {self._faint()}")
        if options.frames is not None:
            parts.append(f"frames {options.frames[0]} to {options.frames[1] - 1}")
        return ", ".join(parts)

    def _faint(self) -> str:
        return "ignored" if self.options.faint == "ignored" else "not looked for"

    def _figure_rows(self) -> Iterator[tuple[str, ...]]:
        for name, label, form in _FIGURES:
            value = getattr(self.score, name)
            if math.isnan(value) and name in (*_AXIAL, *_LIGHT):
                continue
            ends = self.intervals.get(name, Interval(math.nan, math.nan))
            between = f"{_text(ends.low, form)} to {_text(ends.high, form)}"
            yield label, _text(value, form), "-" if math.isnan(ends.low) else between

    def _by_photons(self) -> Iterator[tuple[str, ...]]:
        for row in self.by_photons.iter_rows(named=True):
            label = f"{row['photons_from']:.0f} to {row['photons_to']:.0f}"
            yield label, *_split_cells(row), _text(row["photon_ratio"], "{:.3f}")

    def _by_neighbours(self) -> Iterator[tuple[str, ...]]:
        for row in self.by_neighbours.iter_rows(named=True):
            low, high = row["neighbours_from"], row["neighbours_to"]
            label = (
                f"{low} or more"
                if high is None
                else f"{low}"
                if low == high
                else f"{low} to {high}"
            )
            yield label, *_split_cells(row)


_SPLIT = ("true", "found", "recall", "RMSE, nm")


def _split_cells(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(row["true"]),
        str(row["found"]),
        _text(row["recall"], "{:.3f}"),
        _text(row["rmse_nm"], "{:.1f}"),
    )


def _table(headings: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _text(value: float | None, form: str) -> str:
    return "-" if value is None or math.isnan(value) else form.format(value)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
