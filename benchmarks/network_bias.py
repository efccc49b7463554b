"""Does the place within a pixel or a coding block move what the network finds?

    python -m benchmarks.network_bias --work FOLDER [--model FILE] [--picture FILE]

Molecules anywhere, 0.3 per um2 and frame, 1000 photons. The first table has the mean of found
minus true, in x for the phase of the true x and in y for that of y: tenths of a pixel, and the
pixels of 4, 8 and 16 px blocks, nothing subtracted. Standard errors take all pairs of a
molecule as one observation, for they share their phase. The second table is that of
`benchmarks.codec_grid`: waves in the density against the truth, and in the bias, for the fit
as well.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.cases import make_movie
from benchmarks.codec_grid import HEADINGS as GRID_HEADINGS
from benchmarks.codec_grid import Case
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import network, network_parser
from benchmarks.ours import localize
from numpy.typing import NDArray

from cellstorm.evaluate import ScoreOptions, draw_grid_bias, pair_up
from cellstorm.localize import GaussianMethod
from cellstorm.simulate import Simulation

CRFS = (23.0, 28.0)
SHOWN = "CRF 28"
PHASES = {1: 10, 4: 4, 8: 8, 16: 16}
"""Bins of each period in pixels."""
GOAL_NM = 2.0
HEADINGS = (
    "movie",
    "axis",
    "period px",
    "bias at each phase, nm",
    "standard error nm",
    "largest nm",
    f"under {GOAL_NM:g} nm",
)

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class PhaseBias:
    """Mean error at each phase and its standard error, ``(bins,)`` nm."""

    mean_nm: Vector
    error_nm: Vector

    @property
    def largest(self) -> int:
        """The phase of the largest mean."""
        return int(np.nanargmax(np.abs(self.mean_nm)))


def main() -> None:
    """Print the tables."""
    parser = network_parser(__doc__, frames=2000)
    parser.add_argument("--picture", type=Path, help=f"draw {SHOWN}")
    options = parser.parse_args()
    one = Simulation(frames=options.frames, seed=options.seed).changed(
        structure="uniform", density_per_um2_frame=0.3, photons=1000
    )
    phases = LiveTable(
        HEADINGS, title=f"Bias, {options.frames} frames, seed {options.seed}, no option given."
    )
    grids: list[Case] = []
    for crf in CRFS:
        simulation = one.changed(crf=crf)
        movie, truth = make_movie(simulation, options.work)
        size_nm = simulation.pixel_size_nm
        found, _ = localize(movie, method=network(options), pixel_size_nm=size_nm)
        fitted, _ = localize(movie, method=GaussianMethod(), pixel_size_nm=size_nm)
        grids += [
            Case(f"CRF {crf:g}", localizer, rows, truth, size_nm)
            for localizer, rows in (("network", found), ("fit", fitted))
        ]
        for axis in "xy":
            for period in PHASES:
                biased = phase_bias(found, truth, axis=axis, period_px=period, pixel_nm=size_nm)
                largest = biased.largest
                mean, error = biased.mean_nm[largest], biased.error_nm[largest]
                phases.add(
                    f"CRF {crf:g}",
                    axis,
                    str(period),
                    " ".join(f"{value:+.1f}" for value in biased.mean_nm),
                    f"{np.nanmax(biased.error_nm):.2f}",
                    f"{mean:+.2f} ± {error:.2f}",
                    "yes" if abs(mean) < GOAL_NM else "no",
                )
    table = LiveTable(GRID_HEADINGS, title="Grid in the positions.")
    for case in grids:
        bias = case.bias()
        table.add(*case.cells(bias))
        if options.picture and (case.movie, case.localizer) == (SHOWN, "network"):
            draw_grid_bias(bias, options.picture, title=f"network, {case.movie}")
    write_tables(options.markdown, phases, table)


def phase_bias(
    found: pl.DataFrame, truth: pl.DataFrame, *, axis: str, period_px: int, pixel_nm: float
) -> PhaseBias:
    """Mean of found minus true along an axis, against the phase of the true position.

    Parameters
    ----------
    found, truth
        Tables of one movie; ``truth`` with ``id``, by which pairs belong together.
    axis
        ``"x"`` or ``"y"``.
    period_px
        A key of `PHASES`.
    pixel_nm
        Edge of a pixel.
    """
    pairs = pair_up(found, truth, ScoreOptions(axial_radius_nm=None))
    column = "xy".index(axis)
    error = pairs.step_nm[:, column]
    place = pairs.truth[pairs.true_row, 1 + column] / (pixel_nm * period_px) % 1.0
    bins = PHASES[period_px]
    phase = np.minimum((place * bins).astype(np.int64), bins - 1)
    _, molecule = np.unique(truth["id"].to_numpy()[pairs.true_row], return_inverse=True)
    count = np.bincount(phase, minlength=bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(phase, error, bins) / count
        # a molecule stays where it is, and so in one bin
        per_molecule = np.bincount(molecule, error - mean[phase])
        bin_of = np.zeros(per_molecule.size, np.int64)
        bin_of[molecule] = phase
        spread = np.sqrt(np.bincount(bin_of, np.square(per_molecule), bins)) / count
    return PhaseBias(mean, spread)


if __name__ == "__main__":
    main()
