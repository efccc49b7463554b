"""Localizations that follow one another through the frames (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["follow"]

# after so many frames a track has to have been seen in half of them
_TRIAL = 20
# share of a new position in what a track is expected at
_NEW = 0.4


@njit(cache=True, nogil=True)
def follow(
    frame: NDArray[np.int64],
    x_nm: NDArray[np.float32],
    y_nm: NDArray[np.float32],
    radius_nm: float,
    longest_gap: int,
    track: NDArray[np.int64],
) -> int:
    """Join the localizations of beads, and of all else that stays on for long.

    Frame by frame every track takes the nearest localization within ``radius_nm`` that is
    still free, the longest track first; what is left begins a track of its own. A track
    ends after ``longest_gap`` frames without one, or when it is seen in fewer than half of
    its frames.

    Parameters
    ----------
    frame, x_nm, y_nm
        Rows in rising order of frames, ``(n,)``.
    radius_nm
        Furthest step, nm.
    longest_gap
        Frames without a localization that a track lives through.
    track
        Written: number of the track of each row, ``(n,)``.

    Returns
    -------
    int
        Number of tracks.
    """
    capacity = 1024
    at_x, at_y = np.empty(capacity), np.empty(capacity)
    seen, born = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    met, name = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    alive, tracks = 0, 0
    lo = 0
    while lo < frame.size:
        now = frame[lo]
        hi = lo
        while hi < frame.size and frame[hi] == now:
            track[hi] = -1
            hi += 1
        kept = 0
        for t in range(alive):
            age = now - born[t]
            if now - seen[t] > longest_gap or (age > _TRIAL and 2 * met[t] < age):
                continue
            nearest, best = radius_nm * radius_nm, -1
            for k in range(lo, hi):
                if track[k] < 0:
                    far = (x_nm[k] - at_x[t]) ** 2 + (y_nm[k] - at_y[t]) ** 2
                    if far < nearest:
                        nearest, best = far, k
            if best >= 0:
                track[best] = name[t]
                at_x[t] += _NEW * (x_nm[best] - at_x[t])
                at_y[t] += _NEW * (y_nm[best] - at_y[t])
                seen[t] = now
                met[t] += 1
            at_x[kept], at_y[kept] = at_x[t], at_y[t]
            seen[kept], born[kept] = seen[t], born[t]
            met[kept], name[kept] = met[t], name[t]
            kept += 1
        alive = kept
        for k in range(lo, hi):
            if track[k] < 0:
                track[k] = tracks
                if alive == capacity:
                    capacity *= 2
                    at_x, at_y = _longer(at_x), _longer(at_y)
                    seen, born = _longer_whole(seen), _longer_whole(born)
                    met, name = _longer_whole(met), _longer_whole(name)
                at_x[alive], at_y[alive] = x_nm[k], y_nm[k]
                seen[alive], born[alive] = now, now
                met[alive], name[alive] = 1, tracks
                alive += 1
                tracks += 1
        lo = hi
    return tracks


@njit(cache=True, nogil=True)
def _longer(values: NDArray[np.float64]) -> NDArray[np.float64]:
    longer = np.empty(2 * values.size)
    longer[: values.size] = values
    return longer


@njit(cache=True, nogil=True)
def _longer_whole(values: NDArray[np.int64]) -> NDArray[np.int64]:
    longer = np.empty(2 * values.size, np.int64)
    longer[: values.size] = values
    return longer
