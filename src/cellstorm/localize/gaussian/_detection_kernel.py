"""Candidates in a filtered stack (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["connected_centroids", "local_maxima"]


@njit(cache=True, nogil=True)
def local_maxima(
    image: NDArray[np.float32],
    thresholds: NDArray[np.float64],
    radius: int,
    connectivity: int,
    found: NDArray[np.int64],
) -> int:
    """Pixels at or over the frame's threshold and over every neighbour.

    Parameters
    ----------
    image
        ``(n, height, width)`` float32.
    thresholds
        ``(n,)``.
    radius
        Neighbours within this many pixels (a square) are compared.
    connectivity
        4 leaves out diagonal neighbours, 8 takes them.
    found
        Output ``(capacity, 3)``: frame, y, x.

    Returns
    -------
    int
        How many were found, also beyond the capacity: call again with more room then.
    """
    count = 0
    height, width = image.shape[1], image.shape[2]
    for n in range(image.shape[0]):
        frame = image[n]
        limit = thresholds[n]
        for j in range(height):
            for i in range(width):
                value = frame[j, i]
                if value < limit or not value > 0.0:
                    continue
                peak = True
                for dj in range(-radius, radius + 1):
                    jj = j + dj
                    if jj < 0 or jj >= height:
                        continue
                    for di in range(-radius, radius + 1):
                        ii = i + di
                        if ii < 0 or ii >= width or (dj == 0 and di == 0):
                            continue
                        if connectivity == 4 and dj != 0 and di != 0:
                            continue
                        other = frame[jj, ii]
                        # of equal neighbours the first one counts
                        if other > value or (other == value and (dj < 0 or (dj == 0 and di < 0))):
                            peak = False
                            break
                    if not peak:
                        break
                if peak:
                    if count < found.shape[0]:
                        found[count, 0] = n
                        found[count, 1] = j
                        found[count, 2] = i
                    count += 1
    return count


@njit(cache=True, nogil=True)
def connected_centroids(
    image: NDArray[np.float32], thresholds: NDArray[np.float64], found: NDArray[np.int64]
) -> int:
    """Weighted centres of connected regions (8-neighbourhood) at or over the threshold.

    Same outputs as `local_maxima`; the centre is rounded down to its pixel.
    """
    count = 0
    height, width = image.shape[1], image.shape[2]
    seen = np.empty((height, width), dtype=np.bool_)
    stack_y = np.empty(height * width, dtype=np.int64)
    stack_x = np.empty(height * width, dtype=np.int64)
    for n in range(image.shape[0]):
        frame = image[n]
        limit = thresholds[n]
        seen[:] = False
        for j in range(height):
            for i in range(width):
                if seen[j, i] or frame[j, i] < limit or not frame[j, i] > 0.0:
                    continue
                seen[j, i] = True
                depth = 1
                stack_y[0] = j
                stack_x[0] = i
                total = 0.0
                sum_y = 0.0
                sum_x = 0.0
                while depth > 0:
                    depth -= 1
                    y = stack_y[depth]
                    x = stack_x[depth]
                    weight = frame[y, x]
                    total += weight
                    sum_y += weight * (y + 0.5)
                    sum_x += weight * (x + 0.5)
                    for dj in range(-1, 2):
                        for di in range(-1, 2):
                            jj = y + dj
                            ii = x + di
                            if jj < 0 or ii < 0 or jj >= height or ii >= width or seen[jj, ii]:
                                continue
                            if frame[jj, ii] >= limit and frame[jj, ii] > 0.0:
                                seen[jj, ii] = True
                                stack_y[depth] = jj
                                stack_x[depth] = ii
                                depth += 1
                if count < found.shape[0]:
                    found[count, 0] = n
                    found[count, 1] = int(sum_y / total)
                    found[count, 2] = int(sum_x / total)
                count += 1
    return count
