"""The network against its goals: accuracy, and whether its uncertainties are true.

    python -m benchmarks.network_accuracy --work FOLDER [--model FILE] [--markdown FILE]

No option is given but the pixel size. Pairs end at 250 nm; truth below three times the
matched filter's noise is left out.

The second table compares errors of pairs with the uncertainties reported for them, faint
molecules included: what was found may be one of them. Two molecules that met by chance, and
two that were taken for one, widen the plain standard deviation; a pair is called near when it
is at most 6 reported errors long, which leaves out one in 65 million of true normal errors.
The robust figure is the median of |z| over that of a normal distribution. Regions are
ellipses of 95 % (chi-square, two degrees of freedom). The last columns are of near pairs
whose molecule has no other within 800 nm.

The mass that would have been best is chosen with the truth in hand and used for nothing.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from benchmarks.cases import cases, make_movie
from benchmarks.limits import are_alone
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import network, network_parser
from benchmarks.ours import localize

from cellstorm.evaluate import Coverage, Score, ScoreOptions, coverage, pair_up, score
from cellstorm.localize import GaussianMethod

RADIUS_NM = 250.0
MOST_REPORTED_ERRORS = 6.0


@dataclass(frozen=True)
class Goal:
    """Efficiency that the rivals reach, that is demanded, and that is hoped for."""

    rivals: float
    at_least: float
    aim: float


GOALS = {
    "1000 photons, CRF 0": Goal(0.50, 0.80, 0.84),
    "1000 photons, CRF 23": Goal(0.45, 0.76, 0.80),
    "1000 photons, CRF 33": Goal(0.25, 0.50, 0.56),
    "500 photons, CRF 23": Goal(0.42, 0.69, 0.74),
    "100 photons, CRF 0": Goal(0.00, 0.35, 0.40),
    "100 photons, CRF 23": Goal(-0.05, 0.27, 0.32),
    "1000 photons, HEVC 24": Goal(0.40, 0.72, 0.77),
    "uniform 0.1 /um2, CRF 20": Goal(0.72, 0.88, 0.90),
    "uniform 1.0 /um2, CRF 20": Goal(0.35, 0.75, 0.80),
    "uniform 2.5 /um2, CRF 20": Goal(0.08, 0.57, 0.63),
    "800 photons, CRF 23, background 90 with haze": Goal(0.36, 0.62, 0.68),
}
"""By the name of the case."""

ACCURACY = (
    "movie",
    "network: Jaccard, RMSE nm, efficiency",
    "fit: Jaccard, RMSE nm, efficiency",
    "rivals' best",
    "at least",
    "aim",
    "reached",
    "not used: best mass, its efficiency",
)
HONESTY = (
    "movie",
    "pairs",
    "reported nm, RMSE of an axis nm",
    "z sd x, y",
    "near: z sd x, y",
    "robust z sd x, y",
    "z mean x, y",
    "95 % regions hold, %",
    "of near pairs, %",
    "not near, %",
    "alone: z sd x, y",
    "alone: 95 % regions hold, %",
)


def main() -> None:
    """Make the movies, run the network and the fit, print the tables."""
    parser = network_parser(__doc__, frames=600)
    parser.add_argument("--only", help="only cases whose name has this in it")
    parser.add_argument(
        "--masses",
        type=float,
        nargs="*",
        default=[round(0.3 + 0.1 * step, 1) for step in range(6)],
        help="tried with the truth in hand; none for a quicker run",
    )
    options = parser.parse_args()
    seeds = f"Movies of {options.frames} frames, seeds from {options.seed}"
    accuracy = LiveTable(ACCURACY, title=f"{seeds}: efficiency.")
    honesty = []
    for case in cases(frames=options.frames, seed=options.seed):
        if case.name not in GOALS or (options.only or "") not in case.name:
            continue
        movie, truth = make_movie(case.simulation, options.work)
        visible = truth.filter(pl.col("photons") >= case.simulation.faintest_photons)
        find = functools.partial(localize, movie, pixel_size_nm=case.simulation.pixel_size_nm)
        found, _ = find(method=network(options))
        fitted, _ = find(method=GaussianMethod())
        swept = [
            (mass, mark_of(find(method=network(options, least_mass=mass))[0], visible).efficiency)
            for mass in options.masses
        ]
        mark, goal = mark_of(found, visible), GOALS[case.name]
        accuracy.add(
            case.name,
            figures(mark),
            figures(mark_of(fitted, visible)),
            f"{goal.rivals:.2f}",
            f"{goal.at_least:.2f}",
            f"{goal.aim:.2f}",
            verdict(mark.efficiency, goal),
            best_of(swept),
        )
        honesty.append((case.name, *honesty_cells(found, truth)))
    table = LiveTable(HONESTY, title=f"{seeds}: uncertainties.")
    for cells in honesty:
        table.add(*cells)
    write_tables(options.markdown, accuracy, table)


def mark_of(found: pl.DataFrame, truth: pl.DataFrame) -> Score:
    """The score, in the plane."""
    return score(found, truth, radius_nm=RADIUS_NM, axial_radius_nm=None)


def figures(mark: Score) -> str:
    """The three that a score is told by."""
    return f"{mark.jaccard:.3f}, {mark.rmse_nm:.1f}, {mark.efficiency:.3f}"


def verdict(efficiency: float, goal: Goal) -> str:
    """What was reached, or by how much it was missed."""
    if efficiency >= goal.aim:
        return "aim"
    if efficiency >= goal.at_least:
        return "at least"
    return "no" if math.isnan(efficiency) else f"no ({efficiency - goal.at_least:+.3f})"


def best_of(swept: list[tuple[float, float]]) -> str:
    """The mass of highest efficiency and that efficiency."""
    known = [one for one in swept if math.isfinite(one[1])]
    if not known:
        return ""
    mass, efficiency = max(known, key=lambda one: one[1])
    return f"{mass:g}, {efficiency:.3f}"


def near_pairs(found: pl.DataFrame, truth: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of either table that make pairs of at most 6 reported errors."""
    pairs = pair_up(found, truth, ScoreOptions(radius_nm=RADIUS_NM, axial_radius_nm=None))
    paired = found[pairs.found_row]
    reported = paired.select("uncertainty_x_nm", "uncertainty_y_nm").to_numpy().astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.hypot(*(pairs.step_nm[:, :2] / reported).T)
    near = length <= MOST_REPORTED_ERRORS
    return paired.filter(pl.Series(near)), truth[pairs.true_row].filter(pl.Series(near))


