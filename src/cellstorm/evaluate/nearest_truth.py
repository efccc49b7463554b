"""The score of the cellSTORM paper: every found molecule and the truth nearest to it."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellstorm.evaluate.pairs import positions

__all__ = ["NearestTruthScore", "nearest_truth_score"]


@dataclass(frozen=True)
class NearestTruthScore:
    """Figures of `nearest_truth_score`; NaN where there is nothing to count.

    Attributes
    ----------
    true_events
        True molecules, each counted in every frame it is on in.
    events_found
        Those with a found molecule within the radius.
    found_fraction
        ``events_found / true_events``.
    localizations
        Found molecules.
    localizations_near
        Those with a true molecule within the radius.
    mean_distance_nm
        Mean distance of these to the nearest true molecule.
    """

    true_events: int
    events_found: int
    found_fraction: float
    localizations: int
    localizations_near: int
    mean_distance_nm: float


def nearest_truth_score(
    found: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    radius_nm: float = 200.0,
    frames: tuple[int, int] | None = None,
) -> NearestTruthScore:
    """Look for the nearest truth of every found molecule (Diederich et al. 2019, Fig 4).

    For comparison with the paper only, because it flatters: molecules found where nothing
    is cost nothing; a molecule found once serves all true ones around it, and one found
    twice counts twice; distances over the radius are left out of the mean, and each is
    measured to whichever molecule lies nearest. Points strewn at random over a crowded
    frame do well. `score` pairs one to one and counts what is false.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm`` and ``y_nm``.
    radius_nm
        How far the truth may be.
    frames
        First frame and the one after the last to look at; all when None.

    Raises
    ------
    TableError
        A column is missing.
    ValueError
        The radius is not over 0.
    """
    if not 0 < radius_nm < math.inf:
        raise ValueError("radius_nm must be over 0")
    found_at, true_at = positions(found, "the found molecules"), positions(truth, "the truth")
    if frames is not None:
        found_at, true_at = (
            at[(at[:, 0] >= frames[0]) & (at[:, 0] < frames[1])] for at in (found_at, true_at)
        )
    to_truth = _nearest_nm(found_at, true_at, radius_nm)
    to_found = _nearest_nm(true_at, found_at, radius_nm)
    near = to_truth[to_truth <= radius_nm]
    events_found = int((to_found <= radius_nm).sum())
    return NearestTruthScore(
        true_events=to_found.size,
        events_found=events_found,
        found_fraction=events_found / to_found.size if to_found.size else math.nan,
        localizations=to_truth.size,
        localizations_near=near.size,
        mean_distance_nm=float(near.mean()) if near.size else math.nan,
    )


def _nearest_nm(
    of: NDArray[np.float64], among: NDArray[np.float64], radius_nm: float
) -> NDArray[np.float64]:
    """Distance to the nearest row of the same frame; infinite beyond about the radius."""
    if not of.size or not among.size:
        return np.full(of.shape[0], np.inf)
    # frames set farther apart than any neighbours turn all frames into one search
    spread = np.array([4.0 * max(radius_nm, 1.0), 1.0, 1.0])
    # a little farther: the tree's rounding must not decide what lies on the circle
    found = cKDTree(among[:, :3] * spread).query(
        of[:, :3] * spread, distance_upper_bound=radius_nm * (1.0 + 1e-9) + 1e-9
    )
    row = np.asarray(found[1], np.int64)
    nearest = np.full(of.shape[0], np.inf)
    reached = np.flatnonzero(row < among.shape[0])
    step = of[reached, 1:3] - among[row[reached], 1:3]
    nearest[reached] = np.hypot(step[:, 0], step[:, 1])
    return nearest
