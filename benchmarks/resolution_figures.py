"""Are the resolution and precision figures those that are there?

    python -m benchmarks.resolution_figures [--repeats N] [--seed N] [--markdown FILE]

Straight filaments of known places, molecules at random along them, positions scattered by a
Gaussian. For such tables the Fourier ring correlation is known (`expected_frc`), without any
histogram or transform of ours: the filaments' spectrum has a closed form. Four tables:
independent molecules, blinking ones under three ways to make halves, precision from
consecutive frames, and pairs of lines at known gaps beside the resolution of their table.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.live_table import LiveTable, write_tables
from numpy.typing import NDArray

from cellstorm.evaluate import Frc, FrcOptions, ProfileBox, frc, nena, profile
from cellstorm.evaluate.frc_curve import crossings, smoothed
from cellstorm.localizations import Localizations

FIELD_NM = 8000.0
FRAMES = 5000
GAPS_NM = (14, 16, 18, 20, 22, 24, 27, 30, 33, 36, 40, 45, 50, 56, 62, 70)
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Filaments:
    """Straight pieces: middles and full extents, ``(n, 2)`` nm each."""

    middle_nm: Vector
    extent_nm: Vector

    @classmethod
    def random(cls, random: np.random.Generator, count: int = 40) -> "Filaments":
        """Anywhere but near the edge, where the window would fade them."""
        angle = random.uniform(0, np.pi, count)
        length = random.uniform(1000, 2500, count)[:, None]
        middle = random.uniform(0.31 * FIELD_NM, 0.69 * FIELD_NM, (count, 2))
        return cls(middle, length * np.stack([np.cos(angle), np.sin(angle)], axis=1))

    def places(self, count: int, random: np.random.Generator) -> Vector:
        """Molecules at random, ``(count, 2)`` nm."""
        length = np.hypot(*self.extent_nm.T)
        piece = random.choice(length.size, count, p=length / length.sum())
        along = random.uniform(-0.5, 0.5, count)[:, None]
        result: Vector = self.middle_nm[piece] + along * self.extent_nm[piece]
        return result

    def power(self, frequency_per_nm: float, random: np.random.Generator) -> float:
        """Mean squared spectrum of the normalised density on a ring."""
        turn = random.uniform(0, np.pi, 3000)
        q = frequency_per_nm * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        length = np.hypot(*self.extent_nm.T)
        phase = np.exp(-2j * np.pi * q @ self.middle_nm.T)
        spectrum = (length * phase * np.sinc(q @ self.extent_nm.T)).sum(axis=1) / length.sum()
        return float(np.square(np.abs(spectrum)).mean())


def table_of(
    centres: Vector, sigma_nm: float, on_frames: float, random: np.random.Generator
) -> Localizations:
    """Each centre blinks once, for a geometric number of frames of this mean."""
    count = random.geometric(1.0 / on_frames, centres.shape[0])
    within = np.arange(int(np.sum(count))) - np.repeat(np.cumsum(count) - count, count)
    frame = np.repeat(random.integers(0, FRAMES, centres.shape[0]), count) + within
    place = np.repeat(centres, count, axis=0)
    place = place + sigma_nm * random.standard_normal(place.shape)
    data = pl.DataFrame(
        {
            "frame": frame.astype(np.uint32),
            "x_nm": place[:, 0],
            "y_nm": place[:, 1],
            "uncertainty_nm": np.full(frame.size, sigma_nm, np.float32),
        }
    )
    return Localizations(data.sort("frame"))


def expected_frc(
    filaments: Filaments,
    frequency_per_nm: Vector,
    *,
    blinks: int,
    sigma_nm: float,
    on_frames: float,
    random: np.random.Generator,
) -> Vector:
    """Correlation of two halves of the blinks, in expectation.

    With h blinks a half, n localizations in a blink (geometric, mean m) and the blur H of the
    positions: the halves have the product ``h^2 m^2 |structure|^2 H^2`` with each other, and
    with themselves ``h (E[n] + E[n (n - 1)] H^2)`` more.
    """
    half = blinks / 2.0
    blur = np.exp(-4.0 * np.square(np.pi * sigma_nm * frequency_per_nm))
    power = np.array([filaments.power(float(q), random) for q in frequency_per_nm])
    signal = np.square(half * on_frames) * power * blur
    pairs = 2.0 * on_frames * (on_frames - 1.0)
    result: Vector = signal / (signal + half * (on_frames + pairs * blur))
    return result


def expected_resolution(
    filaments: Filaments,
    *,
    blinks: int,
    sigma_nm: float,
    on_frames: float,
    random: np.random.Generator,
    threshold: float = 1.0 / 7.0,
) -> float:
    """Where the expected curve falls under the threshold, nm."""
    frequency = np.arange(20, 900) / FIELD_NM
    curve = expected_frc(
        filaments,
        frequency,
        blinks=blinks,
        sigma_nm=sigma_nm,
        on_frames=on_frames,
        random=random,
    )
    found = crossings(frequency, smoothed(curve, 25), np.full(curve.shape, threshold))
    return 1.0 / float(found[0]) if found.size else math.nan


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=4, help="tables of each kind")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    tables = (
        independent(random, options.repeats),
        blinking(random, options.repeats),
        precision(random),
        line_pairs(random, options.repeats),
    )
    write_tables(options.markdown, *tables)


def independent(random: np.random.Generator, repeats: int) -> LiveTable:
    """Resolution of independent molecules against what is expected."""
    table = LiveTable(
        ("molecules", "precision nm", "expected nm", "found nm", "off %", "spread nm", "stated nm"),
        title=f"Independent molecules, mean of {repeats} tables of one structure, blocks, 1/7.",
    )
    for blinks, sigma in ((5000, 12.0), (20_000, 12.0), (100_000, 12.0), (20_000, 6.0)):
        filaments = Filaments.random(random)
        expected = expected_resolution(
            filaments, blinks=blinks, sigma_nm=sigma, on_frames=1.0, random=random
        )
        found = [
            frc(table_of(filaments.places(blinks, random), sigma, 1.0, random), field_nm=field())
            for _ in range(repeats)
        ]
        add_comparison(table, [f"{blinks:,}", f"{sigma:g}"], expected, found)
    return table


def blinking(random: np.random.Generator, repeats: int) -> LiveTable:
    """The same of molecules that are on for several frames, for each way to make halves."""
    table = LiveTable(
        (
            "blinks",
            "frames on",
            "halves",
            "expected nm",
            "found nm",
            "off %",
            "spread nm",
            "stated nm",
        ),
        title=f"Molecules on over several frames, 12 nm, mean of {repeats} tables.",
    )
    for blinks, on_frames in ((20_000, 2.0), (10_000, 4.0), (8000, 10.0)):
        filaments = Filaments.random(random)
        expected = expected_resolution(
            filaments, blinks=blinks, sigma_nm=12.0, on_frames=on_frames, random=random
        )
        made = [
            table_of(filaments.places(blinks, random), 12.0, on_frames, random)
            for _ in range(repeats)
        ]
        for split in ("blocks", "linked", "odd-even"):
            halves = FrcOptions.model_validate({"split": split})
            found = [frc(one, halves, field_nm=field()) for one in made]
            cells = [f"{blinks:,}", f"{on_frames:g}", split]
            add_comparison(table, cells, expected, found)
    return table


def precision(random: np.random.Generator) -> LiveTable:
    """Precision from consecutive frames."""
    table = LiveTable(
        ("blinks", "true nm", "found nm", "off %"), title="NeNA, blinks of three frames on average."
    )
    filaments = Filaments.random(random)
    for blinks in (2000, 20_000, 60_000):
        for sigma in (5.0, 12.0, 25.0):
            found = nena(table_of(filaments.places(blinks, random), sigma, 3.0, random))
            table.add(
                f"{blinks:,}",
                f"{sigma:g}",
                f"{found.precision_nm:.2f} ± {found.error_nm:.2f}",
                f"{100 * (found.precision_nm / sigma - 1):+.1f}",
            )
    return table


def line_pairs(random: np.random.Generator, repeats: int) -> LiveTable:
    """Smallest gap at which two lines are seen apart, and the resolution of that table."""
    table = LiveTable(
        ("precision nm", "molecules per um of line", "smallest gap seen apart nm", "FRC nm"),
        title=f"Pairs of lines 0.5 um long, {repeats} of each gap, in every direction; seen apart"
        " is what more than half of them are.",
    )
    for sigma, per_um in ((8.0, 400), (12.0, 400), (16.0, 400), (12.0, 1500)):
        made, boxes, side_nm = pairs_of_lines(sigma, per_um, repeats, random)
        seen: dict[int, int] = {}
        for gap, box in boxes:
            seen[gap] = seen.get(gap, 0) + int(profile(made, box).are_separate)
        # the first gap from which on all wider ones are seen
        unseen = [gap for gap in GAPS_NM if seen[gap] <= repeats / 2]
        apart = [gap for gap in GAPS_NM if gap > max(unseen, default=0)]
        found = frc(made, field_nm=(0.0, side_nm, 0.0, side_nm))
        table.add(
            f"{sigma:g}",
            f"{per_um}",
            str(apart[0]) if apart else "none",
            f"{found.resolution_nm:.1f} ± {found.error_nm:.1f}",
        )
    return table


def pairs_of_lines(
    sigma_nm: float, per_um: int, repeats: int, random: np.random.Generator
) -> tuple[Localizations, list[tuple[int, ProfileBox]], float]:
    """Pairs on a square grid, their boxes with their gaps, and the edge of the field in nm."""
    gaps = np.repeat(GAPS_NM, repeats)
    row_length = math.ceil(math.sqrt(gaps.size))
    cell_nm, length_nm = 900.0, 500.0
    centres, boxes = [], []
    for number, gap in enumerate(gaps.tolist()):
        middle = cell_nm * (np.array(divmod(number, row_length)) + 0.5)
        turn = random.uniform(0, np.pi)
        across = np.array([math.cos(turn), math.sin(turn)])
        lengthways = np.array([-across[1], across[0]])
        count = round(2 * per_um * length_nm / 1e3)
        side = random.choice([-0.5, 0.5], count)[:, None] * gap
        along = random.uniform(-0.5, 0.5, count)[:, None] * length_nm
        centres.append(middle + side * across + along * lengthways)
        start, stop = middle - 150.0 * across, middle + 150.0 * across
        boxes.append(
            (
                gap,
                ProfileBox(
                    start_nm=(float(start[0]), float(start[1])),
                    stop_nm=(float(stop[0]), float(stop[1])),
                    width_nm=length_nm,
                ),
            )
        )
    made = table_of(np.concatenate(centres), sigma_nm, 1.0, random)
    return made, boxes, cell_nm * row_length


def field() -> tuple[float, float, float, float]:
    """The whole field."""
    return 0.0, FIELD_NM, 0.0, FIELD_NM


def add_comparison(table: LiveTable, cells: list[str], expected: float, found: list[Frc]) -> None:
    """A row of what is expected beside what was found."""
    values = np.array([one.resolution_nm for one in found])
    spread = float(values.std(ddof=1)) if values.size > 1 else math.nan
    table.add(
        *cells,
        f"{expected:.1f}",
        f"{values.mean():.1f}",
        f"{100 * (values.mean() / expected - 1):+.1f}",
        f"{spread:.1f}",
        f"{np.mean([one.error_nm for one in found]):.1f}",
    )


if __name__ == "__main__":
    main()
