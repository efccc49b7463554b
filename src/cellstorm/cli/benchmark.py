"""``cellstorm benchmark``: methods over a grid of simulations, and one report."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cellstorm.atomic_file import atomic_file
from cellstorm.benchmark import (
    BENCHMARK_PRESETS,
    FIGURES,
    METHOD_KINDS,
    BenchmarkGrid,
    BenchmarkProgress,
    BenchmarkProgressListener,
    BenchmarkRun,
    MethodChoice,
    Picasso,
    find_picasso,
    read_grid,
    run_benchmark,
    write_report,
    write_table,
)
from cellstorm.benchmark.grid import axis_heading, value_text
from cellstorm.cli.progress import Pace, Rate, kept_when_stopped
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error

__all__ = ["benchmark"]

_FAILED = 1
_PICASSO = "picasso"
_PRINTED = ("jaccard", "rmse_nm", "efficiency", "rmse_over_bound", "nearest_found", "frames_per_s")


def benchmark(
    grid: str = "quick",
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    method: Annotated[
        tuple[str, ...], Parameter(negative=(), consume_multiple=False, show_default=False)
    ] = (),
    picasso: Path | None = None,
    frames: int | None = None,
    keep_movies: Annotated[bool, Parameter(negative=())] = False,
    workers: int | None = None,
) -> int:
    """Run methods over a grid of simulated movies and write one report.

    Finished cells are kept in the output folder: a run that was stopped goes on where it
    was when the same command is given again. Ends with 1 when a method failed in a cell.

    Parameters
    ----------
    grid
        quick (two minutes), fig5 (the paper's), or a YAML file: `simulation` (a preset's
        name, or a mapping), `axes` (settings and their values), `methods`, `frames`, `seeds`.
    output
        Folder for report.html, figures.parquet, grid.yaml and what is kept to resume;
        benchmark-GRID when not given.
    method
        Run only this one: a method of the grid by its name, a kind (gaussian), or picasso;
        may be repeated.
    picasso
        Python that Picasso is installed in; $PICASSO_PYTHON, then this one, when not given.
    frames
        Length of each movie, instead of the grid's.
    keep_movies
        Leave the movies in the output folder.
    workers
        Threads that localize; one per processor when not given.
    """
    if workers is not None and workers < 1:
        raise ConfigurationError("--workers must be at least 1.")
    chosen, name = _grid(grid)
    chosen, rival = _methods(chosen, method, picasso)
    if frames is not None:
        chosen = _changed(chosen, {"frames": frames})
    folder = output if output is not None else Path(f"benchmark-{name}")
    with _shown(folder) as progress:
        run = run_benchmark(
            chosen,
            folder,
            picasso=rival,
            keep_movies=keep_movies,
            workers=workers,
            progress=progress,
        )
        with atomic_file(folder / "grid.yaml") as temporary:
            temporary.write_text(chosen.to_yaml(), encoding="utf-8")
        write_table(run, folder / "figures.parquet")
        command = _command(grid, method, frames, rival)
        write_report(run, folder / "report.html", command=command)
    _print(run)
    for failure in run.failures:
        print(
            f"Failed: {failure.cell}: {failure.method}: {failure.message}\n  ({failure.log})",
            file=sys.stderr,
        )
    if chosen.picasso and rival is None:
        print("Picasso is not installed here: no column of it. --picasso names another Python.")
    earlier = f"; {run.from_earlier} results were there already" if run.from_earlier else ""
    print(f"{len(run.results)} results in {run.seconds:.0f} s{earlier}")
    print(f"report  {folder / 'report.html'}")
    print(f"table   {folder / 'figures.parquet'}")
    return _FAILED if run.failures else 0


def _grid(given: str) -> tuple[BenchmarkGrid, str]:
    if given in BENCHMARK_PRESETS:
        return BENCHMARK_PRESETS[given], given
    path = Path(given)
    if not path.exists():
        raise ConfigurationError(
            f"there is no grid {given!r} and no such file.",
            todo=f"Give one of {', '.join(BENCHMARK_PRESETS)}, or a YAML file.",
        )
    return read_grid(path), path.stem


def _methods(
    grid: BenchmarkGrid, names: tuple[str, ...], python: Path | None
) -> tuple[BenchmarkGrid, Picasso | None]:
    """The grid with the methods asked for, and Picasso if it is one of them."""
    if not names:
        return grid, find_picasso(python) if grid.picasso or python is not None else None
    methods: dict[str, MethodChoice] = {}
    for name in names:
        if name in grid.methods:
            methods[name] = grid.methods[name]
        elif name in METHOD_KINDS:
            methods[name] = MethodChoice(kind=name, settings=METHOD_KINDS[name]())
        elif name != _PICASSO:
            known = ", ".join(dict.fromkeys((*grid.methods, *METHOD_KINDS, _PICASSO)))
            raise ConfigurationError(
                f"there is no method {name!r}.", where="--method", todo=f"There are {known}."
            )
    rival = find_picasso(python) if _PICASSO in names else None
    if _PICASSO in names and rival is None:
        raise ConfigurationError(
            "Picasso is not installed here.",
            where="--method picasso",
            todo="Name the Python it is installed in with --picasso.",
        )
    if not methods:
        raise ConfigurationError(
            "Picasso is run beside a method of cellstorm.",
            where="--method picasso",
            todo=f"Add --method {next(iter(grid.methods))!r}.",
        )
    return grid.model_copy(update={"methods": methods, "picasso": rival is not None}), rival


def _changed(grid: BenchmarkGrid, changes: dict[str, object]) -> BenchmarkGrid:
    values = {name: getattr(grid, name) for name in BenchmarkGrid.model_fields}
    try:
        return BenchmarkGrid.model_validate(values | changes)
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error)) from error


def _command(grid: str, method: tuple[str, ...], frames: int | None, rival: Picasso | None) -> str:
    """The command without paths of this machine."""
    words = ["cellstorm", "benchmark", grid if grid in BENCHMARK_PRESETS else Path(grid).name]
    for name in method:
        words += ["--method", name]
    if frames is not None:
        words += ["--frames", str(frames)]
    return shlex.join(words) + ("" if rival is None else " --picasso PYTHON")


def _print(run: BenchmarkRun) -> None:
    table = Table(*map(axis_heading, run.grid.axes), "method", box=SIMPLE)
    for name in _PRINTED:
        table.add_column(FIGURES[name].heading, justify="right")
    for result in run.results:
        table.add_row(
            *map(value_text, result.settings.values()),
            result.method,
            *(FIGURES[name].text(result.figures.get(name)) for name in _PRINTED),
            end_section=result.method == run.methods[-1],
        )
    # a file or a pipe has no width of its own
    Console(width=None if sys.stdout.isatty() else 130).print(table, highlight=False)


@contextmanager
def _shown(folder: Path) -> Iterator[BenchmarkProgressListener]:
    """A bar on a terminal, a line now and then elsewhere; a word on how to go on when stopped."""
    console = Console(stderr=True)
    with kept_when_stopped(folder):
        if not console.is_terminal:
            yield _Lines()
            return
        with Progress(
            TextColumn("{task.fields[cells]}"),
            BarColumn(bar_width=20),
            Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("", total=None, cells="")

            def show(now: BenchmarkProgress) -> None:
                bar.update(
                    task,
                    description=now.doing,
                    total=now.frames_total,
                    completed=now.frames_done,
                    cells=f"cell {now.cells_done + 1} of {now.cells_total}",
                )

            yield show


class _Lines:
    """A line at the beginning, then one every ten seconds."""

    def __init__(self) -> None:
        self._pace: Pace | None = None

    def __call__(self, progress: BenchmarkProgress) -> None:
        if self._pace is None:
            self._pace = Pace(progress.frames_done)
        elif not self._pace.is_due():
            return
        ahead = self._pace.ahead(progress.frames_done, progress.frames_total)
        print(
            f"cell {progress.cells_done + 1} of {progress.cells_total}: {progress.doing}{ahead}",
            file=sys.stderr,
            flush=True,
        )
