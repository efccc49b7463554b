"""Does the codec's block grid show in the positions that localizers give?

    python -m benchmarks.codec_grid --work FOLDER [--markdown FILE] [--picture FILE]

One movie of molecules anywhere, uncoded and at several H.264 qualities, localized by
cellstorm's joint fit, its single-emitter fit, its single-emitter fit set like an ordinary
program that knows nothing of video (wavelet, threshold std(Wave.F1), least squares with
free width, no coding noise, nothing demanded of the signal), and by Picasso and
ThunderSTORM where PICASSO_PYTHON and THUNDERSTORM_CLASSPATH say where they are, each with
the threshold that suits the truth best.
"""

import argparse
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.rivals import Thunderstorm

from cellstorm.benchmark import KnownImaging, Rival, best_threshold, find_picasso
from cellstorm.evaluate import GridBias, ScoreOptions, grid_bias, pair_up, score
from cellstorm.evaluate.quality_pictures import draw_bias_field, draw_phase_histogram
from cellstorm.localize import GaussianMethod
from cellstorm.localize.gaussian import WaveletFilter
from cellstorm.movie import open_movie
from cellstorm.run import localize_frames
from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import NoCodec
from cellstorm.simulate.structures import UniformStructure

SEED = 1020
CRFS = (23.0, 28.0, 33.0)
ORDINARY = GaussianMethod(
    emitters="single",
    filter=WaveletFilter(),
    threshold="std(Wave.F1)",
    fit="wls",
    width="free",
    fit_radius_px=3,
    least_snr=0.0,
    coding_noise=False,
)
OURS = {
    "cellstorm": GaussianMethod(),
    "cellstorm, single emitter": GaussianMethod(emitters="single"),
    "cellstorm, ordinary settings": ORDINARY,
}
SHOWN = "cellstorm, ordinary settings"
BLOCKS = (4, 8, 16)


@dataclass(frozen=True)
class Case:
    """A movie and what one localizer found in it."""

    movie: str
    localizer: str
    found: pl.DataFrame
    truth: pl.DataFrame
    pixel_size_nm: float

    def bias(self) -> GridBias:
        """Against the truth."""
        return grid_bias(self.found, pixel_size_nm=self.pixel_size_nm, truth=self.truth)

    def cells(self, bias: GridBias) -> tuple[str, ...]:
        """A row of the table."""
        pairs = pair_up(self.found, self.truth, ScoreOptions(axial_radius_nm=None))
        false = self.found[pairs.false_row]
        alone = grid_bias(false, pixel_size_nm=self.pixel_size_nm)
        lowest = [
            min(bias.histogram(axis, period).p_value for axis in "xy" for period in periods)
            for periods in ((1,), BLOCKS)
        ]
        fields = {period: bias.field(period) for period in BLOCKS}
        return (
            self.movie,
            self.localizer,
            f"{self.found.height:,}",
            _percent(bias, (1, *BLOCKS)),
            _percent(bias, (1, *BLOCKS), beside=True),
            # the smaller of two axes, or of six histograms
            f"{_p(2 * lowest[0])}, {_p(6 * lowest[1])}",
            " / ".join(
                f"{np.hypot(field.amplitude_x_nm, field.amplitude_y_nm) / np.sqrt(2):.1f}"
                for field in fields.values()
            )
            + f" ± {fields[4].amplitude_error_nm:.1f}",
            _p(len(BLOCKS) * min(field.p_value for field in fields.values())),
            f"{fields[8].largest_nm:.0f} ± {fields[8].largest_error_nm:.0f}",
            f"{false.height:,}",
            _percent(alone, BLOCKS)
            + f" ({_p(6 * min(alone.histogram(a, p).p_value for a in 'xy' for p in BLOCKS))})"
            if false.height >= 1000
            else "",
        )


HEADINGS = (
    "movie",
    "localizer",
    "found",
    "wave in the density at 1 / 4 / 8 / 16 px, %",
    "beside, %",
    "p at 1 px, of blocks",
    "wave in the bias at 4 / 8 / 16 px, nm",
    "p",
    "longest in 8 px, nm",
    "false",
    "their wave at 4 / 8 / 16 px, % (p)",
)


