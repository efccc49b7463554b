"""Scores on frames and truth made by others: SMLM Challenges 2013 and 2016.

    python -m benchmarks.public_truth --data FOLDER [--model FILE] [--markdown FILE]

``FOLDER`` holds ``challenge2013_training_GT/{training_41f.tif,ground_truth.csv}`` and
``challenge2016_MT0/{test_frames.tif,MT0.N1.LD_activations.csv}``; the data are the
challenge's and are not part of this repository. Pairs within 250 nm; truth 450 nm and less
from the edge is left out, as the challenge does.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import add_model_option, network
from benchmarks.ours import METHODS, localize

from cellstorm.evaluate import Score, score
from cellstorm.localize.gaussian import GaussianMethod
from cellstorm.movie import open_movie

BORDER_NM = 450.0
HEADINGS = (
    "movie",
    "method",
    "frames",
    "true",
    "found",
    "recall",
    "precision",
    "Jaccard",
    "RMSE nm",
    "bias x, y nm",
    "efficiency",
)


@dataclass(frozen=True)
class PublicMovie:
    """A movie with truth, as it lies in the data folder."""

    name: str
    movie: str
    truth: str
    pixel_size_nm: float

    def read_truth(self, folder: Path, frames: int) -> pl.DataFrame:
        """The truth with frames from 0 (the challenge counts from 1)."""
        table = pl.read_csv(folder / self.truth, infer_schema=False)
        table = table.rename(str.strip)
        number = pl.col("frame").str.strip_chars().cast(pl.Float64)
        return table.select(
            frame=(number - 1).cast(pl.UInt32),
            x_nm=pl.col("xnano").str.strip_chars().cast(pl.Float64),
            y_nm=pl.col("ynano").str.strip_chars().cast(pl.Float64),
            photons=pl.col("intensity").str.strip_chars().cast(pl.Float32),
        ).filter(pl.col("frame") < frames)


MOVIES = (
    PublicMovie(
        "SMLM 2013, training (first 41 frames)",
        "challenge2013_training_GT/training_41f.tif",
        "challenge2013_training_GT/ground_truth.csv",
        150.0,
    ),
    PublicMovie(
        "SMLM 2016, MT0.N1.LD, astigmatic (first 64 frames)",
        "challenge2016_MT0/test_frames.tif",
        "challenge2016_MT0/MT0.N1.LD_activations.csv",
        100.0,
    ),
)


def main() -> None:
    """Localize and score each movie with each method; print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    add_model_option(parser)
    parser.add_argument("--markdown", type=Path, help="write the table here as well")
    options = parser.parse_args()
    settings = METHODS | {
        "cellstorm, single emitter, elliptical": GaussianMethod(
            emitters="single", width="elliptical"
        ),
        "cellstorm, network": network(options),
    }
    table = LiveTable(HEADINGS)
    for public in MOVIES:
        path = options.data / public.movie
        with open_movie(path) as opened:
            frames, height, width = opened.shape
        truth = public.read_truth(options.data, frames)
        for name, method in settings.items():
            found, _ = localize(path, method=method, pixel_size_nm=public.pixel_size_nm)
            result = score(
                found,
                truth,
                border_nm=BORDER_NM,
                field_nm=(width * public.pixel_size_nm, height * public.pixel_size_nm),
            )
            table.add(*_cells(public.name, name, frames, result))
    write_tables(options.markdown, table)


def _cells(movie: str, method: str, frames: int, result: Score) -> tuple[str, ...]:
    return (
        movie,
        method,
        str(frames),
        str(result.true_positives + result.false_negatives),
        str(result.true_positives + result.false_positives),
        f"{result.recall:.3f}",
        f"{result.precision:.3f}",
        f"{result.jaccard:.3f}",
        f"{result.rmse_nm:.1f}",
        f"{result.bias_x_nm:+.1f}, {result.bias_y_nm:+.1f}",
        f"{result.efficiency:.3f}",
    )


if __name__ == "__main__":
    main()
