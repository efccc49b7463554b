"""How differently bright molecules and blinks are."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_brightness"]


def draw_brightness(
    random: np.random.Generator, count: int, *, mean: float, spread: float
) -> NDArray[np.float64]:
    """Gamma distributed brightness.

    The gamma distribution of a given mean and relative standard deviation covers what
    is measured: all alike at 0, nearly normal at some tenths, exponential at 1.

    Parameters
    ----------
    random
        Source of all randomness.
    count
        How many.
    mean
        Their mean.
    spread
        Their relative standard deviation.

    Returns
    -------
    NDArray[np.float64]
        ``(count,)``.
    """
    if spread == 0:
        return np.full(count, mean)
    shape = 1.0 / spread**2
    return random.gamma(shape, mean / shape, count)