def _percent(bias: GridBias, periods: tuple[int, ...], *, beside: bool = False) -> str:
    """Amplitude of the density's fundamental at each period, root mean square of x and y."""
    texts = []
    for period in periods:
        both = [bias.histogram(axis, period) for axis in "xy"]
        values = [one.amplitude_elsewhere if beside else one.amplitude for one in both]
        texts.append(f"{100 * np.sqrt(np.mean(np.square(values))):.1f}")
    return " / ".join(texts)


def _p(value: float) -> str:
    return f"{min(value, 1.0):.1g}" if value >= 1e-99 else "< 1e-99"


def movies(frames: int, photons: float) -> Iterator[tuple[str, Simulation]]:
    """The same molecules and the same noise, coded in several ways."""
    one = Simulation(seed=SEED, frames=frames, structure=UniformStructure()).changed(
        photons=photons
    )
    yield "uncoded", one.changed(codec=NoCodec())
    for crf in CRFS:
        yield f"CRF {crf:g}", one.changed(crf=crf)


def rivals() -> list[Rival]:
    """What is installed."""
    found: list[Rival] = []
    picasso = find_picasso()
    if picasso is not None:
        found.append(picasso)
    if "THUNDERSTORM_CLASSPATH" in os.environ:
        found.append(Thunderstorm(os.environ["THUNDERSTORM_CLASSPATH"]))
    return found


def cases(work: Path, frames: int, photons: float) -> Iterator[Case]:
    """Every localizer on every movie."""
    for name, simulation in movies(frames, photons):
        made = simulation.run(work / name.replace(" ", "-").lower())
        truth = made.read_truth()
        visible = truth.filter(pl.col("photons") >= simulation.faintest_photons)
        pixel_nm = simulation.pixel_size_nm
        for localizer, method in OURS.items():
            found = localize_frames(
                made.movie,
                method=method,
                camera=simulation.recorded_camera,
                pixel_size_nm=pixel_nm,
            ).data
            yield Case(name, localizer, found, truth, pixel_nm)
        with open_movie(made.movie) as movie:
            grey = np.ascontiguousarray(movie.read(0, frames))
        imaging = KnownImaging(simulation.recorded_camera, pixel_nm, sigma_px=1.3)
        for rival in rivals():
            candidates = rival.candidates(grey, imaging, work)
            threshold, _ = best_threshold(
                candidates, rival.thresholds, functools.partial(score, truth=visible)
            )
            found = candidates.filter(pl.col("strength") >= threshold)
            yield Case(name, rival.name, found, truth, pixel_nm)


def draw(shown: list[tuple[str, GridBias]], path: Path) -> None:
    """A row for each movie: x modulo 1 and 16 px, y modulo 16 px, bias modulo 8 px."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 2.8 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 4, squeeze=False)
    for r, (movie, bias) in enumerate(shown):
        draw_phase_histogram(axes[r, 0], bias.histogram("x", 1), reach=0.65)
        draw_phase_histogram(axes[r, 1], bias.histogram("x", 16), reach=0.35)
        draw_phase_histogram(axes[r, 2], bias.histogram("y", 16), reach=0.35)
        draw_bias_field(axes[r, 3], bias.field(8), longest_nm=20.0)
        axes[r, 0].set_ylabel(f"{movie}\nlocalizations / expected")
    figure.savefig(path, dpi=90)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for the movies")
    parser.add_argument("--frames", type=int, default=1200)
    parser.add_argument("--photons", type=float, default=1000.0)
    parser.add_argument("--markdown", type=Path, help="write the table here too")
    parser.add_argument("--picture", type=Path, help=f"draw {SHOWN}")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    table, shown = LiveTable(HEADINGS), []
    for case in cases(options.work, options.frames, options.photons):
        bias = case.bias()
        table.add(*case.cells(bias))
        if case.localizer == SHOWN:
            shown.append((case.movie, bias))
    write_tables(options.markdown, table)
    if options.picture:
        draw(shown, options.picture)


if __name__ == "__main__":
    main()
