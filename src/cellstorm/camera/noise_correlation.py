"""How much noise an image processor may have taken: what is left of it is not white."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["removed_noise"]

_REACH_PX = 2
_CUT = 2.5
_MOST_TEMPORAL = 0.8
_LEAST_FRAMES = 10


def removed_noise(frames: NDArray[np.float32]) -> float:
    """Upper estimate of variance before filters over variance after them, at least 1.

    A filter that keeps the mean keeps the noise at low frequencies: the sum of the noise's
    autocorrelation over all shifts is the same before and after. So white noise of unit
    autocorrelation sum had, before a filter that left the correlations ``r``, the variance
    ``sum(r)`` times what is left. Over time a recursive filter is taken, for which a
    correlation ``r`` of neighbouring frames means ``(1 + r) / (1 - r)``. Molecules and haze
    that blink are correlated, too: the true factor is smaller, hence an upper estimate.

    Parameters
    ----------
    frames
        ``(n, height, width)`` consecutive frames, ADU.

    Returns
    -------
    float
        1 for white noise, and where there are too few frames to tell.
    """
    count, height, width = frames.shape
    if count < _LEAST_FRAMES or min(height, width) < 4 * _REACH_PX:
        return 1.0
    level = np.median(frames, axis=0)
    dark = level <= np.median(level)
    near = _limited(frames[1:] - frames[:-1], dark)
    lag = count // 2
    far = _limited(frames[lag:] - frames[:-lag], dark)
    short, long = _variance(near, dark), _variance(far, dark)
    if short <= 0 or long <= 0:
        return 1.0
    between = float(np.clip(1.0 - short / long, 0.0, _MOST_TEMPORAL))
    total = 0.0
    for dy in range(-_REACH_PX, _REACH_PX + 1):
        for dx in range(-_REACH_PX, _REACH_PX + 1):
            total += _correlation(far, dark, dy, dx)
    spatial = max(total, 1.0)
    # differences of neighbouring frames, on which estimates rest, lack what they share
    temporal = (1.0 + between) / (1.0 - between) ** 2
    return spatial * temporal


def _limited(differences: NDArray[np.float32], dark: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Differences of the background, blinks cut off, nothing elsewhere."""
    inside = differences[:, dark]
    scale = 1.4826 * float(np.median(np.abs(inside))) + 0.5
    kept = np.where(dark & (np.abs(differences) < _CUT * scale), differences, np.float32(0.0))
    return kept.astype(np.float32)


def _variance(values: NDArray[np.float32], dark: NDArray[np.bool_]) -> float:
    inside = values[:, dark]
    used = inside != 0
    # exact zeros are what was cut off and what a codec repeated; both tell nothing
    return float(np.sum(inside**2) / max(int(used.sum()), 1))


def _correlation(values: NDArray[np.float32], dark: NDArray[np.bool_], dy: int, dx: int) -> float:
    height, width = dark.shape
    rows = slice(max(0, dy), min(height, height + dy))
    columns = slice(max(0, dx), min(width, width + dx))
    back_rows = slice(max(0, -dy), min(height, height - dy))
    back_columns = slice(max(0, -dx), min(width, width - dx))
    both = dark[rows, columns] & dark[back_rows, back_columns]
    a, b = values[:, rows, columns], values[:, back_rows, back_columns]
    pairs = float(np.sum(a * b * both, dtype=np.float64))
    each = float(np.sum((a * a + b * b) * both, dtype=np.float64)) / 2.0
    return pairs / each if each > 0 else 0.0
