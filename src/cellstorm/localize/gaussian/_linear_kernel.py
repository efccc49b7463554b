"""Small symmetric linear systems, in place and without allocation (numba)."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["cholesky", "inverse_diagonal", "solve_cholesky"]

Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True)
def cholesky(a: Matrix, n: int) -> bool:
    """Lower Cholesky factor of the leading ``n`` x ``n`` of ``a``, in place.

    Returns False when the matrix is not positive definite; ``a`` is then spoilt.
    """
    for j in range(n):
        total = a[j, j]
        for k in range(j):
            total -= a[j, k] * a[j, k]
        if not total > 1e-14 * abs(a[j, j]) or not total > 0.0:
            return False
        pivot = math.sqrt(total)
        a[j, j] = pivot
        for i in range(j + 1, n):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = total / pivot
    return True


@njit(cache=True, nogil=True)
def solve_cholesky(factor: Matrix, n: int, b: NDArray[np.float64]) -> None:
    """Solve ``L L^T x = b`` in place of ``b``."""
    for i in range(n):
        total = b[i]
        for k in range(i):
            total -= factor[i, k] * b[k]
        b[i] = total / factor[i, i]
    for i in range(n - 1, -1, -1):
        total = b[i]
        for k in range(i + 1, n):
            total -= factor[k, i] * b[k]
        b[i] = total / factor[i, i]


@njit(cache=True, nogil=True)
def inverse_diagonal(
    factor: Matrix, n: int, wanted: int, diagonal: NDArray[np.float64], work: NDArray[np.float64]
) -> None:
    """First ``wanted`` diagonal elements of the inverse of ``L L^T``.

    ``(A^-1)_kk`` is the squared norm of ``L^-1 e_k``.
    """
    for k in range(wanted):
        for i in range(k):
            work[i] = 0.0
        norm = 0.0
        for i in range(k, n):
            total = 1.0 if i == k else 0.0
            for j in range(k, i):
                total -= factor[i, j] * work[j]
            work[i] = total / factor[i, i]
            norm += work[i] * work[i]
        diagonal[k] = norm
