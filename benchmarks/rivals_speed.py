"""Frames per second against Picasso: same movie, same run, as many threads.

    python -m benchmarks.rivals_speed --work FOLDER --picasso-python PATH

Picasso gets decoded frames in memory and its best threshold; by itself it identifies with
four fifths of the processors, rounded down, so it is timed again with all of them. cellstorm
is timed from decoded frames in memory too, and once more from the MP4 itself. Compilation
and start-up count on neither side: every figure is the median of several runs after a first
one in the same process. The two take turns, so that a busy machine slows both.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from benchmarks.cases import FIRST_EVALUATION_SEED, cases, make_movie
from benchmarks.ours import METHODS, localize
from benchmarks.rivals import Picasso
from rich.console import Console
from rich.table import Table

from cellstorm.benchmark import KnownImaging
from cellstorm.evaluate import score
from cellstorm.movie import ArrayMovie, open_movie


def main() -> None:
    """Time everything in turns and print a table."""
    options = _parser().parse_args()
    case = next(
        case
        for case in cases(frames=options.frames, seed=options.seed)
        if case.name == options.case
    )
    simulation = case.simulation
    movie, truth = make_movie(simulation, options.work)
    with open_movie(movie) as opened:
        frames = opened.read(0, opened.shape[0]).astype(np.uint8)
    python = Path(options.picasso_python)
    rivals = [
        Picasso(python, method=options.picasso_method, workers=workers)
        for workers in (None, os.cpu_count())
    ]

    def efficiency(table: pl.DataFrame) -> float:
        return score(table, truth, faintest_photons=simulation.faintest_photons).efficiency

    def ours(method: str, from_file: bool) -> tuple[pl.DataFrame, float]:
        return localize(
            movie if from_file else ArrayMovie(frames),
            method=METHODS[method],
            pixel_size_nm=simulation.pixel_size_nm,
            camera=simulation.camera,
        )

    settings = [(method, from_file) for method in METHODS for from_file in (False, True)]
    seconds: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    efficiencies: dict[str, float] = {}
    with TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        imaging = KnownImaging.of(simulation)
        candidates = rivals[0].candidates(frames, imaging, folder)
        best, threshold = max(
            (efficiency(candidates.filter(pl.col("strength") >= threshold)), threshold)
            for threshold in rivals[0].thresholds
        )
        for _ in range(options.rounds):
            for rival in rivals:
                efficiencies[rival.name] = best
                seconds[rival.name] += rival.seconds(
                    frames, imaging, folder, threshold=threshold, repeats=options.repeats
                )
            for method, from_file in settings:
                label = f"{method}, {'from the file' if from_file else 'from memory'}"
                table, _ = ours(method, from_file)
                efficiencies[label] = efficiency(table)
                seconds.setdefault(label, [])
                seconds[label] += [ours(method, from_file)[1] for _ in range(options.repeats)]

    result = Table("method", "fps", "slowest", "fastest", "times Picasso", "efficiency")
    base = float(np.median(seconds[rivals[0].name]))
    for label, times in seconds.items():
        per_s = simulation.frames / np.array(times)
        result.add_row(
            label,
            f"{np.median(per_s):.0f}",
            f"{per_s.min():.0f}",
            f"{per_s.max():.0f}",
            f"{base / float(np.median(times)):.2f}",
            f"{efficiencies[label]:.3f}",
        )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(
        f"{case.name}, {simulation.frames} frames of"
        f" {simulation.width_px} x {simulation.height_px} px,"
        f" {truth.height / simulation.frames:.0f} molecules per frame, {os.cpu_count()} processors",
        highlight=False,
    )
    console.print(result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument(
        "--picasso-python",
        default=os.environ.get("PICASSO_PYTHON"),
        required="PICASSO_PYTHON" not in os.environ,
    )
    parser.add_argument("--picasso-method", default="gausslq")
    parser.add_argument("--case", default="1000 photons, CRF 23")
    parser.add_argument("--frames", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=FIRST_EVALUATION_SEED)
    parser.add_argument("--repeats", type=int, default=5, help="timed runs per round")
    parser.add_argument("--rounds", type=int, default=2, help="turns that each method gets")
    return parser


if __name__ == "__main__":
    main()
