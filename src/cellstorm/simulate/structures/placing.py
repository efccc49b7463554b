"""Putting positions together, and what of them the camera's field holds."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["inside", "label_count", "positions"]


def inside(
    x_nm: NDArray[np.float64], y_nm: NDArray[np.float64], view: FieldOfView
) -> NDArray[np.bool_]:
    """Which positions lie in the field, ``(n,)`` bool; its right and lower edge do not."""
    within: NDArray[np.bool_] = (
        (x_nm >= 0) & (x_nm < view.width_nm) & (y_nm >= 0) & (y_nm < view.height_nm)
    )
    return within


def label_count(labels_per_um2: float, area_um2: float) -> int:
    """Whole number of labels on an area; one at least."""
    return max(1, round(labels_per_um2 * area_um2))


def positions(
    x_nm: NDArray[np.float64], y_nm: NDArray[np.float64], z_nm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(n, 3)`` table of x, y, z in nm."""
    return np.stack([x_nm, y_nm, z_nm], axis=1)
