"""How well molecules found in a simulated clip agree with its truth."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.evaluate import score
from cellstorm.simulate import Clip

__all__ = ["clip_efficiency"]


def clip_efficiency(found: NDArray[np.float64], clip: Clip) -> float:
    """Efficiency of what was found, as `cellstorm.evaluate.score` has it.

    Parameters
    ----------
    found
        ``(molecules, 3 or more)``: frame, x and y in px.
    clip
        The clip with its truth.

    Returns
    -------
    float
        1 at best; -1 where nothing was found.
    """
    size_nm = clip.simulation.pixel_size_nm
    table = pl.DataFrame(
        {
            "frame": found[:, 0].astype(np.uint32),
            "x_nm": found[:, 1] * size_nm,
            "y_nm": found[:, 2] * size_nm,
        }
    )
    mark = score(table, clip.truth, faintest_photons=clip.simulation.faintest_photons)
    return -1.0 if np.isnan(mark.efficiency) else mark.efficiency
