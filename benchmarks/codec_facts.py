"""Does it help the network to be told what the encoder did?

    python -m benchmarks.codec_facts --work FOLDER [--model FILE] [--movies 6] [--markdown FILE]

The same network on the same movies, with the planes of the quantiser and the picture type
and without them (``codec_facts=false``): at constant quality, where the quantiser of a block
follows its content, and at constant bit rate, where it changes with every picture. Each cell
has several movies with seeds of their own. The difference comes with a 95 % interval of a
bootstrap (Efron 1979) that draws movies, and blocks of ten frames within each; both runs are
drawn alike, so that what makes a block hard for both cancels.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from benchmarks.cases import make_movie
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import network, network_parser
from benchmarks.ours import localize
from numpy.typing import NDArray

from cellstorm.evaluate import Pairs, ScoreOptions, pair_up
from cellstorm.evaluate.figures import figures_of, frame_sums
from cellstorm.simulate import Simulation

CRFS = (18.0, 23.0, 28.0, 33.0)
# about those of CRF 18, 23, 28 and 33 at 128 x 128 px and 30 frames/s
BIT_RATES_KBIT_S = (800.0, 400.0, 150.0, 50.0)
BLOCK_FRAMES = 10
HEADINGS = (
    "coded at",
    "bits/px",
    "pairs",
    "with: Jaccard, RMSE nm, efficiency",
    "without: Jaccard, RMSE nm, efficiency",
    "gain in efficiency (95 %)",
    "in Jaccard (95 %)",
    "in RMSE, nm (95 %)",
)
SHOWN = ("efficiency", "jaccard", "rmse_nm")

Sums = NDArray[np.float64]


def main() -> None:
    """Print one row a cell."""
    parser = network_parser(__doc__, frames=300)
    parser.add_argument("--movies", type=int, default=6, help="of each cell")
    parser.add_argument("--photons", type=float, default=1000.0)
    parser.add_argument("--resamples", type=int, default=2000)
    options = parser.parse_args()
    table = LiveTable(
        HEADINGS,
        title=f"{options.movies} movies of {options.frames} frames, seeds from {options.seed},"
        f" {options.photons:g} photons.",
    )
    one = Simulation(frames=options.frames).changed(photons=options.photons)
    for name, cell in cells(one):
        bits, pairs = 0.0, 0
        told: list[Sums] = []
        untold: list[Sums] = []
        for number in range(options.movies):
            simulation = cell.changed(seed=options.seed + number)
            movie, truth = make_movie(simulation, options.work)
            bits += 8 * movie.stat().st_size / options.movies
            visible = truth.filter(pl.col("photons") >= simulation.faintest_photons)
            for facts, sums in ((True, told), (False, untold)):
                found, _ = localize(
                    movie,
                    method=network(options, codec_facts=facts),
                    pixel_size_nm=simulation.pixel_size_nm,
                )
                paired = pair_up(found, visible, ScoreOptions(axial_radius_nm=None))
                pairs += paired.found_row.size if facts else 0
                sums.append(block_sums(paired, options.frames))
        size = cell.frames * cell.width_px * cell.height_px
        gains = difference(told, untold, options.resamples)
        table.add(
            name,
            f"{bits / size:.2f}",
            f"{pairs:,}",
            figures_text(told),
            figures_text(untold),
            gains["efficiency"].format("+.4f"),
            gains["jaccard"].format("+.4f"),
            gains["rmse_nm"].format("+.2f"),
        )
    write_tables(options.markdown, table)


def cells(one: Simulation) -> Iterator[tuple[str, Simulation]]:
    """The same scene, coded in several ways."""
    for crf in CRFS:
        yield f"CRF {crf:g}", one.changed(crf=crf)
    for rate in BIT_RATES_KBIT_S:
        yield f"{rate:g} kbit/s", one.changed({"codec.bit_rate_kbit_s": rate})


class Gain:
    """A difference with the ends of its interval."""

    def __init__(self, value: float, drawn: NDArray[np.float64]) -> None:
        self.value = value
        self.low, self.high = (float(end) for end in np.nanpercentile(drawn, (2.5, 97.5)))

    def format(self, how: str) -> str:
        """As text, marked where zero lies outside."""
        sure = "" if self.low <= 0 <= self.high else " *"
        return f"{self.value:{how}} ({self.low:{how}} to {self.high:{how}}){sure}"


def block_sums(pairs: Pairs, frames: int) -> Sums:
    """What the figures are made of, summed over blocks of frames, ``(blocks, sums)``."""
    sums = frame_sums(pairs)
    blocks = np.zeros((-(-frames // BLOCK_FRAMES), sums.values.shape[1]))
    np.add.at(blocks, sums.frame.astype(np.int64) // BLOCK_FRAMES, sums.values)
    return blocks


def figures(drawn: Sums) -> dict[str, NDArray[np.float64]]:
    """Figures of each row of sums; those of light are not looked at."""
    return {name: figures_of(drawn, (0.0, 0.0))[name] for name in SHOWN}


def figures_text(movies: list[Sums]) -> str:
    """The figures of all blocks of all movies."""
    all_of_it = figures(np.concatenate(movies).sum(axis=0)[None])
    jaccard, rmse_nm = all_of_it["jaccard"][0], all_of_it["rmse_nm"][0]
    return f"{jaccard:.3f}, {rmse_nm:.1f}, {all_of_it['efficiency'][0]:.3f}"


def difference(first: list[Sums], second: list[Sums], resamples: int) -> dict[str, Gain]:
    """First minus second, drawn together: movies, and blocks within each."""
    random = np.random.default_rng(0)
    drawn = np.zeros((2, resamples, first[0].shape[1]))
    for resample in range(resamples):
        for movie in random.integers(len(first), size=len(first)):
            blocks = random.integers(first[movie].shape[0], size=first[movie].shape[0])
            drawn[0, resample] += first[movie][blocks].sum(axis=0)
            drawn[1, resample] += second[movie][blocks].sum(axis=0)
    whole = [figures(np.concatenate(movies).sum(axis=0)[None]) for movies in (first, second)]
    parts = [figures(rows) for rows in drawn]
    return {
        name: Gain(float(whole[0][name][0] - whole[1][name][0]), parts[0][name] - parts[1][name])
        for name in SHOWN
    }


if __name__ == "__main__":
    main()
