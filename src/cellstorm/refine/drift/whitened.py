"""Unknowns of a smooth curve in which a minimum is round, so that few steps lead to it."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky_banded, solve_banded

__all__ = ["Whitened"]


class Whitened:
    """Shifts of bins in units of what they are known to.

    The Hessian of a cost is taken as that of each bin alone plus that of the springs between
    neighbours; with its Cholesky factor U, ``u = U shift`` are unknowns whose Hessian is one.

    Parameters
    ----------
    curvature
        Second derivative by the shift of each bin, ``(bins, axes)``, over 0.
    stiffness
        Of the springs between neighbouring bins, ``(bins - 1, axes)``.
    """

    def __init__(self, curvature: NDArray[np.float64], stiffness: NDArray[np.float64]) -> None:
        self._factors = []
        for along, spring in zip(curvature.T, stiffness.T, strict=True):
            banded = np.zeros((2, along.size))
            banded[0, 1:] = -spring
            banded[1] = along
            banded[1, 1:] += spring
            banded[1, :-1] += spring
            self._factors.append(cholesky_banded(banded))

    def unknowns(self, shift_nm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of shifts, ``(bins, axes)``; all in a row."""
        made = []
        for factor, shift in zip(self._factors, shift_nm.T, strict=True):
            made.append(factor[1] * shift)
            made[-1][:-1] += factor[0, 1:] * shift[1:]
        return np.concatenate(made)

    def shifts(self, unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of unknowns, ``(bins, axes)``."""
        parts = unknowns.reshape(len(self._factors), -1)
        solved = [
            solve_banded((0, 1), factor, part)
            for factor, part in zip(self._factors, parts, strict=True)
        ]
        return np.stack(solved, axis=1)

    def slopes(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """By the unknowns, of a gradient by the shifts, ``(bins, axes)``."""
        solved = []
        for factor, part in zip(self._factors, gradient.T, strict=True):
            turned = np.zeros_like(factor)
            turned[0], turned[1, :-1] = factor[1], factor[0, 1:]
            solved.append(solve_banded((1, 0), turned, part))
        return np.concatenate(solved)
