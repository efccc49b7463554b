"""Peak resident memory of ``cellstorm localize`` on a short and on a long video.

    python -m benchmarks.memory --work FOLDER [--frames 2000 20000] [--size 512]

The movies repeat a few hundred simulated frames, so that they are made quickly. Memory is
that of the process and all its children, sampled every 50 ms, beside the kernel's own
high-water mark of the largest process.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import H264Codec

SIMULATED_FRAMES = 192
FRAMES_PER_BLOCK = 64


def main() -> None:
    """Make the movies, run cellstorm on each and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument("--frames", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--size", type=int, default=512, help="px")
    parser.add_argument("--density", type=float, default=0.1, help="molecules per um2 and frame")
    parser.add_argument("options", nargs="*", help="more for cellstorm localize, after --")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)

    table = Table("frames", "peak MiB, all processes", "peak MiB, largest", "seconds", "fps")
    for frames in given.frames:
        movie = given.work / f"memory_{given.size}px_{frames}.mp4"
        if not movie.exists():
            _make(movie, frames=frames, size=given.size, density=given.density)
        peak, largest, seconds = _localize(movie, given.options)
        table.add_row(
            str(frames),
            f"{peak:.0f}",
            f"{largest:.0f}",
            f"{seconds:.0f}",
            f"{frames / seconds:.0f}",
        )
    Console(width=None if sys.stdout.isatty() else 100).print(table)


def _make(movie: Path, *, frames: int, size: int, density: float) -> None:
    simulation = Simulation(width_px=size, height_px=size, frames=SIMULATED_FRAMES, seed=1)
    stack = simulation.changed(density_per_um2_frame=density).stack()
    unfinished = movie.with_name("unfinished.mp4")
    codec = H264Codec(preset="ultrafast")
    view = replace(simulation.view, frames=frames)
    codec.encode(unfinished, _repeated(stack, frames), view)
    unfinished.rename(movie)


def _repeated(stack: NDArray[np.uint8], frames: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, frames, FRAMES_PER_BLOCK):
        wanted = range(start, min(start + FRAMES_PER_BLOCK, frames))
        yield stack[np.array(wanted) % stack.shape[0]]


def _localize(movie: Path, options: list[str]) -> tuple[float, float, float]:
    """Peak MiB of all processes together, of the largest one, and seconds."""
    output = movie.with_suffix(".locs.parquet")
    output.unlink(missing_ok=True)
    command = [sys.executable, "-m", "cellstorm", "localize", str(movie)]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "--output", str(output), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = 0
    for _ in itertools.count():
        if process.poll() is not None:
            break
        peak = max(peak, _resident(process.pid))
        time.sleep(0.05)
    seconds = time.monotonic() - began
    if process.returncode:
        assert process.stderr is not None
        raise SystemExit(process.stderr.read().decode())
    # kilobytes on Linux
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 2**20, largest / 2**10, seconds


def _resident(pid: int) -> int:
    total = 0
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
