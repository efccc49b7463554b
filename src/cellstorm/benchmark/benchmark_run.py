"""Every method over every cell, resumable, and the report of it all."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from cellstorm.atomic_file import atomic_file, output_error
from cellstorm.benchmark.grid import BenchmarkGrid, Cell
from cellstorm.benchmark.measurement import Measured, measure_method, measure_picasso
from cellstorm.benchmark.methods import MethodChoice
from cellstorm.benchmark.movies import SIMULATION_ROOMS, MadeMovie, MovieStore, simulation_key
from cellstorm.benchmark.picasso import Picasso
from cellstorm.benchmark.pictures import frame_png, molecules_png
from cellstorm.benchmark.progress import BenchmarkProgress, BenchmarkProgressListener
from cellstorm.benchmark.result import CellResult, ResultCache, content_key, source_key
from cellstorm.errors import CellstormError, OutputError

__all__ = ["BenchmarkRun", "Failure", "run_benchmark"]

_SCORING = (
    "evaluate",
    "benchmark/agreement.py",
    "benchmark/measurement.py",
    "benchmark/pictures.py",
)
_OURS = (*SIMULATION_ROOMS, *_SCORING, "localize", "run", "localizations")
_PICASSOS = (
    *SIMULATION_ROOMS,
    *_SCORING,
    "benchmark/rival.py",
    "benchmark/picasso.py",
    "benchmark/picasso_runner.py",
)
_SECONDS_BETWEEN_REPORTS = 0.1

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Failure:
    """A method that could not be measured in a cell.

    Attributes
    ----------
    cell
        Label of the cell.
    method
        Its name; ``simulation`` where the movie could not be made.
    message
        What went wrong.
    log
        File with all that is known about it.
    """

    cell: str
    method: str
    message: str
    log: Path


@dataclass(frozen=True)
class BenchmarkRun:
    """What came out.

    Attributes
    ----------
    grid
        What was run.
    results
        Cell by cell, methods in their order; without what failed.
    failures
        What failed.
    picasso
        The rival, where it was run.
    from_earlier
        Results that were there already.
    seconds
        Wall time of this run.
    pictures
        Path of each picture by cell number and name (``frame``, ``truth`` or a method).
    """

    grid: BenchmarkGrid
    results: tuple[CellResult, ...]
    failures: tuple[Failure, ...]
    picasso: Picasso | None
    from_earlier: int
    seconds: float
    pictures: dict[tuple[int, str], Path]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of all methods that were asked for."""
        rival = () if self.picasso is None else (self.picasso.name,)
        return (*self.grid.methods, *rival)


