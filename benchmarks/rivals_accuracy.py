"""Accuracy on coded video, side by side with the rivals, as in their published table.

    python -m benchmarks.rivals_accuracy --work FOLDER
        [--picasso-python PATH] [--thunderstorm-classpath JARS] [--markdown FILE]

Rivals get the best threshold of a sweep, chosen with the truth in hand; cellstorm runs with
no option but the pixel size (and, as a second row, with the camera given).
"""

import argparse
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from benchmarks.cases import FIRST_EVALUATION_SEED, Case, cases, make_movie
from benchmarks.ours import METHODS, localize
from benchmarks.rivals import Picasso, Rival, Thunderstorm
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cellstorm.benchmark import KnownImaging, best_threshold
from cellstorm.evaluate import Score, score
from cellstorm.movie import open_movie

HEADINGS = ("movie", "method", "Jaccard", "RMSE nm", "efficiency", "published", "fps", "notes")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    case: Case
    method: str
    score: Score
    frames_per_s: float
    notes: str
    published_as: str | None = None

    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        published = self.case.published.get(self.published_as or "")
        theirs = "" if published is None else "{:.2f}, {:.0f}, {:.2f}".format(*published)
        return (
            self.case.name,
            self.method,
            f"{self.score.jaccard:.3f}",
            f"{self.score.rmse_nm:.1f}",
            f"{self.score.efficiency:.3f}",
            theirs,
            "" if math.isnan(self.frames_per_s) else f"{self.frames_per_s:.0f}",
            self.notes,
        )


def main() -> None:
    """Make the movies, run everything, print and keep the table."""
    options = _parser().parse_args()
    rivals = _rivals(options)
    chosen = [
        case
        for case in cases(frames=options.frames, seed=options.seed)
        if options.only is None or options.only in case.name
    ]
    # tables are as often kept in a file as looked at
    console = Console(width=None if sys.stdout.isatty() else 140)
    rows: list[Row] = []
    for case in chosen:
        movie, truth = make_movie(case.simulation, options.work)
        size = case.simulation.frames * case.simulation.width_px * case.simulation.height_px
        bits = movie.stat().st_size * 8 / size
        console.print(f"[bold]{case.name}[/bold]: {bits:.2f} bits/px", highlight=False)
        with open_movie(movie) as opened:
            frames = opened.read(0, opened.shape[0]).astype(np.uint8)
        with TemporaryDirectory(dir=options.work) as folder:
            for rival in rivals:
                rows.append(_rival_row(rival, case, frames, truth, Path(folder), options.repeats))
        if not options.without_ours:
            rows.extend(_our_rows(case, movie, truth))
        for row in rows:
            if row.case is case:
                console.print("   ", "  ".join(row.cells()[1:]), highlight=False)
    _print(console, rows)
    if options.markdown is not None:
        options.markdown.write_text(_markdown(rows, options), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument("--picasso-python", default=os.environ.get("PICASSO_PYTHON"))
    parser.add_argument("--picasso-mle", action="store_true", help="also Picasso's gaussmle")
    parser.add_argument(
        "--thunderstorm-classpath", default=os.environ.get("THUNDERSTORM_CLASSPATH")
    )
    parser.add_argument(
        "--thunderstorm-multi", action="store_true", help="also up to five emitters (very slow)"
    )
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--seed", type=int, default=FIRST_EVALUATION_SEED)
    parser.add_argument("--only", help="only cases whose name has this in it")
    parser.add_argument("--repeats", type=int, default=2, help="timed runs of rivals; 0: none")
    parser.add_argument("--without-ours", action="store_true")
    parser.add_argument("--markdown", type=Path, help="write the table here as well")
    return parser


def _rivals(options: argparse.Namespace) -> list[Rival]:
    rivals: list[Rival] = []
    if options.picasso_python:
        python = Path(options.picasso_python)
        rivals.append(Picasso(python))
        if options.picasso_mle:
            rivals.append(Picasso(python, method="gaussmle"))
    if options.thunderstorm_classpath:
        rivals.append(Thunderstorm(options.thunderstorm_classpath))
        if options.thunderstorm_multi:
            rivals.append(Thunderstorm(options.thunderstorm_classpath, emitters=5))
    return rivals


def _score(found: pl.DataFrame, truth: pl.DataFrame, case: Case) -> Score:
    return score(found, truth, faintest_photons=case.simulation.faintest_photons)


def _rival_row(
    rival: Rival,
    case: Case,
    frames: NDArray[np.uint8],
    truth: pl.DataFrame,
    folder: Path,
    repeats: int,
) -> Row:
    imaging = KnownImaging.of(case.simulation)
    table = rival.candidates(frames, imaging, folder)
    threshold, best = best_threshold(
        table, rival.thresholds, lambda found: _score(found, truth, case)
    )
    frames_per_s = math.nan
    if repeats:
        seconds = rival.seconds(frames, imaging, folder, threshold=threshold, repeats=repeats)
        frames_per_s = case.simulation.frames / float(np.median(seconds))
    return Row(
        case, rival.name, best, frames_per_s, f"threshold {threshold:g}", rival.name.split()[0]
    )


def _our_rows(case: Case, movie: Path, truth: pl.DataFrame) -> list[Row]:
    rows = []
    for method in METHODS:
        for camera, notes in ((None, "no option"), (case.simulation.camera, "camera given")):
            pixel_size_nm = case.simulation.pixel_size_nm
            localize(movie, method=METHODS[method], pixel_size_nm=pixel_size_nm, camera=camera)
            found, seconds = localize(
                movie, method=METHODS[method], pixel_size_nm=pixel_size_nm, camera=camera
            )
            rows.append(
                Row(
                    case,
                    method,
                    _score(found, truth, case),
                    case.simulation.frames / seconds,
                    notes,
                )
            )
    return rows


def _print(console: Console, rows: list[Row]) -> None:
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)


def _markdown(rows: list[Row], options: argparse.Namespace) -> str:
    lines = [
        f"Movies of {options.frames} frames, seeds from {options.seed}; pairs within 250 nm;",
        "truth below three times the matched filter's noise left out. Published: Jaccard, RMSE,",
        "efficiency of the same program on other movies of this kind. Rivals' frames per second",
        "are from decoded frames in memory; cellstorm's include opening and decoding the file.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
    ]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
