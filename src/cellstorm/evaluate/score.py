"""How well found molecules agree with the truth (SMLM Challenge 2016)."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.evaluate.matching import match

__all__ = ["Score", "score"]


@dataclass(frozen=True)
class Score:
    """Agreement of found molecules with the truth, per frame and within a radius.

    A figure that has no value (no pair, nothing to find) is NaN.

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
        alpha 1 per nm), as a fraction; 1 is perfect.
    photon_correlation
        Pearson's correlation of the photons in pairs.
    frames
        Frames that hold anything, found or true.
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


def score(
    found: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    radius_nm: float = 250.0,
    border_nm: float = 0.0,
    field_nm: tuple[float, float] | None = None,
    faintest_photons: float = 0.0,
    frames: tuple[int, int] | None = None,
) -> Score:
    """Pair found with true molecules and count.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm``, ``y_nm`` and, if known, ``photons``.
    radius_nm
        Farthest distance of a pair.
    border_nm
        Molecules nearer than this to the edge of ``field_nm`` count neither way; pairs
        go by the true position. Pairing comes first, so that a pair across the line
        is not torn apart.
    field_nm
        Width and height of the movie; needed with ``border_nm``.
    faintest_photons
        True molecules with less light are taken out before pairing; one that is found
        nevertheless counts as false.
    frames
        First frame and the one after the last to look at; all when None.

    Raises
    ------
    TableError
        A column is missing.
    ValueError
        ``border_nm`` without ``field_nm``.
    """
    if border_nm > 0 and field_nm is None:
        raise ValueError("border_nm needs the width and height of the field in field_nm")
    for table, name in ((found, "the found molecules"), (truth, "the truth")):
        missing = [column for column in ("frame", "x_nm", "y_nm") if column not in table.columns]
        if missing:
            raise TableError(f"{name} lack the column {missing[0]}.")
    if frames is not None:
        found = found.filter(pl.col("frame").is_between(*frames, closed="left"))
        truth = truth.filter(pl.col("frame").is_between(*frames, closed="left"))
    if faintest_photons > 0:
        if "photons" not in truth.columns:
            raise TableError("the truth has no photons to leave faint molecules out by.")
        truth = truth.filter(pl.col("photons") >= faintest_photons)

    found_at, true_at = _positions(found), _positions(truth)
    found_row, true_row = match(found_at, true_at, radius_nm)
    if border_nm > 0 and field_nm is not None:
        found_in = _inside(found_at, border_nm, field_nm)
        true_in = _inside(true_at, border_nm, field_nm)
        unpaired_found, unpaired_true = found_in.copy(), true_in.copy()
        unpaired_found[found_row] = False
        unpaired_true[true_row] = False
        kept = true_in[true_row]
        found_row, true_row = found_row[kept], true_row[kept]
        false_positives = int(unpaired_found.sum())
        false_negatives = int(unpaired_true.sum())
    else:
        false_positives = found_at.shape[0] - found_row.size
        false_negatives = true_at.shape[0] - true_row.size

    step = found_at[found_row, 1:] - true_at[true_row, 1:]
    squared = (step**2).sum(axis=1)
    pairs = int(found_row.size)
    recall = _ratio(pairs, pairs + false_negatives)
    precision = _ratio(pairs, pairs + false_positives)
    jaccard = _ratio(pairs, pairs + false_negatives + false_positives)
    rmse_nm = math.sqrt(squared.mean()) if pairs else math.nan
    return Score(
        true_positives=pairs,
        false_positives=false_positives,
        false_negatives=false_negatives,
        recall=recall,
        precision=precision,
        jaccard=jaccard,
        f1=_ratio(2 * pairs, 2 * pairs + false_negatives + false_positives),
        rmse_nm=rmse_nm,
        mean_distance_nm=float(np.sqrt(squared).mean()) if pairs else math.nan,
        bias_x_nm=float(step[:, 0].mean()) if pairs else math.nan,
        bias_y_nm=float(step[:, 1].mean()) if pairs else math.nan,
        efficiency=1.0 - math.hypot(1.0 - jaccard, rmse_nm / 100.0),
        photon_correlation=_photon_correlation(found, truth, found_row, true_row),
        frames=int(np.union1d(found_at[:, 0], true_at[:, 0]).size),
    )


def _positions(table: pl.DataFrame) -> NDArray[np.float64]:
    return np.stack(
        [table[name].cast(pl.Float64).to_numpy() for name in ("frame", "x_nm", "y_nm")], axis=1
    )


def _inside(
    at: NDArray[np.float64], border_nm: float, field_nm: tuple[float, float]
) -> NDArray[np.bool_]:
    x, y = at[:, 1], at[:, 2]
    inside: NDArray[np.bool_] = (x >= border_nm) & (x < field_nm[0] - border_nm)
    inside &= (y >= border_nm) & (y < field_nm[1] - border_nm)
    return inside


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _photon_correlation(
    found: pl.DataFrame,
    truth: pl.DataFrame,
    found_row: NDArray[np.int64],
    true_row: NDArray[np.int64],
) -> float:
    if "photons" not in found.columns or "photons" not in truth.columns or found_row.size < 2:
        return math.nan
    a = found["photons"].cast(pl.Float64).to_numpy()[found_row]
    b = truth["photons"].cast(pl.Float64).to_numpy()[true_row]
    if not (a.std() > 0 and b.std() > 0):
        return math.nan
    return float(np.corrcoef(a, b)[0, 1])
