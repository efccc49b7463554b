"""From noisy shifts of blocks to a smooth curve with honest errors; jumps stay jumps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift._walk_kernel import likeliest_walk, smooth_walk

__all__ = ["Walk", "smoothed_walk"]

# median of a squared standard normal
_MEDIAN_OF_CHI2 = 0.4549
_JUMP_SIGMA = 6.0
_SMALLEST_JUMP_NM = 8.0
# variance of a step from block to block, nm^2, and factor on the variances given
_STEPS_NM2 = np.geomspace(1e-4, 1e3, 22)
_NOISES = np.geomspace(0.7, 8.0, 7)


@dataclass(frozen=True, eq=False)
class Walk:
    """Smoothed shifts of blocks.

    Attributes
    ----------
    shift_nm, variance_nm2
        ``(blocks, axes)``, nm and nm^2.
    step_nm2
        Variance of the walk from one block to the next, ``(axes,)``, nm^2.
    jumps
        First and last block of each jump: it happened after the middle of the one and
        before the middle of the other.
    """

    shift_nm: NDArray[np.float64]
    variance_nm2: NDArray[np.float64]
    step_nm2: NDArray[np.float64]
    jumps: tuple[tuple[int, int], ...] = ()


def smoothed_walk(
    seen_nm: NDArray[np.float64],
    variance_nm2: NDArray[np.float64],
    middle: NDArray[np.float64],
) -> Walk:
    """Smooth measured shifts as a random walk whose pace and noise are learned from them.

    Variance of the walk per block and a factor on the given variances are, for each axis,
    those of the highest likelihood. Steps that are much larger than the others and do not
    come back are jumps of the stage: the walk may take them at once.

    Parameters
    ----------
    seen_nm, variance_nm2
        Measured shifts and their variances (infinite: not measured), ``(blocks, axes)``.
    middle
        Frames that they stand for, ``(blocks,)``, rising.
    """
    count, axes = seen_nm.shape
    shift, spread = np.zeros_like(seen_nm), np.full_like(seen_nm, np.inf)
    if count < 2:
        known = np.isfinite(variance_nm2)
        return Walk(np.where(known, seen_nm, 0.0), variance_nm2, np.zeros(axes))
    gaps = np.diff(middle)
    gaps = gaps / max(float(np.median(gaps)), 1e-9)
    jumps = _jumps(seen_nm, variance_nm2)
    walk, walk_spread, pace = np.zeros(count), np.zeros(count), np.zeros(axes)
    for axis in range(axes):
        seen, variance = (np.ascontiguousarray(a[:, axis]) for a in (seen_nm, variance_nm2))
        if np.isfinite(variance).sum() < 2:
            continue
        extra = np.zeros(count - 1)
        for first, last in jumps:
            extra[first:last] += (seen[last] - seen[first]) ** 2
        step, noise = likeliest_walk(seen, variance, gaps, extra, _STEPS_NM2, _NOISES)
        smooth_walk(seen, variance * noise, step * gaps + extra, walk, walk_spread)
        pace[axis] = step
        shift[:, axis], spread[:, axis] = walk, walk_spread
    return Walk(shift, spread, pace, jumps)


def _jumps(
    seen_nm: NDArray[np.float64], variance_nm2: NDArray[np.float64]
) -> tuple[tuple[int, int], ...]:
    known = np.flatnonzero(np.isfinite(variance_nm2).all(axis=1))
    if known.size < 5:
        return ()
    seen, variance = seen_nm[known], variance_nm2[known]
    # over two steps: a jump within a block is half seen before and half after it
    steps = seen[2:] - seen[:-2]
    noise = variance[2:] + variance[:-2]
    usual = np.median(steps**2, axis=0) / _MEDIAN_OF_CHI2 - np.median(noise, axis=0)
    limit = _JUMP_SIGMA**2 * (noise + np.maximum(usual, 0.0))
    size = (steps**2 / np.maximum(limit, _SMALLEST_JUMP_NM**2)).max(axis=1)
    jumps: list[tuple[int, int]] = []
    for k in np.argsort(-size):
        if size[k] < 1.0:
            break
        first, last = int(known[k]), int(known[k + 2])
        # an outlier comes back at once, a jump does not
        before = np.median(seen[max(0, k - 3) : k + 1], axis=0)
        after = np.median(seen[k + 2 : k + 6], axis=0)
        stays = float(np.linalg.norm(after - before)) > 0.5 * float(np.linalg.norm(steps[k]))
        apart = all(last <= start or first >= end for start, end in jumps)
        if apart and stays:
            jumps.append((first, last))
    return tuple(sorted(jumps))
