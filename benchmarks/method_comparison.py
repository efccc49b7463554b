"""The image-to-image network against our network and the fit: the tables of docs/gan.md.

    python -m benchmarks.method_comparison --work FOLDER [--gan FILE] [--markdown FILE]
        [--parts accuracy fig5 empty speed size] [--quick]

``accuracy``: efficiencies on the eleven movies of `benchmarks.network_accuracy`, no option given
but the pixel size. ``fig5``: the paper's grid, with the fit set as the paper set ThunderSTORM, and
the block grid on low-light video (`cellstorm reproduce fig5`; goes on where it was stopped).
``empty``: molecules in 2000 frames of video that has none, and the brightest pixel of the summed
picture. ``speed``: 15,000 frames from the file to the table, and generators alone. ``size``: of
the model files.

Speeds are worth something only on a machine that does nothing else.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import tifffile
from benchmarks.cases import FIRST_EVALUATION_SEED, cases, make_movie
from benchmarks.empty_video import CRFS, SCENES, videos
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_accuracy import GOALS, figures, mark_of
from benchmarks.ours import localize

from cellstorm.errors import MovieError
from cellstorm.localize import GanMethod, GaussianMethod, Method, NetMethod
from cellstorm.localize.model_library import describe_model
from cellstorm.localize.model_names import find_model
from cellstorm.reproduce import FigureTable, Request, reproduce
from cellstorm.reproduce.methods import THUNDERSTORM
from cellstorm.run import localize_movie
from cellstorm.simulate import Simulation

PARTS = ("size", "accuracy", "fig5", "empty", "speed")
QUICK_FRAMES = 40
QUICK_SCENES = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument(
        "--gan", help="file or name of the image-to-image network; the package's own if not given"
    )
    parser.add_argument("--model", type=Path, help="our network's file; the package's own")
    parser.add_argument("--markdown", type=Path, help="write the tables here as well")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--frames", type=int, default=600, help="of each movie of accuracy")
    parser.add_argument("--empty-frames", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=FIRST_EVALUATION_SEED)
    parser.add_argument("--only", default="", help="only movies whose name has this in it")
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.frames = options.empty_frames = QUICK_FRAMES
    tables = [table for part in PARTS if part in options.parts for table in _part(part, options)]
    write_tables(options.markdown, *tables)


def _part(part: str, options: argparse.Namespace) -> Iterator[LiveTable]:
    if part == "size":
        yield _size(options)
    elif part == "accuracy":
        yield _accuracy(options)
    elif part == "empty":
        yield _empty(options)
    else:
        request = Request(quick=options.quick, model=options.gan)
        done = reproduce(part, options.work / "reproduce", request, listener=_Told())
        for table in done.tables:
            yield _shown(table)
        for sentence in done.sentences:
            print(sentence, flush=True)


def _methods(options: argparse.Namespace) -> dict[str, Method]:
    return {
        "gan": GanMethod(model=options.gan),
        "net": NetMethod(model=options.model),
        "gaussian": GaussianMethod(),
        "as ThunderSTORM": THUNDERSTORM,
    }


def _size(options: argparse.Namespace) -> LiveTable:
    table = LiveTable(("model", "weights", "MB"), title="Model files.")
    for name, model in (("gan", options.gan), ("net", options.model)):
        entry = describe_model(find_model(model, name))
        table.add(entry.facts.name, f"{entry.weights:,}", f"{entry.size_bytes / 1e6:.1f}")
    return table


def _accuracy(options: argparse.Namespace) -> LiveTable:
    methods = _methods(options)
    table = LiveTable(
        ("movie", *methods),
        title=f"Jaccard, RMSE in nm, efficiency; {options.frames} frames, seeds from"
        f" {options.seed}.",
    )
    made = [
        case
        for case in cases(frames=options.frames, seed=options.seed)
        if case.name in GOALS and options.only in case.name
    ]
    for case in made[:QUICK_SCENES] if options.quick else made:
        movie, truth = make_movie(case.simulation, options.work)
        visible = truth.filter(pl.col("photons") >= case.simulation.faintest_photons)
        cells = []
        for method in methods.values():
            found, _ = localize(movie, method=method, pixel_size_nm=case.simulation.pixel_size_nm)
            cells.append(figures(mark_of(found, visible)))
        table.add(case.name, *cells)
    return table


def _empty(options: argparse.Namespace) -> LiveTable:
    methods = _methods(options)
    columns = tuple(f"CRF {crf:g}" for crf in CRFS)
    table = LiveTable(
        ("video", "method", *columns),
        title=f"Molecules in {options.empty_frames} frames of 128 x 128 px that have none; for the"
        " gan also the brightest pixel of its summed picture, over that of one molecule of full"
        " brightness.",
    )
    scenes = list(enumerate(SCENES))
    for number, scene in scenes[:QUICK_SCENES] if options.quick else scenes:
        rows: dict[str, list[str]] = {name: [] for name in methods}
        for simulation in videos(scene, options.empty_frames, options.seed + number):
            movie, _ = make_movie(simulation, options.work)
            for name, method in methods.items():
                rows[name].append(_found_in_nothing(movie, simulation, method))
        for name, cells in rows.items():
            table.add(scene, name, *cells)
    return table


def _found_in_nothing(movie: Path, simulation: Simulation, method: Method) -> str:
    with TemporaryDirectory() as folder:
        try:
            run = localize_movie(
                movie,
                method=method,
                pixel_size_nm=simulation.pixel_size_nm,
                output=Path(folder) / "found.locs.parquet",
                # the sum of what a method draws is written with the picture
                picture=isinstance(method, GanMethod),
            )
        except MovieError:
            # every pixel the same
            return "refused"
        if run.sum_picture is None:
            return f"{run.molecules:,}"
        brightest = float(np.max(tifffile.imread(run.sum_picture)))
        return f"{run.molecules:,} ({brightest:.3f})"


def _shown(figures: FigureTable) -> LiveTable:
    table = LiveTable(figures.columns, title=f"{figures.title}.")
    for cells in figures.texts():
        table.add(*cells)
    return table


class _Told:
    """A line when something else is begun."""

    def __init__(self) -> None:
        self._doing = ""

    def __call__(self, doing: str, done: int, total: int) -> None:
        if doing != self._doing:
            self._doing = doing
            print(f"{doing}: {total} frames", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
