"""Products of spectra with each other, ring by ring (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ring_products"]


# a sum may be taken in any order, or it cannot be taken several values at once
@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def ring_products(
    spectra: NDArray[np.float32],
    edges: NDArray[np.int64],
    products: NDArray[np.float64],
) -> None:
    """Real parts of the sums of ``F_i conj(F_j)`` over the values of each ring.

    One thread: so many so small products are far slower shared out among several.

    Parameters
    ----------
    spectra
        ``(groups, 2 values)``, real beside imaginary part, ring after ring.
    edges
        ``(rings + 1,)``: ring k has the values ``edges[k]:edges[k + 1]``.
    products
        ``(rings, groups, groups)``, written.
    """
    groups = spectra.shape[0]
    for ring in range(edges.size - 1):
        low, high = 2 * edges[ring], 2 * edges[ring + 1]
        for i in range(groups):
            first = spectra[i, low:high]
            for j in range(i + 1):
                second = spectra[j, low:high]
                total = np.float32(0.0)
                for k in range(first.size):
                    total += first[k] * second[k]
                products[ring, i, j] = total
                products[ring, j, i] = total
