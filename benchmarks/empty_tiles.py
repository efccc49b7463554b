"""What is lost, moved and gained in time where the network skips empty places.

    python -m benchmarks.empty_tiles --work FOLDER [--model FILE] [--halo-cells N]

Movies of 128 x 128 px with about one molecule in a frame and a half, of any light, PSF,
background, haze and codec, are localized with everything computed and with empty places
skipped, with one thread. A molecule is lost when there is none within half a pixel any
more. Seeds are under 1000: the detector was tuned on such movies.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks.cases import make_movie
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.spatial import cKDTree

from cellstorm.localize import MoleculeColumns, NetMethod
from cellstorm.localize.net import occupied
from cellstorm.movie import open_movie
from cellstorm.simulate import Simulation

_SAME_PX = 0.5
_TRUE_PX = 2.0
_SEED = 750


def movies(frames: int, density_per_um2_frame: float) -> list[tuple[str, Simulation]]:
    """Named simulations of all sorts; number i has the seed 750 + i."""
    haze = {"background.haze": "structure"}
    rows: list[tuple[str, dict[str, Any]]] = [
        (f"{photons} photons, CRF {crf}", {"photons": photons, "crf": crf})
        for photons in (50, 100, 200, 500, 1000)
        for crf in (0, 23, 33)
    ]
    rows += [
        (f"PSF {sigma} px, {photons} photons", {"psf.sigma_px": sigma, "photons": photons})
        for sigma in (0.9, 2.2)
        for photons in (150, 600)
    ]
    for background, gain in ((1, 0.69), (80, 0.69), (250, 2.5)):
        changes = {"background.photons": background, "camera.gain_e_per_adu": gain}
        rows += [
            (f"background {background}, {photons} photons", {**changes, "photons": photons})
            for photons in (150, 600)
        ]
    for photons in (150, 600):
        hazy = {**haze, "background.haze.peak_photons": 90, "codec": "hevc", "crf": 24}
        bright = {**haze, "background.haze.peak_photons": 200, "camera.gain_e_per_adu": 2.0}
        rows += [
            (f"HEVC 24, {photons} photons", {"photons": photons, "codec": "hevc", "crf": 24}),
            (f"HEVC 24, haze 90, {photons} photons", {**hazy, "photons": photons}),
            (f"CRF 18, haze 200, {photons} photons", {**bright, "crf": 18, "photons": photons}),
            (f"not coded, {photons} photons", {"photons": photons, "codec": "none"}),
        ]
    even = {"structure": "uniform", "density_per_um2_frame": density_per_um2_frame}
    made = []
    for number, (name, changes) in enumerate(rows):
        usual = {} if {"crf", "codec"} & changes.keys() else {"crf": 20}
        simulation = Simulation(frames=frames, seed=_SEED + number)
        made.append((name, simulation.changed({**even, **usual, **changes})))
    return made


def main() -> None:
    """Localize everything twice and print a table."""
    options = _parser().parse_args()
    if options.halo_cells is not None:
        occupied._HALO = options.halo_cells
    result = Table(
        "movie", "molecules", "lost", "true ones lost", "new", "moved px: median", "95 %",
        "probability: 95 %", "ms per frame: all", "skipping",
    )  # fmt: skip
    everything: list[NDArray[np.float64]] = []
    for name, simulation in movies(options.frames, options.density):
        movie, truth = make_movie(simulation, options.work)
        with open_movie(movie) as opened:
            count, height, width = opened.shape
            localizer = NetMethod(model=options.model).prepare(
                opened, simulation.camera, (0, count), (0, width, 0, height)
            )
            chunk = opened.read_chunk(0, count)
        found, seconds = [], []
        for skip in (False, True):
            used = localizer.model_copy(update={"skip_empty": skip})
            used.localize(chunk, first=0, last=min(count, 16))
            began = time.process_time()
            found.append(used.localize(chunk, first=0, last=count))
            seconds.append(time.process_time() - began)
        rows = _compared(found[0], found[1], truth, simulation.pixel_size_nm)
        everything.append(rows)
        result.add_row(name, *_summary(rows), *(f"{1e3 * s / count:.1f}" for s in seconds))
        print(name, *_summary(rows), file=sys.stderr, flush=True)
    result.add_section()
    result.add_row("all", *_summary(np.concatenate(everything)), "", "")
    Console(width=None if sys.stdout.isatty() else 160).print(result)


def _compared(
    all_: MoleculeColumns, skipped: MoleculeColumns, truth: pl.DataFrame, pixel_size_nm: float
) -> NDArray[np.float64]:
    """Rows: is of everything computed, lost or new, true, moved (px), change of probability."""
    before, after = (
        np.column_stack([found["x_px"], found["y_px"], 1e3 * found["frame"]])
        for found in (all_, skipped)
    )
    real = np.column_stack(
        [
            truth["x_nm"].to_numpy() / pixel_size_nm,
            truth["y_nm"].to_numpy() / pixel_size_nm,
            1e3 * truth["frame"].to_numpy(),
        ]
    )
    moved, partner = _nearest(before, after, _SAME_PX)
    there = np.isfinite(moved)
    rows = np.zeros((len(before), 5))
    rows[:, 0], rows[:, 1] = 1.0, ~there
    rows[:, 2] = np.isfinite(_nearest(before, real, _TRUE_PX)[0])
    rows[:, 3] = moved
    change = skipped["probability"][partner[there]] - all_["probability"][there]
    rows[there, 4] = np.abs(change)
    new = np.zeros((len(after) - np.count_nonzero(there), 5))
    new[:, 1] = 1.0
    return np.concatenate([rows, new])


def _nearest(
    some: NDArray[np.float64], others: NDArray[np.float64], most_px: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    if len(others) == 0:
        return np.full(len(some), np.inf), np.zeros(len(some), np.int64)
    distances, places = cKDTree(others).query(some, distance_upper_bound=most_px)
    return np.asarray(distances), np.asarray(places)


def _summary(rows: NDArray[np.float64]) -> list[str]:
    old = rows[rows[:, 0] > 0]
    lost = old[:, 1] > 0
    counts = [len(old), lost.sum(), (lost & (old[:, 2] > 0)).sum(), len(rows) - len(old)]
    there = old[~lost]
    if len(there) == 0:
        return [*(f"{count}" for count in counts), "", "", ""]
    moved, change = there[:, 3], there[:, 4]
    return [
        *(f"{count}" for count in counts),
        f"{np.median(moved):.4f}",
        f"{np.percentile(moved, 95):.4f}",
        f"{np.percentile(change, 95):.4f}",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument("--model", type=Path, help="another model file")
    parser.add_argument("--halo-cells", type=int, help="cells of 4 px around a place")
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--density", type=float, default=0.009, help="molecules per um2 and frame")
    return parser


if __name__ == "__main__":
    main()