def run_benchmark(
    grid: BenchmarkGrid,
    output: Path,
    *,
    picasso: Picasso | None = None,
    keep_movies: bool = False,
    workers: int | None = None,
    progress: BenchmarkProgressListener | None = None,
) -> BenchmarkRun:
    """Make the movies of a grid, run every method on them and score it.

    Finished results are kept in ``output/cells`` and not made again as long as the
    simulation, the method and the parts of cellstorm they depend on are the same. A method
    that fails in a cell is noted and leaves the others alone.

    Parameters
    ----------
    grid
        What to run.
    output
        Folder; made when it is not there.
    picasso
        Run it beside the grid's methods.
    keep_movies
        Leave the movies in ``output/movies``.
    workers
        Threads that localize; one per processor when None.
    progress
        Told now and then how far it has come.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    began = time.monotonic()
    try:
        (output / "cells").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, output) from error
    run = _Run(grid, output, picasso, keep_movies, workers, progress)
    return run.measure_all_cells(began)


class _Run:
    def __init__(
        self,
        grid: BenchmarkGrid,
        output: Path,
        picasso: Picasso | None,
        keep_movies: bool,
        workers: int | None,
        listener: BenchmarkProgressListener | None,
    ) -> None:
        self._grid = grid
        self._picasso = picasso
        self._workers = workers
        self._listener = listener
        self._cache = ResultCache(output / "cells")
        self._store = MovieStore(output / "movies", keep=keep_movies)
        self._cells = grid.cells()
        self._choices: dict[str, MethodChoice | Picasso] = {**grid.methods}
        if picasso is not None:
            self._choices[picasso.name] = picasso
        self._warm: set[str] = set()
        self._failures: list[Failure] = []
        self._cells_done = self._frames_done = 0
        self._missing = {
            cell.number: [
                name
                for name, choice in self._choices.items()
                if self._cache.get(_result_key(cell, choice)) is None
            ]
            for cell in self._cells
        }
        self._frames_total = sum(
            self._frames(cell) * (1 + len(self._missing[cell.number]))
            for cell in self._cells
            if self._missing[cell.number]
        )
        self._last_told, self._last_doing = 0.0, ""

    def measure_all_cells(self, began: float) -> BenchmarkRun:
        results: list[CellResult] = []
        from_earlier = 0
        for cell in self._cells:
            missing = self._missing[cell.number]
            from_earlier += len(self._choices) - len(missing)
            if missing:
                self._measure(cell, missing)
            self._cells_done += 1
            for name, choice in self._choices.items():
                result = self._cache.get(_result_key(cell, choice))
                if result is not None:
                    # the same settings may stand under another name now
                    results.append(
                        result.model_copy(update={"method": name, "settings": cell.settings})
                    )
        return BenchmarkRun(
            grid=self._grid,
            results=tuple(results),
            failures=tuple(self._failures),
            picasso=self._picasso,
            from_earlier=from_earlier,
            seconds=time.monotonic() - began,
            pictures=self._pictures(),
        )

    def _measure(self, cell: Cell, missing: list[str]) -> None:
        frames = self._frames(cell)
        target = self._frames_done + frames * (1 + len(missing))
        movies = self._guarded(cell, "simulation", partial(self._movies, cell))
        if movies is not None:
            for name in missing:
                self._tell(f"{cell.label}: {name}")
                before = self._frames_done
                choice = self._choices[name]
                measured = self._guarded(cell, name, partial(self._one, cell, name, choice, movies))
                self._frames_done = before + frames
                if measured is not None:
                    key = _result_key(cell, choice)
                    self._cache.put_picture(key, "found", measured.picture)
                    self._cache.put(key, measured.result)
            self._store.discard(cell.simulations)
        self._frames_done = target

    def _movies(self, cell: Cell) -> list[MadeMovie]:
        before, doing = self._frames_done, f"{cell.label}: making the movie"
        self._tell(doing)

        def made(frames: int) -> None:
            self._frames_done = before + frames
            self._tell(doing)

        movies = self._store.movies(cell.simulations, made)
        key = simulation_key(cell.simulations[0])
        self._cache.put_picture(key, "frame", frame_png(movies[0]))
        self._cache.put_picture(
            key, "truth", molecules_png(movies[0].visible_truth, cell.simulations[0])
        )
        return movies

    def _one(
        self, cell: Cell, name: str, choice: MethodChoice | Picasso, movies: list[MadeMovie]
    ) -> Measured:
        if isinstance(choice, Picasso):
            return measure_picasso(choice, cell, movies)
        before, doing = self._frames_done, f"{cell.label}: {name}"

        def localized(frames: int) -> None:
            self._frames_done = before + frames
            self._tell(doing)

        measured = measure_method(
            name,
            choice,
            cell,
            movies,
            warm=name in self._warm,
            workers=self._workers,
            localized=localized,
        )
        self._warm.add(name)
        return measured

    def _guarded(self, cell: Cell, name: str, work: Callable[[], Outcome]) -> Outcome | None:
        """Do it; what fails is noted, and only a disk that cannot be written ends it all."""
        try:
            return work()
        except OutputError:
            raise
        except Exception as error:
            log = self._cache.folder / f"{content_key(cell.label, name)}.error.txt"
            with atomic_file(log) as temporary:
                text = f"{cell.label}\n{name}\n\n{traceback.format_exc()}"
                temporary.write_text(text, encoding="utf-8")
            message = " ".join(str(error).split()) or "no reason given"
            if not isinstance(error, CellstormError):
                message = f"{type(error).__name__}: {message}"
            self._failures.append(Failure(cell.label, name, message, log))
            return None

    def _tell(self, doing: str) -> None:
        now = time.monotonic()
        is_news = doing != self._last_doing
        is_soon = now - self._last_told < _SECONDS_BETWEEN_REPORTS
        if self._listener is None or (is_soon and not is_news):
            return
        self._last_told, self._last_doing = now, doing
        self._listener(
            BenchmarkProgress(
                doing, self._cells_done, len(self._cells), self._frames_done, self._frames_total
            )
        )

    def _pictures(self) -> dict[tuple[int, str], Path]:
        found: dict[tuple[int, str], Path] = {}
        for cell in self._cells:
            movie_key = simulation_key(cell.simulations[0])
            places = {name: self._cache.picture(movie_key, name) for name in ("frame", "truth")}
            places |= {
                name: self._cache.picture(_result_key(cell, choice), "found")
                for name, choice in self._choices.items()
            }
            found |= {(cell.number, name): path for name, path in places.items() if path.exists()}
        return found

    @staticmethod
    def _frames(cell: Cell) -> int:
        return sum(simulation.frames for simulation in cell.simulations)


def _result_key(cell: Cell, choice: MethodChoice | Picasso) -> str:
    simulations = [simulation.model_dump(mode="json") for simulation in cell.simulations]
    if isinstance(choice, Picasso):
        how = {"picasso": choice.version, "method": choice.method, "workers": choice.workers}
        return content_key(simulations, how, source_key(_PICASSOS))
    return content_key(
        simulations,
        choice.kind,
        choice.camera_known,
        choice.settings.model_dump(mode="json"),
        source_key(_OURS),
    )
