"""Is the precision that consecutive frames tell (NeNA) that of a network's positions?

    python -m benchmarks.network_precision --work FOLDER [--model FILE] [--markdown FILE]

A network that looks at several frames at a time errs alike in frames near each other, and
steps between them are too short. Simulated movies, found molecules paired with the truth.
"Found" is NeNA over one frame and over as many as the network looks at. "Alike" is the
correlation of the errors of one molecule in two frames so far apart. "If not alike" is the
same fit to steps whose ends have their errors from two molecules of like brightness: what
NeNA would find of these positions if errors were independent.
"""

import numpy as np
import polars as pl
from benchmarks.cases import make_movie
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import network, network_parser
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.evaluate import NenaOptions, ScoreOptions, nena, pair_up
from cellstorm.localizations import Localizations
from cellstorm.localize import GaussianMethod, Method
from cellstorm.run import localize_frames
from cellstorm.simulate import SIMULATION_PRESETS

FIELDS = {
    "sparse, on for 0.15 s": {"density_per_um2_frame": 0.08, "photophysics.on_s": 0.15},
    "as it comes": {},
}
CODINGS = {
    "uncoded": {"codec": "none", "isp": "off"},
    "CRF 23": {"isp": "off"},
    "phone": {},
}
RADIUS_NM = 150.0
NEIGHBOURS = 30
"""Of like brightness, that the other end of a step is taken from."""


def main() -> None:
    """Print the table."""
    parser = network_parser(__doc__, frames=2000)
    options = parser.parse_args()
    methods: dict[str, Method] = {"network": network(options), "fit": GaussianMethod()}
    table = LiveTable(
        (
            "molecules",
            "movie",
            "method",
            "reported (median), nm",
            "true error (robust), nm",
            "steps over, frames",
            "errors alike",
            "found, nm",
            "if not alike, nm",
            "found / if not alike",
        ),
        title=f"{options.frames} frames of 128 x 128 px, seed {options.seed}, no option given.",
    )
    for field, like in FIELDS.items():
        for coding, how in CODINGS.items():
            simulation = SIMULATION_PRESETS["phone"].changed(
                {"frames": options.frames, "seed": options.seed, **like, **how}
            )
            movie, truth = make_movie(simulation, options.work)
            for name, method in methods.items():
                found = localize_frames(
                    movie, method=method, pixel_size_nm=simulation.pixel_size_nm
                )
                for cells in _rows(found, truth):
                    table.add(field, coding, name, *cells)
    write_tables(options.markdown, table)


def _rows(found: Localizations, truth: pl.DataFrame) -> list[tuple[str, ...]]:
    pairs = pair_up(found.data, truth, ScoreOptions(radius_nm=RADIUS_NM))
    error = pairs.step_nm[:, :2] - pairs.step_nm[:, :2].mean(axis=0)
    robust = 1.4826 * float(np.median(np.abs(error)))
    seen = pl.DataFrame(
        {
            "id": truth["id"].to_numpy()[pairs.true_row],
            "frame": pairs.found[pairs.found_row, 0].astype(np.int64),
            "photons": found.column("photons")[pairs.found_row],
            "row": np.arange(error.shape[0]),
        }
    ).unique(["id", "frame"], maintain_order=True)
    rows: list[tuple[str, ...]] = []
    for frames in sorted({1, _frames_looked_at(found)}):
        both = seen.join(
            seen.with_columns(frame=pl.col("frame") - frames), on=["id", "frame"], suffix="_later"
        )
        here, later = error[both["row"].to_numpy()], error[both["row_later"].to_numpy()]
        light = both["photons_later"].to_numpy()
        try:
            measured = nena(found, NenaOptions(frames_apart=frames)).precision_nm
        except TableError:
            measured = float("nan")
        independent = _scatter(here - _of_another(later, light))
        rows.append(
            (
                f"{np.median(found.column('uncertainty_nm')):.1f}",
                f"{robust:.1f}",
                str(frames),
                f"{_correlation(here, later, 4.0 * robust):.2f}",
                f"{measured:.1f}",
                f"{independent:.1f}",
                f"{measured / independent:.2f}",
            )
        )
    return rows


def _frames_looked_at(found: Localizations) -> int:
    """Frames that the method looked at for one."""
    return int((found.metadata.configuration or {}).get("context_frames", 1))


def _of_another(error: NDArray[np.float64], photons: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each row the error of another one of nearly the same brightness."""
    order = np.argsort(photons, kind="stable")
    step = np.random.default_rng(0).integers(1, NEIGHBOURS, order.size)
    other = np.empty_like(order)
    other[order] = order[(np.arange(order.size) + step) % order.size]
    result: NDArray[np.float64] = error[other]
    return result


def _scatter(step: NDArray[np.float64]) -> float:
    """NeNA's own fit to steps that are those of one molecule each."""
    # laid out as a table of molecules with two rows each, so far apart that nobody meets
    # another one
    count = step.shape[0]
    place = 10_000.0 * np.stack(np.divmod(np.arange(count), 1000), axis=1)
    at = np.concatenate([place, place + step])
    frame = np.tile(2 * (np.arange(count) * 20 // count), 2)
    frame[count:] += 1
    rows = pl.DataFrame({"frame": frame, "x_nm": at[:, 0], "y_nm": at[:, 1]})
    return nena(Localizations(rows.sort("frame"))).precision_nm


def _correlation(here: NDArray[np.float64], later: NDArray[np.float64], most: float) -> float:
    near = (np.abs(here) < most).all(axis=1) & (np.abs(later) < most).all(axis=1)
    a, b = here[near], later[near]
    return float((a * b).mean() / np.sqrt(np.square(a).mean() * np.square(b).mean()))


if __name__ == "__main__":
    main()
