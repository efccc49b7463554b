"""From ring sums to a correlation curve, its smoothing, the thresholds and the crossing."""

import functools
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "THRESHOLDS",
    "SplitName",
    "ThresholdName",
    "crossings",
    "odd_even_curves",
    "random_half_curves",
    "smoothed",
    "threshold_curve",
]

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
SplitName = Literal["blocks", "linked", "odd-even"]
ThresholdName = Literal["1/7", "half-bit", "3-sigma"]
THRESHOLDS: tuple[ThresholdName, ...] = ("1/7", "half-bit", "3-sigma")


def random_half_curves(products: NDArray[np.float64], *, apart: int) -> tuple[Vector, Matrix]:
    """Correlation of two random halves of the groups, the mean over all ways to halve them.

    With ``b`` groups, ``h = b / 2``, the mean product of two groups ``m`` (only of groups that
    are at least ``apart`` apart), that of any two groups ``o`` and that of a group with itself
    ``c``, halves have the products ``h^2 m`` with each other and ``h c + h (h - 1) o`` with
    themselves.

    Parameters
    ----------
    products
        ``(rings, b, b)``.
    apart
        2 keeps neighbouring blocks of frames from being compared: a molecule that is on
        as one ends and the next begins is in both.

    Returns
    -------
    tuple[NDArray[np.float64], NDArray[np.float64]]
        ``(rings,)``, and ``(b, rings)``: the same without one of the groups.
    """
    groups = products.shape[1]
    number = np.arange(groups)
    distance = np.abs(number[:, None] - number[None, :])
    half = groups / 2.0
    means = []
    for chosen in (distance == 0, distance >= 1, distance >= apart):
        kept = products * chosen
        total, pairs = kept.sum(axis=(1, 2)), chosen.sum()
        # the diagonal is in its row and its column, but once in the sum
        own = kept.sum(axis=1) + kept.sum(axis=2) - np.einsum("rii->ri", kept)
        own_pairs = chosen.sum(axis=0) + chosen.sum(axis=1) - np.diag(chosen)
        left_out = (total[:, None] - own) / np.maximum(pairs - own_pairs, 1)
        means.append((total / max(int(pairs), 1), left_out.T))
    (c, c_out), (o, o_out), (m, m_out) = means
    return _half(c, o, m, half), _half(c_out, o_out, m_out, half)


def odd_even_curves(products: NDArray[np.float64]) -> tuple[Vector, Matrix]:
    """Correlation of the odd with the even groups.

    Returns
    -------
    tuple[NDArray[np.float64], NDArray[np.float64]]
        ``(rings,)``, and ``(groups / 2, rings)``: the same without groups 2 k and 2 k + 1.
    """
    groups = products.shape[1]

    def correlation(keep: NDArray[np.int64]) -> Vector:
        even, odd = keep[::2], keep[1::2]
        cross = products[:, even[:, None], odd].sum(axis=(1, 2))
        own = products[:, even[:, None], even].sum(axis=(1, 2))
        other = products[:, odd[:, None], odd].sum(axis=(1, 2))
        result: Vector = cross / np.sqrt(np.maximum(own * other, np.finfo(np.float64).tiny))
        return result

    every = np.arange(groups)
    left_out = [correlation(every[every // 2 != block]) for block in range(groups // 2)]
    return correlation(every), np.array(left_out)


def smoothed(curves: Matrix, span: int) -> Matrix:
    """Local quadratic regression with tricube weights (loess; Cleveland 1979).

    Parameters
    ----------
    curves
        ``(..., rings)``.
    span
        Rings that a value is made of.
    """
    result: Matrix = curves @ _loess(curves.shape[-1], span).T
    return result


def threshold_curve(name: ThresholdName, pixels: Vector) -> Vector:
    """Where the correlation stops telling.

    Parameters
    ----------
    name
        ``"1/7"`` (Nieuwenhuizen et al. 2013); ``"half-bit"`` and ``"3-sigma"`` (van Heel and
        Schatz 2005, eqs. 13 and 17: ``3 / sqrt(n / 2)``).
    pixels
        ``(rings,)`` values in a ring, both halves of the plane counted.
    """
    root = np.sqrt(np.maximum(pixels, 1.0))
    if name == "1/7":
        return np.full(pixels.shape, 1.0 / 7.0)
    if name == "half-bit":
        bit: Vector = (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)
        return bit
    sigma: Vector = 3.0 * math.sqrt(2.0) / root
    return sigma


def crossings(frequency: Vector, curve: Vector, threshold: Vector) -> Vector:
    """Frequencies at which the curve falls under the threshold, by linear interpolation.

    None where it is under the threshold from the beginning, or never.
    """
    above = curve - threshold
    at = np.flatnonzero((above[:-1] > 0) & (above[1:] <= 0))
    share = above[at] / (above[at] - above[at + 1])
    found: Vector = frequency[at] + share * (frequency[at + 1] - frequency[at])
    return found


def _half(c: Matrix, o: Matrix, m: Matrix, half: float) -> Matrix:
    power = c + (half - 1.0) * o
    ratio: Matrix = half * m / np.where(power > 0, power, np.inf)
    return ratio


@functools.lru_cache(maxsize=8)
def _loess(rings: int, span: int) -> Matrix:
    reach = min(span, rings)
    weights = np.zeros((rings, rings))
    for ring in range(rings):
        start = min(max(ring - reach // 2, 0), rings - reach)
        offset = np.arange(start, start + reach) - ring
        farthest = np.abs(offset).max() + 1
        tricube = (1.0 - (np.abs(offset) / farthest) ** 3) ** 3
        design = np.vander(offset / farthest, min(3, reach), increasing=True)
        root = np.sqrt(tricube)
        weights[ring, start : start + reach] = np.linalg.pinv(root[:, None] * design)[0] * root
    return weights
