"""False neighbours that a lopsided point spread function gives bright molecules."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["REACH_WIDTHS", "satellite_share"]

REACH_WIDTHS = 3.5
"""Satellites stand within this many PSF widths of their molecule."""

_LEAST_PAIRS = 50
_FAINT = 0.5
# by chance, and for neighbours along filaments, directions cancel: under 0.1 in every
# simulation, up to 0.26 on real filaments; 0.7 with the coma of a real misaligned lens
_ONE_SIDED = 0.4


def satellite_share(
    frame: NDArray[np.int64],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    photons: NDArray[np.float64],
    sigma_px: float,
) -> float:
    """How bright the satellites of a movie are, relative to their molecules.

    What a Gaussian leaves of a lopsided spot (coma) is fitted as a faint molecule, always
    on the same side; real neighbours stand on all sides alike.

    Parameters
    ----------
    frame, x_px, y_px, photons
        Molecules of a sample, ordered by frame, ``(m,)``.
    sigma_px
        PSF width, px.

    Returns
    -------
    float
        Share of the brighter one's photons under which a neighbour is a satellite, at
        most 0.5; 0 when faint neighbours do not prefer a side.
    """
    if photons.size == 0:
        return 0.0
    # frames far apart along a third axis: one search for all of them
    apart = 4.0 * REACH_WIDTHS * sigma_px
    tree = cKDTree(np.column_stack([x_px, y_px, apart * frame]))
    pairs = tree.query_pairs(REACH_WIDTHS * sigma_px, output_type="ndarray")
    first_is_brighter = photons[pairs[:, 0]] >= photons[pairs[:, 1]]
    bright = np.where(first_is_brighter, pairs[:, 0], pairs[:, 1])
    faint = np.where(first_is_brighter, pairs[:, 1], pairs[:, 0])
    ratio = photons[faint] / photons[bright]
    taken = (photons[bright] > np.median(photons)) & (ratio < _FAINT)
    if np.count_nonzero(taken) < _LEAST_PAIRS:
        return 0.0
    step = np.column_stack([x_px[faint] - x_px[bright], y_px[faint] - y_px[bright]])[taken]
    directions = step / np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    if np.hypot(*directions.mean(axis=0)) < _ONE_SIDED:
        return 0.0
    return float(np.percentile(ratio[taken], 95))
