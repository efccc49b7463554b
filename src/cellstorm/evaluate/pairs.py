"""Which found molecule is which true one, and what counts: the ground of every figure."""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cellstorm.errors import TableError
from cellstorm.evaluate.matching import match
from cellstorm.parameters import Parameters

__all__ = ["Pairs", "ScoreOptions", "pair_up", "positions"]


class ScoreOptions(Parameters):
    """What makes a pair, and which molecules count.

    The official figures of the SMLM Challenge 2016 (Sage et al. 2019) are those with
    ``border_nm=450`` and, in a second run, ``faintest_quantile=0.25, faint="ignored"``.
    """

    radius_nm: float = Field(
        250.0, gt=0, allow_inf_nan=False, description="farthest lateral distance of a pair, nm"
    )
    axial_radius_nm: float | None = Field(
        500.0,
        gt=0,
        allow_inf_nan=False,
        description="farthest axial distance of a pair, nm, where both tables have heights"
        " that vary; None scores in the plane",
    )
    border_nm: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="molecules nearer to the edge of the field count neither way, nm",
    )
    field_nm: tuple[float, float] | None = Field(
        None,
        description="width and height of what was looked at, nm; molecules outside count"
        " neither way, and border_nm needs it",
    )
    faintest_photons: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="true molecules with less light are faint"
    )
    faintest_quantile: float = Field(
        0.0, ge=0, lt=1, description="so are those under this quantile of the true photons"
    )
    faint: Literal["false", "ignored"] = Field(
        "false", description="finding a faint molecule counts as false, or neither way"
    )
    frames: tuple[int, int] | None = Field(
        None, description="first frame and the one after the last to look at; None for all"
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.border_nm > 0 and self.field_nm is None:
            raise ValueError("border_nm needs the width and height of the field in field_nm")
        if self.field_nm is not None and not all(
            math.isfinite(side) and side > 2 * self.border_nm for side in self.field_nm
        ):
            raise ValueError("field_nm must be wider and higher than two borders")
        if self.frames is not None and self.frames[0] >= self.frames[1]:
            raise ValueError("frames must end after they begin")
        return self


@dataclass(frozen=True, eq=False)
class Pairs:
    """The outcome of `pair_up`.

    Attributes
    ----------
    options
        How it was made.
    found, truth
        Rows looked at, ``(n, 4)`` float64: frame, x, y and z in nm (NaN if unknown).
    found_photons, true_photons
        ``(n,)`` float64; None where a table has none.
    found_row, true_row
        The pairs that count, ``(pairs,)`` int64 each.
    false_row
        Found without a partner and counted as false, ``(false,)`` int64.
    missed_row
        True, not found and counted as missed, ``(missed,)`` int64.
    spatial
        Whether pairs were made in space (with z) or in the plane.
    """

    options: ScoreOptions
    found: NDArray[np.float64]
    truth: NDArray[np.float64]
    found_photons: NDArray[np.float64] | None
    true_photons: NDArray[np.float64] | None
    found_row: NDArray[np.int64]
    true_row: NDArray[np.int64]
    false_row: NDArray[np.int64]
    missed_row: NDArray[np.int64]
    spatial: bool

    @property
    def step_nm(self) -> NDArray[np.float64]:
        """Found minus true of each pair, ``(pairs, 3)``: x, y and z in nm."""
        step: NDArray[np.float64] = self.found[self.found_row, 1:] - self.truth[self.true_row, 1:]
        return step


def pair_up(found: pl.DataFrame, truth: pl.DataFrame, options: ScoreOptions | None = None) -> Pairs:
    """Pair found with true molecules, and sort out those that do not count.

    Everything is paired first and sorted out afterwards, by the true position and the
    true light, so that a pair across a line is not torn into a false and a missed one.
    (The challenge cuts its border before pairing, which costs it the pairs on the line.)
    Only with ``faint="false"`` are faint true molecules taken out before. With
    ``"ignored"`` a faint molecule can take the found one that a brighter neighbour could
    have had, as in the challenge; found molecules that have no partner at all count as
    false wherever they are.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm``, ``y_nm`` and, if known, ``z_nm`` and ``photons``.
    options
        The defaults of `ScoreOptions` when None.

    Raises
    ------
    TableError
        A column is missing.
    """
    options = ScoreOptions() if options is None else options
    found_at, true_at = positions(found, "the found molecules"), positions(truth, "the truth")
    if (options.faintest_photons > 0 or options.faintest_quantile > 0) and (
        "photons" not in truth.columns
    ):
        raise TableError("the truth has no photons to leave faint molecules out by.")
    if options.frames is not None:
        chosen = pl.col("frame").is_between(*options.frames, closed="left")
        found, truth = found.filter(chosen), truth.filter(chosen)
        found_at, true_at = positions(found), positions(truth)
    found_photons, true_photons = _photons(found), _photons(truth)
    bright = _bright(true_at, true_photons, options)
    if options.faint == "false":
        true_at = true_at[bright]
        true_photons = None if true_photons is None else true_photons[bright]
        bright = np.ones(true_at.shape[0], np.bool_)

    spatial = options.axial_radius_nm is not None and _has_heights(found_at, true_at)
    found_row, true_row = match(
        found_at, true_at, options.radius_nm, options.axial_radius_nm if spatial else None
    )
    counted = bright & _inside(true_at, options)
    lonely_found = _inside(found_at, options)
    lonely_found[found_row] = False
    lonely_true = counted.copy()
    lonely_true[true_row] = False
    kept = counted[true_row]
    return Pairs(
        options=options,
        found=found_at,
        truth=true_at,
        found_photons=found_photons,
        true_photons=true_photons,
        found_row=found_row[kept],
        true_row=true_row[kept],
        false_row=np.flatnonzero(lonely_found),
        missed_row=np.flatnonzero(lonely_true),
        spatial=spatial,
    )


def positions(table: pl.DataFrame, name: str = "the molecules") -> NDArray[np.float64]:
    """Frame, x, y and z in nm, ``(n, 4)`` float64; NaN for heights that are not there.

    Raises
    ------
    TableError
        A column other than the height is missing; ``name`` is what lacks it.
    """
    missing = [column for column in ("frame", "x_nm", "y_nm") if column not in table.columns]
    if missing:
        raise TableError(f"{name} lack the column {missing[0]}.")
    at = np.full((table.height, 4), np.nan)
    for column, quantity in enumerate(("frame", "x_nm", "y_nm", "z_nm")):
        if quantity in table.columns:
            at[:, column] = table[quantity].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return at


def _photons(table: pl.DataFrame) -> NDArray[np.float64] | None:
    if "photons" not in table.columns:
        return None
    photons: NDArray[np.float64] = table["photons"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return photons


def _bright(
    at: NDArray[np.float64], photons: NDArray[np.float64] | None, options: ScoreOptions
) -> NDArray[np.bool_]:
    if photons is None:
        return np.ones(at.shape[0], np.bool_)
    least = options.faintest_photons
    inside = photons[_inside(at, options) & np.isfinite(photons)]
    if options.faintest_quantile > 0 and inside.size:
        # the interpolation of MATLAB's quantile(), which the challenge's figures rest on
        quantile = np.quantile(inside, options.faintest_quantile, method="hazen")
        least = max(least, float(quantile))
    bright: NDArray[np.bool_] = ~(photons < least)
    return bright


def _has_heights(found: NDArray[np.float64], truth: NDArray[np.float64]) -> bool:
    """Heights that do not vary are placeholders of a table in the plane."""
    return all(
        at.shape[0] > 0 and bool(np.isfinite(at[:, 3]).all()) and np.ptp(at[:, 3]) > 0
        for at in (found, truth)
    )


def _inside(at: NDArray[np.float64], options: ScoreOptions) -> NDArray[np.bool_]:
    inside = np.ones(at.shape[0], np.bool_)
    if options.field_nm is None:
        return inside
    for column, side_nm in ((1, options.field_nm[0]), (2, options.field_nm[1])):
        inside &= at[:, column] >= options.border_nm
        inside &= at[:, column] < side_nm - options.border_nm
    return inside
