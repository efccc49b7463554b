"""A box across one straight filament, away from others, found in the truth."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellstorm.errors import ConfigurationError
from cellstorm.evaluate import ProfileBox

__all__ = ["box_across_a_filament"]

_TRIED = 600
_REACH_NM = 400.0
_ON_THE_LINE_NM = 50.0
_LEAST_SHARE = 0.4


def box_across_a_filament(
    x_nm: NDArray[np.float64],
    y_nm: NDArray[np.float64],
    *,
    length_nm: float,
    width_nm: float,
    field_nm: tuple[float, float],
) -> ProfileBox:
    """The box in which most of the molecules lie on one line.

    Parameters
    ----------
    x_nm, y_nm
        ``(n,)`` true places.
    length_nm
        Across the filament.
    width_nm
        Along it.
    field_nm
        Width and height of the field; the box lies inside.

    Raises
    ------
    ConfigurationError
        No filament is straight and alone for as long as that.
    """
    places = np.stack([x_nm, y_nm], axis=1)
    tree = cKDTree(places)
    margin = 0.5 * float(np.hypot(length_nm, width_nm))
    inside = ((places >= margin) & (places <= np.subtract(field_nm, margin))).all(axis=1)
    candidates = np.flatnonzero(inside)
    candidates = candidates[:: max(1, candidates.size // _TRIED)]
    crowds = np.asarray(
        tree.query_ball_point(places[candidates], _REACH_NM, return_length=True), np.int64
    )
    least = _LEAST_SHARE * float(np.median(crowds)) if candidates.size else 0.0
    best: tuple[float, ProfileBox] | None = None
    for place, crowd in zip(places[candidates], crowds, strict=True):
        if crowd < max(least, 2):
            continue
        near = places[tree.query_ball_point(place, _REACH_NM)]
        middle = near.mean(axis=0)
        # the filament is where the molecules spread most
        along = np.linalg.svd(near - middle, full_matrices=False)[2][0]
        across = np.array([-along[1], along[0]])
        around = places[tree.query_ball_point(middle, margin)] - middle
        boxed = (np.abs(around @ across) < 0.5 * length_nm) & (
            np.abs(around @ along) < 0.5 * width_nm
        )
        on_the_line = boxed & (np.abs(around @ across) < _ON_THE_LINE_NM)
        share = float(on_the_line.sum() / max(boxed.sum(), 1))
        if best is None or share > best[0]:
            start, stop = middle - 0.5 * length_nm * across, middle + 0.5 * length_nm * across
            box = ProfileBox(
                start_nm=(float(start[0]), float(start[1])),
                stop_nm=(float(stop[0]), float(stop[1])),
                width_nm=width_nm,
                lines=1,
            )
            best = (share, box)
    if best is None:
        raise ConfigurationError("there is no filament in the movie that a box fits across.")
    return best[1]
