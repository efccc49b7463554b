"""One method in one cell: localize its movies, compare with the truth, draw the result."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.benchmark.agreement import Agreement
from cellstorm.benchmark.grid import Cell
from cellstorm.benchmark.methods import MethodChoice
from cellstorm.benchmark.movies import MadeMovie
from cellstorm.benchmark.picasso import Picasso
from cellstorm.benchmark.pictures import molecules_png
from cellstorm.benchmark.result import CellResult
from cellstorm.benchmark.rival import KnownImaging, best_threshold
from cellstorm.localize import Method
from cellstorm.movie import open_movie
from cellstorm.run import Progress, ProgressListener, localize_frames

__all__ = ["Measured", "measure_method", "measure_picasso"]

_WARM_UP_FRAMES = 24


@dataclass(frozen=True)
class Measured:
    """What a method achieved, and what it found as a picture (PNG)."""

    result: CellResult
    picture: bytes


def measure_method(
    name: str,
    choice: MethodChoice,
    cell: Cell,
    movies: list[MadeMovie],
    *,
    warm: bool,
    workers: int | None,
    localized: Callable[[int], None],
) -> Measured:
    """Run a method of cellstorm on the movies as a user would, and score it.

    Parameters
    ----------
    name, choice
        The method.
    cell, movies
        Where it is run.
    warm
        It has run in this process before, so that everything is compiled.
    workers
        Threads that localize; one per processor when None.
    localized
        Told now and then how many frames are done.

    Raises
    ------
    CellstormError
        The method cannot localize a movie.
    """
    tables, seconds, before = [], 0.0, 0
    for movie in movies:
        run = partial(_localize, movie, choice, workers=workers)
        if not warm:
            run(frames=(0, min(_WARM_UP_FRAMES, movie.simulation.frames)), progress=None)
            warm = True

        def tell(progress: Progress, before: int = before) -> None:
            localized(before + progress.frames_done)

        began = time.perf_counter()
        tables.append(run(frames=None, progress=tell))
        seconds += time.perf_counter() - began
        before += movie.simulation.frames
    return _measured(name, cell, movies, tables, seconds=seconds, threshold=None)


def measure_picasso(picasso: Picasso, cell: Cell, movies: list[MadeMovie]) -> Measured:
    """Run Picasso on the decoded frames with the threshold that suits this cell best.

    It is told camera and pixel size; the threshold is chosen with the truth in hand.

    Raises
    ------
    CellstormError
        Picasso fails.
    """
    agreement = Agreement(movies)
    with TemporaryDirectory() as name:
        folder = Path(name)
        candidates, decoded = [], []
        for movie in movies:
            with open_movie(movie.path) as opened:
                frames: NDArray[np.generic] = opened.read(0, opened.shape[0])
            bits = 8 if int(frames.max(initial=0)) < 256 else 16
            decoded.append(frames.astype(np.uint8 if bits == 8 else np.uint16))
            imaging = KnownImaging.of(movie.simulation)
            candidates.append(picasso.candidates(decoded[-1], imaging, folder))
        threshold, _ = best_threshold(
            agreement.joined(candidates), picasso.thresholds, agreement.score
        )
        tables = [table.filter(pl.col("strength") >= threshold) for table in candidates]
        seconds = sum(
            picasso.seconds(
                frames,
                KnownImaging.of(movie.simulation),
                folder,
                threshold=threshold,
                repeats=1,
            )[0]
            for frames, movie in zip(decoded, movies, strict=True)
        )
    return _measured(picasso.name, cell, movies, tables, seconds=seconds, threshold=threshold)


def _localize(
    movie: MadeMovie,
    choice: MethodChoice,
    *,
    workers: int | None,
    frames: tuple[int, int] | None,
    progress: ProgressListener | None,
) -> pl.DataFrame:
    return localize_frames(
        movie.path,
        method=cast("Method", choice.settings),
        camera=movie.simulation.recorded_camera if choice.camera_known else None,
        pixel_size_nm=movie.simulation.pixel_size_nm,
        frames=frames,
        workers=workers,
        progress=progress,
    ).data


def _measured(
    name: str,
    cell: Cell,
    movies: list[MadeMovie],
    tables: list[pl.DataFrame],
    *,
    seconds: float,
    threshold: float | None,
) -> Measured:
    agreement = Agreement(movies)
    found = agreement.joined(tables)
    figures, intervals = agreement.figures(found)
    frames = sum(movie.simulation.frames for movie in movies)
    figures["frames_per_s"] = frames / seconds
    result = CellResult(
        method=name,
        settings=cell.settings,
        figures=figures,
        intervals=intervals,
        true_molecules=agreement.visible.height,
        found_molecules=found.height,
        bits_per_px=float(np.mean([movie.bits_per_px for movie in movies])),
        threshold=threshold,
    )
    return Measured(result, molecules_png(tables[0], movies[0].simulation))
