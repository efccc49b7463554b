"""The ten movies of the rivals' published figures, those figures, and two movies with haze.

Seeds of 1000 and over are for evaluation only: nothing in cellstorm was tuned on them.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from cellstorm.simulate import Simulation

__all__ = ["FIRST_EVALUATION_SEED", "Case", "Figures", "cases", "make_movie"]

FIRST_EVALUATION_SEED = 1000

Figures = tuple[float, float, float]
"""Jaccard, RMSE in nm, efficiency."""


@dataclass(frozen=True)
class Case:
    """One movie to make, and what others published for one like it."""

    name: str
    simulation: Simulation
    published: dict[str, Figures] = field(default_factory=dict)
    published_bits_per_px: float | None = None


def cases(*, frames: int = 600, seed: int = FIRST_EVALUATION_SEED) -> list[Case]:
    """The ten published cases and two with haze; case i has the seed ``seed + i``.

    Parameters
    ----------
    frames
        Length of each movie.
    seed
        Of the first case; under 1000 for tuning.
    """
    rows: list[tuple[str, dict[str, Any], list[Figures | None], float | None]] = [
        (
            "1000 photons, CRF 0",
            {"photons": 1000, "crf": 0},
            [(0.65, 36, 0.50), (0.71, 41, 0.50), (0.89, 21, 0.76)],
            5.5,
        ),
        (
            "1000 photons, CRF 23",
            {"photons": 1000, "crf": 23},
            [(0.62, 39, 0.45), (0.68, 45, 0.45), (0.86, 25, 0.71)],
            0.76,
        ),
        (
            "1000 photons, CRF 33",
            {"photons": 1000, "crf": 33},
            [(0.48, 55, 0.25), (0.53, 62, 0.22), (0.68, 46, 0.44)],
            0.11,
        ),
        (
            "500 photons, CRF 23",
            {"photons": 500, "crf": 23},
            [(0.63, 45, 0.42), (0.67, 48, 0.41), (0.82, 31, 0.65)],
            None,
        ),
        (
            "100 photons, CRF 0",
            {"photons": 100, "crf": 0},
            [(0.33, 74, 0.00), (0.24, 65, 0.00), (0.58, 57, 0.30)],
            None,
        ),
        (
            "100 photons, CRF 23",
            {"photons": 100, "crf": 23},
            [(0.00, float("nan"), 0.00), (0.24, 74, -0.06), (0.53, 62, 0.22)],
            None,
        ),
        (
            "1000 photons, HEVC 24",
            {"photons": 1000, "codec": "hevc", "crf": 24},
            [(0.58, 43, 0.40), None, (0.82, 27, 0.68)],
            None,
        ),
        (
            "uniform 0.1 /um2, CRF 20",
            {"structure": "uniform", "density_per_um2_frame": 0.1, "crf": 20},
            [(0.81, 21, 0.72), (0.86, 25, 0.71), (0.97, 14, 0.85)],
            None,
        ),
        (
            "uniform 1.0 /um2, CRF 20",
            {"structure": "uniform", "density_per_um2_frame": 1.0, "crf": 20},
            [(0.57, 48, 0.35), (0.62, 53, 0.35), (0.85, 26, 0.70)],
            None,
        ),
        (
            "uniform 2.5 /um2, CRF 20",
            {"structure": "uniform", "density_per_um2_frame": 2.5, "crf": 20},
            [(0.35, 65, 0.08), (0.41, 73, 0.06), (0.70, 39, 0.51)],
            None,
        ),
        (
            "1000 photons, HEVC 24, haze 90",
            {
                "codec": "hevc",
                "crf": 24,
                "background.haze": "structure",
                "background.haze.peak_photons": 90,
            },
            [],
            None,
        ),
        (
            "800 photons, CRF 23, background 90 with haze",
            {
                "photons": 800,
                "crf": 23,
                # 90 with the even background of 20
                "background.haze": "structure",
                "background.haze.peak_photons": 70,
            },
            [],
            None,
        ),
    ]
    names = ("Picasso", "ThunderSTORM", "18-minute network")
    return [
        Case(
            name,
            Simulation(frames=frames, seed=seed + number).changed(changes),
            {
                who: figures
                for who, figures in zip(names, published, strict=False)
                if figures is not None
            },
            bits,
        )
        for number, (name, changes, published, bits) in enumerate(rows)
    ]


def make_movie(simulation: Simulation, folder: Path) -> tuple[Path, pl.DataFrame]:
    """The movie and its truth; made once, then taken from ``folder``.

    Parameters
    ----------
    simulation
        What to make; its parameters give the file its name.
    folder
        Where made movies lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(simulation.to_yaml().encode()).hexdigest()[:16]
    made = sorted(folder.glob(f"{key}{simulation.codec.suffixes[0]}"))
    if made:
        return made[0], simulation.truth()
    movie = simulation.run(folder / key)
    return movie.movie, movie.read_truth()
