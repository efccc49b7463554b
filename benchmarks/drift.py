"""What is left of a known drift, and how long it takes, beside Picasso's AIM.

    python -m benchmarks.drift --work FOLDER [--picasso-python PATH]

Tables, not movies: molecules of simulated structures blink over 20,000 frames, each with
its error, while the sample slides, wanders and jumps. Both sides get the same positions,
in memory; times are medians of several runs after a first one, and of the processors' time
the least; ours hold the two halves that the curve is tested with. Picasso has its own
settings (blocks of 100 frames, 20 nm, 60 nm); those of cellstorm are its defaults.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cellstorm.localizations import Localizations, Metadata
from cellstorm.refine.drift import (
    Aim,
    Dme,
    DriftMethod,
    DriftRefusedError,
    RedundantCrossCorrelation,
    find_drift,
)
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures import FilamentStructure, UniformStructure

_PIXEL_NM = 100.0
_PRECISION_NM = 12.0
_ON_FRAMES = 3.0
_RUNNER = Path(__file__).parent / "picasso_aim.py"


@dataclass(frozen=True)
class Case:
    """A table to make.

    Attributes
    ----------
    name
        What the result calls it.
    structure
        Where molecules are.
    per_frame
        Localizations per frame, on average.
    """

    name: str
    structure: FilamentStructure | UniformStructure
    per_frame: float


CASES = (
    Case("filaments", FilamentStructure(), 20.0),
    Case("uniform", UniformStructure(labels_per_um2=12.0), 20.0),
    Case("filaments, sparse", FilamentStructure(), 3.0),
    Case("uniform, sparse", UniformStructure(labels_per_um2=12.0), 3.0),
    Case("filaments, dense", FilamentStructure(), 100.0),
)


def drift_path(frames: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A slide, a wander and a jump of 50 nm: 300 nm in all, ``(frames, 2)`` nm."""
    share = np.arange(frames)[:, None] / frames
    angle, turn = random.uniform(0, 2 * np.pi, 2)
    path: NDArray[np.float64] = 250.0 * share * np.array([np.cos(angle), np.sin(angle)])
    path = path + 10.0 / np.sqrt(frames) * np.cumsum(random.normal(size=(frames, 2)), axis=0)
    path[int(frames * random.uniform(0.3, 0.7)) :] += 50.0 * np.array([np.cos(turn), np.sin(turn)])
    return path


def made(
    case: Case, frames: int, side_px: int, seed: int
) -> tuple[pl.DataFrame, NDArray[np.float64]]:
    """A table and the drift in it."""
    random = np.random.default_rng(seed)
    view = FieldOfView(side_px, side_px, _PIXEL_NM, frames, 20.0)
    sites = case.structure.sites(view, random)[:, :2]
    events = random.poisson(case.per_frame * frames / _ON_FRAMES)
    length = random.geometric(1.0 / _ON_FRAMES, events)
    site = np.repeat(random.integers(len(sites), size=events), length)
    frame = np.repeat(random.integers(frames, size=events), length)
    frame += np.arange(frame.size) - np.repeat(np.cumsum(length) - length, length)
    order = np.argsort(frame, kind="stable")
    order = order[frame[order] < frames]
    site, frame = site[order], frame[order]
    path = drift_path(frames, random)
    error = _PRECISION_NM * random.lognormal(0.0, 0.3, frame.size)
    seen = sites[site] + path[frame] + random.normal(size=(frame.size, 2)) * error[:, None]
    table = pl.DataFrame(
        {
            "frame": frame.astype(np.uint32),
            "x_nm": seen[:, 0],
            "y_nm": seen[:, 1],
            "uncertainty_nm": error.astype(np.float32),
        }
    )
    return table, path


def left_nm(found: NDArray[np.float64], path: NDArray[np.float64]) -> float:
    """Root mean square per axis of what is left, nm."""
    left = found[:, :2] - path
    return float(np.sqrt(np.mean((left - left.mean(axis=0)) ** 2)))


def ours(
    table: pl.DataFrame, path: NDArray[np.float64], method: DriftMethod, repeats: int
) -> tuple[str, ...]:
    """Residual, uncertainty, seconds and those of all processors, as text."""
    localizations = Localizations(table, Metadata(frames=(0, len(path))))
    seconds, busy = [], []
    for _ in range(repeats + 1):
        began, worked = time.perf_counter(), time.process_time()
        try:
            curve = find_drift(localizations, method).curve
        except DriftRefusedError:
            return "refused", "", "", ""
        seconds.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
    errors = np.stack([curve.uncertainty_x_nm, curve.uncertainty_y_nm])
    residual = left_nm(np.stack([curve.x_nm, curve.y_nm], axis=1), path)
    told = float(np.sqrt(np.mean(errors**2)))
    times = f"{np.median(seconds[1:]):.2f}", f"{min(busy[1:]):.2f}"
    return f"{residual:.2f}", f"{told:.2f}", *times


def picasso(
    table: pl.DataFrame, path: NDArray[np.float64], python: str, work: Path, repeats: int
) -> tuple[str, ...]:
    """The same of Picasso, which gives no uncertainty."""
    found, seconds, busy = picasso_drift(table, len(path), python, work, repeats=repeats)
    return f"{left_nm(found, path):.2f}", "", f"{seconds:.2f}", f"{busy:.2f}"


def picasso_drift(
    table: pl.DataFrame, frames: int, python: str, work: Path, *, repeats: int, segment: int = 100
) -> tuple[NDArray[np.float64], float, float]:
    """What Picasso's AIM finds, ``(frames, 2)`` nm, its seconds and those of all processors.

    ``segment`` is its block, in frames.
    """
    source, output = work / "drift_in.npz", work / "drift_out.npz"
    x_px, y_px = (table[name].to_numpy() / _PIXEL_NM - 0.5 for name in ("x_nm", "y_nm"))
    np.savez(
        source,
        frame=table["frame"].to_numpy(),
        x=x_px.astype(np.float32),
        y=y_px.astype(np.float32),
        info=np.array([frames, np.ceil(x_px.max()) + 1, np.ceil(y_px.max()) + 1, _PIXEL_NM]),
    )
    subprocess.run(
        [python, str(_RUNNER), str(source), str(output), str(repeats), str(segment)],
        check=True,
        capture_output=True,
    )
    result = np.load(output)
    return result["drift"], float(np.median(result["seconds"])), float(result["busy"].min())


def main() -> None:
    """Make the tables, correct them and print what is left."""
    options = _parser().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    result = Table(
        "table", "localizations", "method", "left, nm RMS", "told, nm", "seconds", "CPU s"
    )
    for case in CASES[: options.cases]:
        table, path = made(case, options.frames, options.side_px, options.seed)
        rows = [
            (word, ours(table, path, method, options.repeats))
            for word, method in (
                ("AIM", Aim()),
                ("DME", Dme()),
                ("RCC", RedundantCrossCorrelation()),
            )
        ]
        if options.picasso_python:
            rows.append(
                (
                    "Picasso AIM",
                    picasso(
                        table,
                        path,
                        options.picasso_python,
                        options.work,
                        options.repeats,
                    ),
                )
            )
        for word, figures in rows:
            result.add_row(case.name, str(table.height), word, *figures)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(f"{options.frames} frames, {os.cpu_count()} processors", highlight=False)
    console.print(result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="for files on the way to Picasso")
    parser.add_argument("--picasso-python", default=os.environ.get("PICASSO_PYTHON"))
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--side-px", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1_000)
    parser.add_argument("--cases", type=int, default=len(CASES), help="the first so many")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs")
    return parser


if __name__ == "__main__":
    main()
