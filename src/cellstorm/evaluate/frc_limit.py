"""What limits a resolution: how many molecules there are, or how exact they are."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

__all__ = ["Limit", "improved_nm", "limit_of"]

Vector = NDArray[np.float64]
Limit = Literal["molecules", "precision", "both", "unknown"]

# a limit is named where removing it gains this much more than removing the other
_CLEARLY = 1.1


def improved_nm(
    frequency: Vector, curve: Vector, crossing: float, precision_nm: float
) -> tuple[float, float]:
    """Resolution with four times the molecules, and with half the error.

    The correlation is S / (1 + S) with ``S = n |structure(q)|^2 exp(-4 pi^2 sigma^2 q^2)``
    for n molecules; near the crossing the structure's part is taken as a power of q.
    """
    if not math.isfinite(precision_nm):
        return math.nan, math.nan
    blur = 4.0 * (math.pi * precision_nm) ** 2
    near = (frequency > 0.5 * crossing) & (frequency <= crossing) & (curve > 0) & (curve < 0.99)
    power = 0.0
    if near.sum() >= 3:
        signal = np.log(curve[near] / (1.0 - curve[near])) + blur * frequency[near] ** 2
        power = -float(np.polyfit(np.log(frequency[near]), signal, 1)[0])
    power = min(max(power, 0.0), 6.0)

    def resolution(gain: float, blur_then: float) -> float:
        def lost(q: float) -> float:
            then = power * math.log(q / crossing) + blur_then * q**2 - blur * crossing**2
            return then - math.log(gain)

        highest = crossing
        while lost(highest) < 0 and highest < 100.0 * crossing:
            highest *= 2.0
        if lost(crossing) >= 0:
            return 1.0 / crossing
        if lost(highest) < 0:
            return 1.0 / highest
        return 1.0 / float(brentq(lost, crossing, highest))

    return resolution(4.0, blur), resolution(1.0, 0.25 * blur)


def limit_of(more_nm: float, sharper_nm: float) -> Limit:
    if not (math.isfinite(more_nm) and math.isfinite(sharper_nm)):
        return "unknown"
    if sharper_nm > _CLEARLY * more_nm:
        return "molecules"
    return "precision" if more_nm > _CLEARLY * sharper_nm else "both"
