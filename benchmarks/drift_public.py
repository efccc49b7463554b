"""Drift of real tables: the resolution before and after, and the curves.

    python -m benchmarks.drift_public TABLE ... [--picasso-python PATH] [--picture FILE]

Tables of any format that cellstorm reads, or MATLAB files whose ``Data`` has columns of x and y
in pixels, frames from 1 and precision in pixels (``--pixel-nm`` of them, 100: where the pixel
is not known, all lengths are in hundredths of it). What moved is not known here; the judge is
the Fourier ring correlation, whose halves are blocks of frames. Picasso's AIM runs with its own
settings (blocks of 100 frames, 20 nm, 60 nm) and with blocks ten times as long; with blocks of
10 frames where the movie has under 1000.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import scipy.io
from benchmarks.drift import picasso_drift
from benchmarks.live_table import LiveTable, write_tables
from numpy.typing import NDArray

from cellstorm.errors import CellstormError
from cellstorm.evaluate import FrcOptions, frc
from cellstorm.localizations import Localizations, Metadata, read_table
from cellstorm.refine.drift import (
    Aim,
    Dme,
    DriftCurve,
    DriftMethod,
    Fiducials,
    RedundantCrossCorrelation,
    find_drift,
)

_METHODS: tuple[tuple[str, DriftMethod], ...] = (
    ("AIM", Aim()),
    ("DME", Dme()),
    ("RCC", RedundantCrossCorrelation()),
    ("fiducials", Fiducials()),
)
_HEADINGS = (
    "table",
    "method",
    "range x, y nm",
    "known to nm",
    "FRC nm",
    "parts far apart agree %",
    "seconds",
)
_COLOURS = {"AIM": "#c8501e", "DME": "#8a5aa3", "RCC": "#5b7da3", "fiducials": "#5f8f4e"}
_GREYS = ("#c4c4c4", "#555555")


def read(path: Path, pixel_nm: float) -> Localizations:
    """A table, of a MATLAB file too."""
    if path.suffix != ".mat":
        return read_table(path)
    x_px, y_px, frame, precision_px = scipy.io.loadmat(str(path))["Data"].T
    rows = pl.DataFrame(
        {
            "frame": (frame - 1).astype(np.uint32),
            "x_nm": x_px * pixel_nm,
            "y_nm": y_px * pixel_nm,
            "uncertainty_nm": (precision_px * pixel_nm).astype(np.float32),
        }
    )
    return Localizations(rows, Metadata(pixel_size_nm=pixel_nm))


def main() -> None:
    """Correct each table by each method."""
    options = _parser().parse_args()
    result = LiveTable(_HEADINGS)
    curves: dict[str, dict[str, DriftCurve]] = {}
    for path in options.tables:
        table = read(path, options.pixel_nm)
        found: dict[str, DriftCurve] = {}
        result.add(path.stem, "as it is", "", "", *resolution(table), "")
        for word, method in _METHODS:
            began = time.perf_counter()
            try:
                curve = find_drift(table, method).curve
            except CellstormError as error:
                result.add(path.stem, word, f"refused: {error.what}", "", "", "", "")
                continue
            found[word] = curve
            add(result, path.stem, word, table, curve, time.perf_counter() - began)
        if options.picasso_python:
            for segment in segments(table):
                curve, seconds = of_picasso(table, options.picasso_python, segment)
                word = f"Picasso AIM, blocks of {segment}"
                found[word] = curve
                add(result, path.stem, word, table, curve, seconds)
        curves[path.stem] = found
    if options.picture:
        draw(curves, options.picture)
    write_tables(options.markdown, result)


def add(
    result: LiveTable, name: str, word: str, table: Localizations, curve: DriftCurve, seconds: float
) -> None:
    """A row of what a curve does to a table."""
    ranges = ", ".join(f"{span:.1f}" for span in curve.span_nm.values())
    told = ", ".join(f"{np.sqrt(np.mean(e**2)):.1f}" for _, e in curve.uncertainties() if e.any())
    result.add(name, word, ranges, told, *resolution(curve.apply(table)), f"{seconds:.1f}")


def resolution(table: Localizations) -> tuple[str, str]:
    """Resolution with its error, and how well blocks far apart agree."""
    try:
        found = frc(table, FrcOptions())
    except CellstormError as error:
        return error.what, ""
    share = f"{100 * found.late_over_early:.0f}"
    return f"{found.resolution_nm:.1f} ± {found.error_nm:.1f}", share


def segments(table: Localizations) -> tuple[int, ...]:
    """Blocks to try Picasso with, frames."""
    return (10,) if np.ptp(table.column("frame")) < 1_000 else (100, 1_000)


def of_picasso(table: Localizations, python: str, segment: int) -> tuple[DriftCurve, float]:
    """Picasso's curve, which has no uncertainty."""
    frame = table.column("frame").astype(np.int64)
    first, frames = int(frame.min()), int(np.ptp(frame)) + 1
    moved = pl.col("frame").cast(pl.Int64) - first
    with tempfile.TemporaryDirectory() as work:
        path, seconds, _ = picasso_drift(
            table.data.with_columns(moved), frames, python, Path(work), repeats=1, segment=segment
        )
    path = path - path.mean(axis=0)
    none = np.zeros(frames)
    return DriftCurve(
        np.arange(first, first + frames), path[:, 0], path[:, 1], none, none, method="Picasso AIM"
    ), seconds


def draw(curves: dict[str, dict[str, DriftCurve]], picture: Path) -> None:
    """Curves of all methods over one another, a row a table."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.4 * len(curves)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(curves), 2, squeeze=False)
    for row, (name, found) in zip(panels, curves.items(), strict=True):
        for panel, axis in zip(row, ("x", "y"), strict=True):
            greys = iter(_GREYS)
            farthest = 0.0
            # those of others first: ours lie over them
            for word, curve in sorted(found.items(), key=lambda item: item[0] in _COLOURS):
                values: NDArray[np.float64] = dict(curve.axes())[axis]
                error = dict(curve.uncertainties())[axis]
                colour = _COLOURS.get(word) or next(greys)
                if word in _COLOURS:
                    farthest = max(farthest, float(np.abs(values).max() + 2 * error.max()))
                panel.plot(curve.frame, values, color=colour, linewidth=1.2, label=word)
                panel.fill_between(
                    curve.frame,
                    values - 2 * error,
                    values + 2 * error,
                    color=colour,
                    alpha=0.2,
                    linewidth=0,
                )
            panel.set_title(f"{name}: {axis}", fontsize=10, loc="left")
            panel.set_xlabel("frame")
            panel.set_ylabel("shift, nm")
            panel.margins(x=0)
            panel.set_ylim(-2 * farthest, 2 * farthest)
            panel.grid(alpha=0.2)
        row[0].legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
    figure.savefig(picture, dpi=110)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--pixel-nm", type=float, default=100.0, help="of MATLAB files")
    parser.add_argument("--picasso-python", default=os.environ.get("PICASSO_PYTHON"))
    parser.add_argument("--picture", type=Path, default=None)
    parser.add_argument("--markdown", type=Path, default=None)
    return parser


if __name__ == "__main__":
    main()
