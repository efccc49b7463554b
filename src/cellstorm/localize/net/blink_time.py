"""How long molecules shine, from how many are seen again in the next frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

__all__ = ["blink_time_frames"]

_RADIUS_PX = 1.0
_LEAST_MOLECULES = 60
# half of the first and last frames of blinks are too faint to be found; what is left of 1 + T
# frames is then about T
_LONGEST_FRAMES = 100.0


def blink_time_frames(blocks: Sequence[Sequence[NDArray[np.float64]]]) -> float | None:
    """Mean on-time in frames of exponential blinks; None where too little is seen.

    A blink seen in n frames has n - 1 of its molecules followed by another of the same
    place in the next frame, so a share q of all molecules that are followed means a mean
    of 1 / (1 - q) frames. What is followed by chance is counted between frames that lie
    far apart and taken off. A blink of exponential duration T lights 1 + T frames on
    average, of which the first and the last are often too faint to be found: the number
    of frames seen is given as it is.

    Parameters
    ----------
    blocks
        Runs of consecutive frames, each frame ``(molecules, 2)``, positions in px.
    """
    flat = [frame for block in blocks for frame in block]
    followed = by_chance = asked = asked_by_chance = 0
    number = 0
    for block in blocks:
        for step, frame in enumerate(block):
            if step + 1 < len(block):
                asked += len(frame)
                followed += _followed(frame, block[step + 1])
            other = flat[(number + max(len(flat) // 2, 1)) % len(flat)]
            asked_by_chance += len(frame)
            by_chance += _followed(frame, other)
            number += 1
    if asked < _LEAST_MOLECULES:
        return None
    chance = by_chance / asked_by_chance
    share = (followed / asked - chance) / max(1.0 - chance, 1e-3)
    return float(min(1.0 / max(1.0 - share, 1e-6), _LONGEST_FRAMES)) if share > 0 else 1.0


def _followed(frame: NDArray[np.float64], later: NDArray[np.float64]) -> int:
    if not len(frame) or not len(later):
        return 0
    distance, _ = KDTree(later).query(frame, distance_upper_bound=_RADIUS_PX)
    return int(np.isfinite(distance).sum())
