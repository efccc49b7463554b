"""Does a drift curve hold for molecules that it was not made from?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift._overlap_kernel import pairs_between_blocks
from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.drift.grid import empty_grid
from cellstorm.refine.drift.molecules import Molecules

__all__ = ["HeldOut", "compare_halves", "sharpening"]

_BLOCKS = 50
_TILES = 64
_TILE_NM = 1_500.0
_SMALLEST_CELL_NM = 20.0


@dataclass(frozen=True)
class HeldOut:
    """What a drift curve is worth to molecules that it was not made from.

    Attributes
    ----------
    disagreement_nm
        Root mean square of the difference between the curves of the two halves, per axis.
    sharpening
        Pairs of molecules of different times that meet within a cell, after the correction
        by the other half's curve over those before; over 1 is sharper.
    sharpening_error
        Standard error of it (jackknife over parts of the field).
    """

    disagreement_nm: dict[str, float]
    sharpening: float
    sharpening_error: float


def compare_halves(
    first: DriftCurve, second: DriftCurve
) -> tuple[dict[str, float], dict[str, float]]:
    """How far two curves of independent molecules are apart.

    Returns
    -------
    tuple
        Root mean square difference per axis, nm; and that over what their uncertainties
        promise, at least 1.
    """
    apart: dict[str, float] = {}
    factors: dict[str, float] = {}
    errors = {
        name: np.concatenate([a, b])
        for (name, a), (_, b) in zip(first.uncertainties(), second.uncertainties(), strict=True)
    }
    for (name, a), (_, b) in zip(first.axes(), second.axes(), strict=True):
        apart[name] = float(np.sqrt(np.mean((a - b) ** 2)))
        promised = math.sqrt(2.0 * float(np.mean(errors[name] ** 2)))
        ratio = apart[name] / promised if promised > 0 else 1.0
        factors[name] = max(1.0, ratio) if math.isfinite(ratio) else 1.0
    return apart, factors


def sharpening(tests: list[tuple[Molecules, DriftCurve]]) -> tuple[float, float]:
    """By how much curves bring molecules of different times together.

    Parameters
    ----------
    tests
        Molecules, and a curve that was made from others.

    Returns
    -------
    tuple
        Pairs after over pairs before, and its standard error; 1 and infinity where
        nothing meets.
    """
    before, after = np.zeros(_TILES), np.zeros(_TILES)
    for molecules, curve in tests:
        cell_nm = max(_SMALLEST_CELL_NM, 2.0 * molecules.precision_nm)
        first, end = molecules.frames
        numbers = ((molecules.frame - first) * _BLOCKS // (end - first)).astype(np.int32)
        before += _pairs(molecules, molecules.x_nm, molecules.y_nm, numbers, cell_nm)
        shifts = curve.at(molecules.frame)
        x_nm, y_nm = (
            (positions - shifts[name]).astype(np.float32)
            for positions, name in ((molecules.x_nm, "x"), (molecules.y_nm, "y"))
        )
        after += _pairs(molecules, x_nm, y_nm, numbers, cell_nm)
    if not before.sum() or not after.sum():
        return 1.0, math.inf
    ratio = float(after.sum() / before.sum())
    filled = (before + after) > 0
    if filled.sum() < 2:
        return ratio, 0.0
    b, a = before.sum() - before[filled], after.sum() - after[filled]
    left_out = a[b > 0] / b[b > 0]
    count = left_out.size
    if count < 2:
        return ratio, 0.0
    error = math.sqrt((count - 1) / count * float(np.sum((left_out - left_out.mean()) ** 2)))
    return ratio, error


def _pairs(
    molecules: Molecules,
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    numbers: NDArray[np.int32],
    cell_nm: float,
) -> NDArray[np.float64]:
    counts = empty_grid(molecules, cell_nm)
    last = np.full(counts.shape, -1, dtype=np.int32)
    pairs = np.zeros(_TILES)
    tile_cells = max(1, round(_TILE_NM / cell_nm))
    pairs_between_blocks(x_nm, y_nm, numbers, cell_nm, tile_cells, counts, last, pairs)
    return pairs