def honesty_cells(found: pl.DataFrame, truth: pl.DataFrame) -> tuple[str, ...]:
    """What the reported uncertainties of one movie are worth."""
    plain = coverage(found, truth, radius_nm=RADIUS_NM)
    marked = truth.with_columns(alone=pl.Series(are_alone(truth)))
    near_found, near_truth = near_pairs(found, marked)
    near = coverage(near_found, near_truth, radius_nm=RADIUS_NM)
    alone = near_truth["alone"]
    single = coverage(near_found.filter(alone), near_truth.filter(alone), radius_nm=RADIUS_NM)
    return (
        f"{plain.pairs:,}",
        error_text(plain),
        f"{plain.x.sd:.2f}, {plain.y.sd:.2f}",
        f"{near.x.sd:.2f}, {near.y.sd:.2f}",
        f"{plain.x.robust_sd:.2f}, {plain.y.robust_sd:.2f}",
        f"{plain.x.mean:+.2f}, {plain.y.mean:+.2f}",
        region_text(plain),
        region_text(near),
        f"{100 * (1 - near.pairs / plain.pairs):.2f}" if plain.pairs else "",
        f"{single.x.sd:.2f}, {single.y.sd:.2f}",
        region_text(single),
    )


def error_text(covered: Coverage) -> str:
    """Root mean squares of what was reported and of the errors."""
    if not covered.deciles:
        return ""
    count = np.array([one.pairs for one in covered.deciles], np.float64)
    both = [
        math.sqrt(float(np.average(np.square(values), weights=count)))
        for values in (
            [one.reported_nm for one in covered.deciles],
            [one.rmse_nm for one in covered.deciles],
        )
    ]
    return f"{both[0]:.1f}, {both[1]:.1f}"


def region_text(covered: Coverage) -> str:
    """Coverage of the 95 % ellipse and its confidence interval."""
    level = covered.level(0.95)
    low, high = 100 * level.ellipse_low, 100 * level.ellipse_high
    return f"{100 * level.ellipse:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
