"""Methods measured over a grid of simulated movies.

In comes a `BenchmarkGrid`: what to simulate, which settings to vary, which methods to
run; out go figures with intervals for every cell and method (`run_benchmark`), as one
HTML report and a Parquet table. Finished cells are kept and not run again. Picasso is run
beside the grid's methods where it is installed.
"""

from cellstorm.benchmark.benchmark_run import BenchmarkRun, Failure, run_benchmark
from cellstorm.benchmark.figures import FIGURES, Figure
from cellstorm.benchmark.grid import FIRST_EVALUATION_SEED, BenchmarkGrid, Cell, read_grid
from cellstorm.benchmark.methods import METHOD_KINDS, MethodChoice
from cellstorm.benchmark.picasso import PICASSO_VARIABLE, Picasso, find_picasso
from cellstorm.benchmark.presets import BENCHMARK_PRESETS
from cellstorm.benchmark.progress import BenchmarkProgress, BenchmarkProgressListener
from cellstorm.benchmark.report import result_table, write_report, write_table
from cellstorm.benchmark.result import CellResult
from cellstorm.benchmark.rival import KnownImaging, Rival, best_threshold

__all__ = [
    "BENCHMARK_PRESETS",
    "FIGURES",
    "FIRST_EVALUATION_SEED",
    "METHOD_KINDS",
    "PICASSO_VARIABLE",
    "BenchmarkGrid",
    "BenchmarkProgress",
    "BenchmarkProgressListener",
    "BenchmarkRun",
    "Cell",
    "CellResult",
    "Failure",
    "Figure",
    "KnownImaging",
    "MethodChoice",
    "Picasso",
    "Rival",
    "best_threshold",
    "find_picasso",
    "read_grid",
    "result_table",
    "run_benchmark",
    "write_report",
    "write_table",
]
