"""Fig 5: what each method finds over light and video quality, how exactly, and the block grid."""

from typing import TYPE_CHECKING

import numpy as np

from cellstorm.benchmark import BenchmarkRun
from cellstorm.benchmark.paper import PaperComparison, compare_two
from cellstorm.render import Contrast, Picture
from cellstorm.reproduce.block_artefact import (
    BlockArtefact,
    artefact_sentences,
    artefact_table,
    measure_artefacts,
)
from cellstorm.reproduce.drawing import COLOURS, plain, sheet, show_picture
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.methods import CLASSICAL, GAN, NET, spoken
from cellstorm.reproduce.paper_grid import PHOTONS, QUALITY, cell_figures, run_paper_grid
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Workshop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["make_fig5"]

_LEAST_SHARE = 0.05
_PART_PX = 32


def make_fig5(workshop: Workshop) -> Drawn:
    """Bars of what is found, curves of the distance, pictures of the block grid.

    Raises
    ------
    CellstormError
        A cell of the grid failed, or the low-light movie cannot be localized.
    """
    run = run_paper_grid(workshop)
    artefacts = measure_artefacts(workshop)
    qualities = run.grid.axes[QUALITY]
    canvas = sheet(3.0 * max(len(qualities), len(artefacts)), 8.6)
    upper, lower = canvas.subfigures(2, 1, squeeze=False, height_ratios=(2.0, 1.1))[:, 0]
    panels = upper.subplots(2, len(qualities), squeeze=False)
    for column, quality in enumerate(qualities):
        _draw_bars(panels[0, column], run, quality, first=column == 0)
        _draw_distances(panels[1, column], run, quality, first=column == 0)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    upper.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    for axes, one in zip(lower.subplots(1, len(artefacts)), artefacts, strict=True):
        _draw_artefact(axes, one)
    comparisons = [
        comparison
        for ours in (GAN, NET)
        if ours in run.methods and (comparison := compare_two(run, ours, CLASSICAL)) is not None
    ]
    return Drawn(
        title="Fig 5: events found within 200 nm, mean distance, and the grid of the codec",
        canvas=canvas,
        tables=(
            _table(run),
            *(_comparison_table(comparison) for comparison in comparisons),
            artefact_table(artefacts),
        ),
        sentences=(
            *(sentence for one in comparisons for sentence in _sentences(one)),
            *artefact_sentences(artefacts),
        ),
    )


def _draw_bars(axes: "Axes", run: BenchmarkRun, quality: float, *, first: bool) -> None:
    figures = cell_figures(run)
    levels = run.grid.axes[PHOTONS]
    width = 0.8 / len(run.methods)
    for number, name in enumerate(run.methods):
        heights = [
            100 * (figures[light, quality, name].figures["nearest_share"] or 0.0)
            for light in levels
        ]
        places = np.arange(len(levels)) + width * (number - 0.5 * (len(run.methods) - 1))
        axes.bar(places, heights, width, color=COLOURS[name], label=name)
    axes.set_xticks(range(len(levels)))
    axes.set_xticklabels([f"{light:g}" for light in levels])
    axes.set_ylim(0, 100)
    axes.set_title(f"quality {quality:g} %", fontsize=10)
    if first:
        axes.set_ylabel("events found within 200 nm, %")
    plain(axes)


def _draw_distances(axes: "Axes", run: BenchmarkRun, quality: float, *, first: bool) -> None:
    figures = cell_figures(run)
    levels = run.grid.axes[PHOTONS]
    everywhere = [
        result.figures["nearest_distance_nm"] or 0.0
        for result in run.results
        if (result.figures["nearest_share"] or 0.0) >= _LEAST_SHARE
    ]
    for name in run.methods:
        there = [figures[light, quality, name].figures for light in levels]
        axes.plot(
            range(len(levels)),
            [
                # the distance of a handful of molecules says nothing
                np.nan
                if (one["nearest_share"] or 0.0) < _LEAST_SHARE
                or one["nearest_distance_nm"] is None
                else one["nearest_distance_nm"]
                for one in there
            ],
            marker="o",
            markersize=4,
            color=COLOURS[name],
        )
    axes.set_xticks(range(len(levels)))
    axes.set_xticklabels([f"{light:g}" for light in levels])
    axes.set_ylim(0, 1.1 * max(everywhere, default=1.0))
    axes.set_xlabel("photons")
    if first:
        axes.set_ylabel("mean distance, nm")
    plain(axes)


def _draw_artefact(axes: "Axes", one: BlockArtefact) -> None:
    """The middle of the picture, blocks of 8 px as ticks."""
    fine = one.fine_per_px
    height, width = one.values.shape
    edge = min(_PART_PX, height // fine, width // fine)
    x0, y0 = (8 * ((length // fine - edge) // 16) for length in (width, height))
    # a pixel of the movie as the unit of length
    picture = Picture(one.values.astype(np.float32), 1.0 / fine, (0.0, 0.0))
    show_picture(
        axes,
        picture,
        region_nm=(x0, x0 + edge, y0, y0 + edge),
        colour_map="hot",
        contrast=Contrast(saturated_percent=1.0),
    )
    axes.set_xticks(range(x0, x0 + edge + 1, 8))
    axes.set_yticks(range(y0, y0 + edge + 1, 8))
    axes.tick_params(labelsize=7, length=3)
    made = "sum of its frames" if one.is_sum else "histogram"
    axes.set_title(f"{one.name}, {made}\nblock frequencies × {one.picture.ratio:.2f}", fontsize=8)
    axes.set_xlabel("px of the movie", fontsize=7)


def _table(run: BenchmarkRun) -> FigureTable:
    rows: list[tuple[Value, ...]] = []
    for result in run.results:
        figures = result.figures
        precision, share = figures["precision"], figures["nearest_share"]
        rows.append(
            (
                float(result.settings[PHOTONS]),
                float(result.settings[QUALITY]),
                result.method,
                _whole(figures["nearest_found"]),
                None if share is None else 100 * share,
                figures["nearest_distance_nm"],
                None if precision is None else 100 * (1 - precision),
                figures["block_grid"],
            )
        )
    columns = (
        "photons",
        "quality, %",
        "method",
        "events found",
        "of all, %",
        "distance, nm",
        "not true, %",
        "block grid",
    )
    return FigureTable(
        "Events found within 200 nm and mean distance (the paper's), found molecules that are not"
        " true, block grid over what chance gives",
        columns,
        tuple(rows),
    )


def _comparison_table(comparison: PaperComparison) -> FigureTable:
    rows: list[tuple[Value, ...]] = [
        (light, *(f"{ratio} ({distance})" for ratio, distance in cells))
        for light, cells in comparison.rows
    ]
    columns = ("photons", *(f"quality {quality} %" for quality in comparison.qualities))
    title = (
        f"Events found by {spoken(comparison.ours)} over those of {spoken(comparison.rival)}, and"
        " how much farther off its molecules are"
    )
    return FigureTable(title, columns, tuple(rows))


def _sentences(comparison: PaperComparison) -> tuple[str, ...]:
    who, rival = spoken(comparison.ours), spoken(comparison.rival)
    said = [
        f"The paper: {statement} Here, {who} beside {rival}: {ours}"
        for statement, ours in comparison.sentences
    ]
    if comparison.too_few:
        said.append(
            f"In {comparison.too_few} cells {who} or {rival} finds under"
            f" {100 * _LEAST_SHARE:g} % of the events; they are in none of these averages."
        )
    return tuple(said)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
