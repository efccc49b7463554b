"""Curves of the report: one small SVG for a figure and a place on the other axes."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellstorm.benchmark.figures import FIGURES, Figure
from cellstorm.benchmark.grid import axis_heading, axis_title, axis_value, value_text
from cellstorm.benchmark.result import CellResult

__all__ = ["METHOD_COLOURS", "CurvePanel", "Curves", "draw_curves", "method_colours"]

# Okabe and Ito 2008: told apart by colour-blind eyes, and in grey by their markers
METHOD_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_WIDTH_INCHES, _HEIGHT_INCHES = 3.4, 2.5
_LOGARITHMIC_RATIO = 8.0


@dataclass(frozen=True)
class CurvePanel:
    """One drawing.

    Attributes
    ----------
    title
        Place on the other axes: ``quality 70 %``; empty where there are none.
    svg
        The drawing, a file of its own.
    """

    title: str
    svg: str


@dataclass(frozen=True)
class Curves:
    """A figure of merit over the grid."""

    figure: Figure
    panels: tuple[CurvePanel, ...]


def method_colours(methods: Sequence[str]) -> dict[str, str]:
    """A colour for each method, in order."""
    return {
        name: METHOD_COLOURS[number % len(METHOD_COLOURS)] for number, name in enumerate(methods)
    }


def draw_curves(
    axes: Mapping[str, Sequence[Any]], results: Sequence[CellResult], methods: Sequence[str]
) -> list[Curves]:
    """Draw the figures marked for it along the axis that has most numbers.

    Parameters
    ----------
    axes
        The grid's axes with their values.
    results
        Of all cells and methods there are.
    methods
        Names in the order of the report.

    Returns
    -------
    list[Curves]
        Empty where no axis has two numbers on it.
    """
    along = _longest_numeric(axes)
    if along is None:
        return []
    others = [name for name in axes if name != along]
    places = {_place(result, others): None for result in results}
    drawn = []
    for figure in FIGURES.values():
        if not figure.curve:
            continue
        limits = _limits(figure, results)
        if limits is None:
            continue
        panels = []
        for place in places:
            there = [result for result in results if _place(result, others) == place]
            title = ", ".join(
                f"{axis_title(name)} {value}" for name, value in zip(others, place, strict=True)
            )
            panels.append(CurvePanel(title, _panel(figure, along, there, methods, limits)))
        drawn.append(Curves(figure, tuple(panels)))
    return drawn


def _longest_numeric(axes: Mapping[str, Sequence[Any]]) -> str | None:
    lengths = {
        name: len(values)
        for name, values in axes.items()
        if len(values) > 1
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    }
    return max(lengths, key=lambda name: lengths[name]) if lengths else None


def _place(result: CellResult, axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(axis_value(name, result.settings[name]) for name in axes)


def _limits(figure: Figure, results: Sequence[CellResult]) -> tuple[float, float] | None:
    """One scale for all panels of a figure, so that they can be compared."""
    values = [
        value
        for result in results
        for value in (
            result.figures.get(figure.name),
            *result.intervals.get(figure.name, ()),
        )
        if value is not None
    ]
    if not values:
        return None
    low, high = min(0.0, *values), max(values)
    margin = 0.05 * (high - low or 1.0)
    return low - (margin if low < 0 else 0.0), high + margin


def _panel(
    figure: Figure,
    along: str,
    results: Sequence[CellResult],
    methods: Sequence[str],
    limits: tuple[float, float],
) -> str:
    import matplotlib
    from matplotlib.figure import Figure as Canvas
    from matplotlib.ticker import FixedLocator, NullLocator

    # text stays text (small, and in the reader's font); ids without chance: same data, same file
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cellstorm"}):
        canvas = Canvas(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), layout="constrained")
        axes = canvas.add_subplot()
        everywhere: set[float] = set()
        for number, method in enumerate(methods):
            points = [result for result in results if result.method == method]
            xs, ys, lows, highs = [], [], [], []
            for result in sorted(points, key=lambda result: float(result.settings[along])):
                value = result.figures.get(figure.name)
                everywhere.add(float(result.settings[along]))
                if value is None:
                    continue
                low, high = result.intervals.get(figure.name, (value, value))
                xs.append(float(result.settings[along]))
                ys.append(value)
                lows.append(max(value - low, 0.0))
                highs.append(max(high - value, 0.0))
            axes.errorbar(
                xs,
                ys,
                yerr=(lows, highs),
                color=METHOD_COLOURS[number % len(METHOD_COLOURS)],
                marker=_MARKERS[number % len(_MARKERS)],
                markersize=4.5,
                linewidth=1.5,
                capsize=2.5,
            )
        ticks = sorted(everywhere)
        if ticks and ticks[0] > 0 and ticks[-1] / ticks[0] >= _LOGARITHMIC_RATIO:
            axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([value_text(tick) for tick in ticks])
        axes.set_ylim(*limits)
        axes.set_xlabel(axis_heading(along))
        axes.set_ylabel(figure.heading)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if limits[0] < 0 and math.isfinite(limits[0]):
            axes.axhline(0.0, color="#888888", linewidth=0.8)
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg", metadata={"Date": None})
        return buffer.getvalue()
