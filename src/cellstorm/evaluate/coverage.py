"""Are the reported uncertainties true? z-scores and coverage of matched molecules."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from cellstorm.errors import TableError
from cellstorm.evaluate.pairs import ScoreOptions, pair_up
from cellstorm.evaluate.plain_numbers import plain

__all__ = ["LEVELS", "Coverage", "CoverageOfLevel", "UncertaintyDecile", "ZScores", "coverage"]

LEVELS = (0.50, 0.68, 0.95)
"""The regions that are told of; the calibration curve has more."""

Vector = NDArray[np.float64]

_CURVE = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.98, 0.99)
_CONFIDENCE_Z = float(ndtri(0.975))
_DECILES = 10
# the median of |z| of a normal distribution
_NORMAL_MEDIAN = float(ndtri(0.75))
_HISTOGRAM_EDGES = np.linspace(-5.0, 5.0, 51)


@dataclass(frozen=True)
class ZScores:
    """Errors over their reported uncertainties, along one axis; 0, 1, 1 if they are right.

    Attributes
    ----------
    mean, sd
        Over all pairs; a few wrong pairs widen ``sd``.
    robust_sd
        Median of |z - median| over that of a normal distribution: deaf to wrong pairs.
    """

    mean: float
    sd: float
    robust_sd: float


@dataclass(frozen=True)
class CoverageOfLevel:
    """How many true positions lie within the region that should hold ``level`` of them.

    Attributes
    ----------
    level
        What is promised.
    interval, interval_low, interval_high
        Share within the interval of one axis (x and y together), and its 95 % confidence
        interval (Wilson 1927).
    ellipse, ellipse_low, ellipse_high
        The same for the ellipse in the plane (x and y errors taken as uncorrelated).
    """

    level: float
    interval: float
    interval_low: float
    interval_high: float
    ellipse: float
    ellipse_low: float
    ellipse_high: float


@dataclass(frozen=True)
class UncertaintyDecile:
    """Pairs of about one reported uncertainty.

    Attributes
    ----------
    pairs
        How many.
    reported_nm
        Root mean square of the reported uncertainty of one axis.
    rmse_nm, rmse_error_nm
        Root mean square error of one axis, and its standard error.
    robust_nm
        Median absolute error of one axis over that of a normal distribution of width 1.
    coverage_68
        Share within the interval that should hold 68 %.
    """

    pairs: int
    reported_nm: float
    rmse_nm: float
    rmse_error_nm: float
    robust_nm: float
    coverage_68: float


@dataclass(frozen=True)
class Coverage:
    """What reported uncertainties are worth.

    A figure that has no value (no pair) is NaN.

    Attributes
    ----------
    pairs
        Matched molecules with an uncertainty.
    without_uncertainty
        Matched molecules whose uncertainty is missing, zero or infinite; left out.
    x, y
        z-scores along the axes.
    levels
        Coverage of the 50, 68 and 95 % regions.
    curve
        The same for 5, 10, ... 95, 98, 99 %.
    deciles
        By reported uncertainty, the smallest first; fewer than ten when there are few
        pairs, none without any.
    histogram_edges, histogram
        Of z of both axes: ``(bins + 1,)``, and density ``(bins,)`` as a share of all z.
    """

    pairs: int
    without_uncertainty: int
    x: ZScores
    y: ZScores
    levels: tuple[CoverageOfLevel, ...]
    curve: tuple[CoverageOfLevel, ...]
    deciles: tuple[UncertaintyDecile, ...]
    histogram_edges: Vector
    histogram: Vector

    def level(self, level: float) -> CoverageOfLevel:
        """Coverage of one level that is told of or in the curve."""
        for one in (*self.levels, *self.curve):
            if math.isclose(one.level, level):
                return one
        raise KeyError(f"no coverage of {level}")

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain(asdict(self))
        return result


def coverage(found: pl.DataFrame, truth: pl.DataFrame, *, radius_nm: float = 250.0) -> Coverage:
    """Compare errors of matched molecules with the uncertainties reported for them.

    Pairs end at ``radius_nm``, so that errors of molecules as uncertain as that look
    smaller than they are; crowded molecules are now and then paired with a neighbour,
    which makes the tails longer than the estimator's own. Compare ``sd`` with
    ``robust_sd`` to see how much of that there is.

    Parameters
    ----------
    found
        ``frame``, ``x_nm``, ``y_nm`` and ``uncertainty_x_nm`` and ``uncertainty_y_nm``, or
        ``uncertainty_nm`` for both.
    truth
        ``frame``, ``x_nm``, ``y_nm``.
    radius_nm
        Farthest distance of a pair.

    Raises
    ------
    TableError
        A column is missing.
    """
    names = ("uncertainty_x_nm", "uncertainty_y_nm")
    if not set(names) <= set(found.columns):
        if "uncertainty_nm" not in found.columns:
            raise TableError(
                "the found molecules have no uncertainties.",
                todo="The columns are uncertainty_x_nm and uncertainty_y_nm, or uncertainty_nm.",
            )
        names = ("uncertainty_nm", "uncertainty_nm")
    pairs = pair_up(found, truth, ScoreOptions(radius_nm=radius_nm, axial_radius_nm=None))
    error = pairs.step_nm[:, :2]
    reported = np.stack(
        [found[name].cast(pl.Float64).to_numpy()[pairs.found_row] for name in names], axis=1
    )
    with np.errstate(invalid="ignore"):
        usable = (np.isfinite(reported) & (reported > 0)).all(axis=1)
    error, reported = error[usable], reported[usable]
    z = error / reported
    counts, _ = np.histogram(z, _HISTOGRAM_EDGES)
    return Coverage(
        pairs=error.shape[0],
        without_uncertainty=int((~usable).sum()),
        x=_z_scores(z[:, 0]),
        y=_z_scores(z[:, 1]),
        levels=tuple(_coverage_of(z, level) for level in LEVELS),
        curve=tuple(_coverage_of(z, level) for level in _CURVE),
        deciles=_deciles(error, reported),
        histogram_edges=_HISTOGRAM_EDGES.copy(),
        histogram=counts / max(z.size, 1) / np.diff(_HISTOGRAM_EDGES),
    )


def _z_scores(z: Vector) -> ZScores:
    if not z.size:
        return ZScores(math.nan, math.nan, math.nan)
    robust = float(np.median(np.abs(z - np.median(z)))) / _NORMAL_MEDIAN
    return ZScores(float(z.mean()), float(z.std()), robust)


def _coverage_of(z: Vector, level: float) -> CoverageOfLevel:
    within = np.abs(z) <= ndtri(0.5 + 0.5 * level)
    # the sum of two squares is exponential: its quantile is a logarithm
    within_ellipse = np.square(z).sum(axis=1) <= -2.0 * math.log1p(-level)
    return CoverageOfLevel(level, *_share(within), *_share(within_ellipse))


def _share(within: NDArray[np.bool_]) -> tuple[float, float, float]:
    if not within.size:
        return math.nan, math.nan, math.nan
    count, share = within.size, float(within.mean())
    reach = _CONFIDENCE_Z**2 / count
    middle = (share + reach / 2) / (1 + reach)
    half = math.sqrt(share * (1 - share) * reach + reach**2 / 4) / (1 + reach)
    return share, middle - half, middle + half


def _deciles(error: Vector, reported: Vector) -> tuple[UncertaintyDecile, ...]:
    squared = np.square(reported).mean(axis=1)
    order = np.argsort(squared, kind="stable")
    deciles = []
    half_width = ndtri(0.84)
    for rows in np.array_split(order, min(_DECILES, order.size)) if order.size else []:
        squares = np.square(error[rows])
        rmse = math.sqrt(squares.mean())
        # of the mean of squares, then by the chain rule
        spread = float(squares.std()) / math.sqrt(squares.size)
        deciles.append(
            UncertaintyDecile(
                pairs=rows.size,
                reported_nm=math.sqrt(float(squared[rows].mean())),
                rmse_nm=rmse,
                rmse_error_nm=spread / (2.0 * rmse) if rmse > 0 else math.nan,
                robust_nm=float(np.median(np.abs(error[rows]))) / _NORMAL_MEDIAN,
                coverage_68=float((np.abs(error[rows]) <= half_width * reported[rows]).mean()),
            )
        )
    return tuple(deciles)
