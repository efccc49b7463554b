"""Fig 4: what the movies of the grid look like, and what each method makes of them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cellstorm.benchmark import BenchmarkRun
from cellstorm.reproduce.drawing import bare, sheet
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.methods import CLASSICAL, GAN, NET, spoken
from cellstorm.reproduce.paper_grid import PHOTONS, QUALITY, cell_figures, run_paper_grid
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Workshop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PAPER_TRUE_EVENTS", "make_fig4"]

PAPER_TRUE_EVENTS = 65_489
"""Of all frames (Diederich et al. 2019)."""

_TILE_PX = 240
_GAP_PX = 6
_PANEL_INCHES = 3.3


def make_fig4(workshop: Workshop) -> Drawn:
    """A mosaic for the frames, the truth and each method: photons down, quality across.

    Raises
    ------
    CellstormError
        A cell of the grid failed.
    """
    run = run_paper_grid(workshop)
    names = ("frame", "truth", *run.methods)
    canvas = sheet(_PANEL_INCHES * len(names), _PANEL_INCHES + 0.3)
    for axes, name in zip(canvas.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _draw_mosaic(axes, run, name)
    return Drawn(
        title="Fig 4: the grid of light and video quality",
        canvas=canvas,
        tables=(_table(run),),
        sentences=_sentences(run),
    )


def _draw_mosaic(axes: "Axes", run: BenchmarkRun, name: str) -> None:
    photons, qualities = run.grid.axes[PHOTONS], run.grid.axes[QUALITY]
    step = _TILE_PX + _GAP_PX
    mosaic: NDArray[np.uint8] = np.full(
        (step * len(photons), step * len(qualities), 3), 255, np.uint8
    )
    for number in range(len(run.grid.cells())):
        path = run.pictures.get((number, name))
        if path is None:
            continue
        row, column = divmod(number, len(qualities))
        with Image.open(path) as picture:
            tile = np.asarray(
                picture.convert("RGB").resize((_TILE_PX, _TILE_PX), Image.Resampling.BOX)
            )
        mosaic[row * step :, column * step :][:_TILE_PX, :_TILE_PX] = tile
    axes.imshow(mosaic)
    bare(axes)
    middle = 0.5 * _TILE_PX
    axes.set_xticks([middle + step * k for k in range(len(qualities))])
    axes.set_xticklabels([f"{quality:g} %" for quality in qualities], fontsize=8)
    axes.set_yticks([middle + step * k for k in range(len(photons))])
    axes.set_yticklabels([f"{light:g}" for light in photons], fontsize=8)
    axes.tick_params(length=0)
    axes.set_xlabel("video quality", fontsize=8)
    axes.set_ylabel("photons", fontsize=8)
    axes.set_title({"frame": "a frame"}.get(name, name), fontsize=10)


def _table(run: BenchmarkRun) -> FigureTable:
    rows: list[tuple[Value, ...]] = []
    for result in run.results:
        rows.append(
            (
                float(result.settings[PHOTONS]),
                float(result.settings[QUALITY]),
                result.method,
                result.found_molecules,
                _whole(result.figures["nearest_found"]),
                result.figures["nearest_share"],
                result.figures["nearest_distance_nm"],
                result.bits_per_px,
            )
        )
    columns = (
        "photons",
        "quality, %",
        "method",
        "molecules",
        "events found within 200 nm",
        "share of the true events",
        "mean distance, nm",
        "bits per px",
    )
    return FigureTable("Every cell of the grid", columns, tuple(rows))


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _sentences(run: BenchmarkRun) -> tuple[str, ...]:
    figures = cell_figures(run)
    best = max(run.grid.axes[PHOTONS]), max(run.grid.axes[QUALITY])
    events = [
        figure["nearest_found"] / figure["nearest_share"]
        for result in run.results
        if (figure := result.figures)["nearest_found"] and figure["nearest_share"]
    ]
    said = []
    if events:
        said.append(
            f"{min(events):,.0f} true events a cell"
            f" in {run.grid.cells()[0].simulations[0].frames} frames; the paper has"
            f" {PAPER_TRUE_EVENTS:,} in 2,000."
        )
    for name in (GAN, CLASSICAL, NET):
        result = figures.get((*best, name))
        if result is not None and result.figures["nearest_share"] is not None:
            said.append(
                f"At {best[0]:g} photons and a quality of {best[1]:g} % {spoken(name)} finds"
                f" {100 * result.figures['nearest_share']:.0f} % of them."
            )
    return tuple(said)
