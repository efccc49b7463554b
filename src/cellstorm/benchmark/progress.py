"""How far a benchmark has come, told to whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["BenchmarkProgress", "BenchmarkProgressListener"]


@dataclass(frozen=True)
class BenchmarkProgress:
    """A moment of a benchmark.

    Attributes
    ----------
    doing
        For a person: ``photons 50: gaussian``.
    cells_done, cells_total
        Places of the grid.
    frames_done, frames_total
        Frames made and frames localized, each method counting for itself; what an earlier
        run did is left out of both.
    """

    doing: str
    cells_done: int
    cells_total: int
    frames_done: int
    frames_total: int


BenchmarkProgressListener = Callable[[BenchmarkProgress], None]
"""Called from the thread that called `run_benchmark`: whenever something else is being done,
and meanwhile a few times a second at most."""
