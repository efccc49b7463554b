"""What nobody could do better: the efficiency of an observer who knows everything but the places.

    python -m benchmarks.perfect_observer --work FOLDER [--markdown FILE]

The movies of `benchmarks.network_accuracy`. The observer knows how many molecules there are and
in which frames each shines, the PSF, the camera and the quantiser of every block; only the places
are left to be estimated, without bias, at the Cramer-Rao bound. He keeps the molecules whose
places are known best, as many as give the best efficiency, and none of them is false. One column
lets him look at one frame, the other at two more on either side, in which the same molecule
stands at the same place. Neighbours are unknown in every frame anew, so where molecules overlap
a joint estimate over the frames could do a little better; where they are alone, nothing can.

HEVC is left out: its decoder tells no quantiser.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.cases import FIRST_EVALUATION_SEED, cases, make_movie
from benchmarks.limits import quantiser_variance_e2, true_bounds
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_accuracy import GOALS, RADIUS_NM
from numpy.typing import NDArray

from cellstorm.simulate import Simulation

FRAMES_AROUND = 2
RMSE_OF_NO_USE_NM = 100.0
COLUMNS = ("movie", "one frame", f"{2 * FRAMES_AROUND + 1} frames", "at least", "aim")


def main() -> None:
    """Compute the bounds and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--seed", type=int, default=FIRST_EVALUATION_SEED)
    parser.add_argument("--markdown", type=Path, help="write the table here as well")
    options = parser.parse_args()
    table = LiveTable(
        COLUMNS,
        title=f"Jaccard, RMSE in nm, efficiency of a perfect observer; {options.frames} frames,"
        f" seeds from {options.seed}.",
    )
    for case in cases(frames=options.frames, seed=options.seed):
        if case.name not in GOALS or "HEVC" in case.name:
            continue
        movie, truth = make_movie(case.simulation, options.work)
        bounds = bound_variances(case.simulation, movie, truth)
        visible = (truth["photons"] >= case.simulation.faintest_photons).to_numpy()
        goal = GOALS[case.name]
        table.add(
            case.name,
            best_efficiency((bounds["x"] + bounds["y"]).to_numpy()[visible]),
            best_efficiency(over_frames(bounds)[visible]),
            f"{goal.at_least:.2f}",
            f"{goal.aim:.2f}",
        )
    write_tables(options.markdown, table)


def bound_variances(simulation: Simulation, movie: Path, truth: pl.DataFrame) -> pl.DataFrame:
    """``frame``, ``id`` and the least variance of ``x`` and ``y`` in nm^2, a row per true one."""
    coding_e2 = quantiser_variance_e2(simulation, movie, truth)
    bounds = true_bounds(simulation, truth, coding_e2)
    return truth.select(pl.col("frame").cast(pl.Int64), "id").with_columns(
        x=bounds["bound_x_nm"] ** 2, y=bounds["bound_y_nm"] ** 2
    )


def over_frames(bounds: pl.DataFrame) -> NDArray[np.float64]:
    """Least variance of x and y together, nm^2, from a molecule's neighbouring frames as well."""
    weights = bounds.with_columns(pl.col("x", "y") ** -1)
    near = [
        weights.select("id", pl.col("frame") + step, "x", "y")
        for step in range(-FRAMES_AROUND, FRAMES_AROUND + 1)
    ]
    sums = pl.concat(near).group_by("id", "frame").agg(pl.col("x", "y").sum())
    joined = bounds.select("id", "frame").join(
        sums, on=["id", "frame"], how="left", maintain_order="left"
    )
    least: NDArray[np.float64] = joined.select(pl.col("x") ** -1 + pl.col("y") ** -1)[
        :, 0
    ].to_numpy()
    return least


def best_efficiency(variance_nm2: NDArray[np.float64]) -> str:
    """Jaccard, RMSE in nm and efficiency with as many of the best known as make it largest."""
    ordered = np.sort(variance_nm2[variance_nm2 < RADIUS_NM**2])
    number = np.arange(1, ordered.size + 1)
    rmse_nm = np.sqrt(np.cumsum(ordered) / number)
    jaccard = number / variance_nm2.size
    efficiency = 1.0 - np.hypot(1.0 - jaccard, rmse_nm / RMSE_OF_NO_USE_NM)
    best = int(np.argmax(efficiency))
    return f"{jaccard[best]:.3f}, {rmse_nm[best]:.1f}, {efficiency[best]:.3f}"


if __name__ == "__main__":
    main()
