"""Programs of others: what they are told, and how their threshold is chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.evaluate import Score
from cellstorm.simulate import Simulation

__all__ = ["KnownImaging", "Rival", "best_threshold"]


@dataclass(frozen=True)
class KnownImaging:
    """What a careful user of another program would know and type in.

    Attributes
    ----------
    camera
        Offset and gain.
    pixel_size_nm
        Edge of a pixel in the sample.
    sigma_px
        Standard deviation of the PSF.
    """

    camera: Camera
    pixel_size_nm: float
    sigma_px: float

    @classmethod
    def of(cls, simulation: Simulation) -> Self:
        """What there is to know about a simulated movie."""
        return cls(
            camera=simulation.recorded_camera,
            pixel_size_nm=simulation.pixel_size_nm,
            sigma_px=float(
                simulation.psf.widths_px(np.zeros(1), pixel_size_nm=simulation.pixel_size_nm)[0][0]
            ),
        )


class Rival(Protocol):
    """A program that turns frames into molecules."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def thresholds(self) -> list[float]:
        """Thresholds to choose from, the lowest first."""
        ...

    def candidates(self, frames: NDArray[Any], imaging: KnownImaging, folder: Path) -> pl.DataFrame:
        """Everything over the lowest threshold.

        ``frame`` (from 0), ``x_nm``, ``y_nm`` (from the corner), ``photons`` and
        ``strength``, which is compared with thresholds.
        """
        ...

    def seconds(
        self,
        frames: NDArray[Any],
        imaging: KnownImaging,
        folder: Path,
        *,
        threshold: float,
        repeats: int,
    ) -> list[float]:
        """Wall seconds of each of ``repeats`` runs after a first one that does not count."""
        ...


def best_threshold(
    candidates: pl.DataFrame,
    thresholds: Sequence[float],
    score: Callable[[pl.DataFrame], Score],
) -> tuple[float, Score]:
    """The threshold of highest efficiency, chosen with the truth in hand, and its score.

    Parameters
    ----------
    candidates
        Table of `Rival.candidates`.
    thresholds
        To choose from.
    score
        Compares a table with the truth.
    """
    tried = [
        (threshold, score(candidates.filter(pl.col("strength") >= threshold)))
        for threshold in thresholds
    ]
    # a table without a single pair has no RMSE, so no efficiency to compare
    found_some = [pair for pair in tried if pair[1].true_positives > 0]
    return max(found_some, key=lambda pair: pair[1].efficiency) if found_some else tried[0]
