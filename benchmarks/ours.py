"""cellstorm's side of every comparison, through its public Python API.

    python -m benchmarks.ours --work FOLDER

prints how fast the network is with many molecules a frame and with one, from the MP4 to the
table. Start-up does not count: every figure is the median of several runs after a first one
in the same process.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.cases import FIRST_EVALUATION_SEED, cases, make_movie
from rich.console import Console
from rich.table import Table

from cellstorm.camera import Camera
from cellstorm.localize import GaussianMethod, Method, NetMethod
from cellstorm.movie import Movie
from cellstorm.run import localize_frames
from cellstorm.simulate import Simulation

__all__ = ["METHODS", "localize"]

METHODS: dict[str, Method] = {
    "cellstorm": GaussianMethod(),
    "cellstorm, single emitter": GaussianMethod(emitters="single"),
    "cellstorm, network": NetMethod(),
}
"""Named settings; everything else stays at its default."""


def localize(
    movie: Path | Movie,
    *,
    method: Method,
    pixel_size_nm: float,
    camera: Camera | None = None,
) -> tuple[pl.DataFrame, float]:
    """Open, decode and localize a movie.

    Parameters
    ----------
    movie
        The file, as the user has it, or a movie in memory.
    method
        How; see `METHODS`.
    pixel_size_nm
        Edge of a pixel, nm.
    camera
        None: estimated from the movie, as with no option at all.

    Returns
    -------
    table, seconds
        The molecules, and the wall time of everything.
    """
    began = time.perf_counter()
    table = localize_frames(movie, method=method, camera=camera, pixel_size_nm=pixel_size_nm)
    return table.data, time.perf_counter() - began


def main() -> None:
    """Time the network on a dense and on a sparse movie and print a table."""
    options = _parser().parse_args()
    result = Table("movie", "molecules a frame", "fps", "slowest", "fastest", "CPU ms a frame")
    for name, simulation in _movies(options.frames):
        movie, truth = make_movie(simulation, options.work)
        rates, computed_ms = [], []
        for repeat in range(options.repeats + 1):
            began = time.process_time()
            _, seconds = localize(
                movie,
                method=METHODS["cellstorm, network"],
                pixel_size_nm=simulation.pixel_size_nm,
                camera=simulation.camera,
            )
            if repeat:
                rates.append(simulation.frames / seconds)
                computed_ms.append(1e3 * (time.process_time() - began) / simulation.frames)
        result.add_row(
            name,
            f"{truth.height / simulation.frames:.1f}",
            *(f"{rate:.0f}" for rate in (np.median(rates), min(rates), max(rates))),
            f"{np.median(computed_ms):.1f}",
        )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(f"{options.frames} frames, {os.cpu_count()} processors", highlight=False)
    console.print(result)


def _movies(frames: int) -> list[tuple[str, Simulation]]:
    dense = next(case for case in cases(frames=frames) if case.name == "1000 photons, CRF 23")
    sparse = Simulation(frames=frames, seed=FIRST_EVALUATION_SEED + 90).changed(
        {"structure": "uniform", "density_per_um2_frame": 0.006, "crf": 23}
    )
    return [(dense.name, dense.simulation), ("uniform 0.006 /um2, CRF 23", sparse)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument("--frames", type=int, default=2400)
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each movie")
    return parser


if __name__ == "__main__":
    main()
