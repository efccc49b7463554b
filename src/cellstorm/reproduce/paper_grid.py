"""The grid of Fig 4 and 5, run by the benchmark room with the paper's two methods and ours."""

from collections.abc import Mapping

from cellstorm.benchmark import (
    BENCHMARK_PRESETS,
    BenchmarkGrid,
    BenchmarkProgress,
    BenchmarkRun,
    CellResult,
    MethodChoice,
    run_benchmark,
)
from cellstorm.errors import CellstormError
from cellstorm.localize import GanMethod, GaussianMethod
from cellstorm.parameters import Parameters
from cellstorm.reproduce.workshop import Workshop

__all__ = ["PHOTONS", "QUALITY", "cell_figures", "run_paper_grid"]

PHOTONS, QUALITY = "photons", "codec.quality_percent"
"""The grid's two axes."""

_QUICK_EDGE_PX = 64


def run_paper_grid(workshop: Workshop) -> BenchmarkRun:
    """Make and localize what is not there yet; the cells of an earlier run are kept.

    Raises
    ------
    CellstormError
        The folder cannot be written, or a method failed in a cell.
    """
    request = workshop.request
    preset = BENCHMARK_PRESETS["fig5"]
    axes: Mapping[str, tuple[float, ...]] = preset.axes
    simulation = preset.simulation
    if request.quick:
        axes = {PHOTONS: (100, 1000), QUALITY: (70, 100)}
        simulation = simulation.changed(width_px=_QUICK_EDGE_PX, height_px=_QUICK_EDGE_PX)
    grid = BenchmarkGrid(
        title="The paper's Fig 4 and 5",
        simulation=simulation,
        axes=dict(axes),
        frames=request.length(full=2000, quick=150),
        methods={
            name: MethodChoice(kind=_kind(method), settings=method)
            for name, method in workshop.methods.items()
            if isinstance(method, Parameters)
        },
        picasso=False,
    )

    def told(progress: BenchmarkProgress) -> None:
        where = f"cell {progress.cells_done + 1} of {progress.cells_total}"
        workshop.tell(f"{where}, {progress.doing}", progress.frames_done, progress.frames_total)

    run = run_benchmark(grid, workshop.work / "grid", workers=request.workers, progress=told)
    if run.failures:
        first = run.failures[0]
        raise CellstormError(
            f"{first.method} failed ({first.message}).", where=first.cell, todo=f"See {first.log}."
        )
    return run


def cell_figures(run: BenchmarkRun) -> dict[tuple[float, float, str], CellResult]:
    """Results by photons, quality and method."""
    return {
        (result.settings[PHOTONS], result.settings[QUALITY], result.method): result
        for result in run.results
    }


def _kind(method: Parameters) -> str:
    if isinstance(method, GaussianMethod):
        return "gaussian"
    return "gan" if isinstance(method, GanMethod) else "net"
