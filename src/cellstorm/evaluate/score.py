"""How well found molecules agree with the truth (SMLM Challenge 2016)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from cellstorm.evaluate.figures import figures_of, frame_sums
from cellstorm.evaluate.pairs import Pairs, ScoreOptions, pair_up

__all__ = ["Score", "score", "score_pairs"]


@dataclass(frozen=True)
class Score:
    """Agreement of found molecules with the truth, per frame and within a radius.

    A figure that has no value (no pair, nothing to find, no heights) is NaN.

    Attributes
    ----------
    true_positives, false_positives, false_negatives
        Pairs, found without partner, true without partner.
    recall, precision
        Pairs per true molecule, pairs per found molecule.
    jaccard
        Pairs / (pairs + unpaired found + unpaired true).
    f1
        Harmonic mean of recall and precision.
    rmse_nm
        ``sqrt(sum(dx^2 + dy^2) / pairs)``, a 2D distance.
    mean_distance_nm
        Mean 2D distance of a pair.
    bias_x_nm, bias_y_nm
        Mean of found minus true.
    efficiency
        ``1 - sqrt((1 - jaccard)^2 + (rmse_nm / 100)^2)`` (Sage et al. 2019, eq. 3 with
        alpha 1 per nm), as a fraction; 1 is perfect, and it can be negative.
    photon_correlation
        Pearson's correlation of the photons in pairs.
    frames
        Frames that hold anything, found or true.
    photon_ratio
        Light of the found in pairs / light of the true in pairs.
    bias_z_nm
        Mean of found minus true, where both have heights.
    rmse_axial_nm
        ``sqrt(sum(dz^2) / pairs)``, where both have heights.
    efficiency_axial
        As ``efficiency`` with ``rmse_axial_nm / 200`` (alpha 0.5 per nm).
    efficiency_3d
        Mean of ``efficiency`` and ``efficiency_axial``, the challenge's overall figure.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    recall: float
    precision: float
    jaccard: float
    f1: float
    rmse_nm: float
    mean_distance_nm: float
    bias_x_nm: float
    bias_y_nm: float
    efficiency: float
    photon_correlation: float
    frames: int
    photon_ratio: float
    bias_z_nm: float
    rmse_axial_nm: float
    efficiency_axial: float
    efficiency_3d: float


def score(
    found: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    radius_nm: float = 250.0,
    border_nm: float = 0.0,
    field_nm: tuple[float, float] | None = None,
    faintest_photons: float = 0.0,
    frames: tuple[int, int] | None = None,
    axial_radius_nm: float | None = 500.0,
    faintest_quantile: float = 0.0,
    faint: Literal["false", "ignored"] = "false",
) -> Score:
    """Pair found with true molecules and count.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm``, ``y_nm`` and, if known, ``z_nm`` and ``photons``.
    radius_nm
        Farthest distance of a pair.
    border_nm
        Molecules nearer than this to the edge of ``field_nm`` count neither way; pairs
        go by the true position. Pairing comes first, so that a pair across the line
        is not torn apart.
    field_nm
        Width and height of the movie; what lies outside counts neither way. Needed with
        ``border_nm``.
    faintest_photons
        True molecules with less light are taken out; see ``faint``.
    frames
        First frame and the one after the last to look at; all when None.
    axial_radius_nm
        Farthest axial distance of a pair, where both tables have heights that vary; None
        scores in the plane.
    faintest_quantile
        True molecules under this quantile of the light of all that lie within the border
        are taken out as well.
    faint
        What finding a molecule that was taken out counts as: ``"false"``, or
        ``"ignored"``, neither way (as in the challenge's second run).

    Raises
    ------
    TableError
        A column is missing.
    ValueError
        An option is out of range, or ``border_nm`` without ``field_nm``.
    """
    options = ScoreOptions(
        radius_nm=radius_nm,
        axial_radius_nm=axial_radius_nm,
        border_nm=border_nm,
        field_nm=field_nm,
        faintest_photons=faintest_photons,
        faintest_quantile=faintest_quantile,
        faint=faint,
        frames=frames,
    )
    return score_pairs(pair_up(found, truth, options))


def score_pairs(pairs: Pairs) -> Score:
    """The figures of what `pair_up` found."""
    sums = frame_sums(pairs)
    values = figures_of(sums.values.sum(axis=0)[None, :], sums.mean_photons)
    return Score(
        true_positives=pairs.found_row.size,
        false_positives=pairs.false_row.size,
        false_negatives=pairs.missed_row.size,
        frames=int(np.union1d(pairs.found[:, 0], pairs.truth[:, 0]).size),
        **{name: float(value[0]) for name, value in values.items()},
    )
