"""How far the figures of a score would vary with other frames of the same kind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.evaluate.figures import figures_of, frame_sums
from cellstorm.evaluate.pairs import Pairs

__all__ = ["Interval", "score_intervals"]

_USUAL_BLOCK_FRAMES = 10
# Fewer blocks than this and the spread of the resamples is itself badly known.
_ENOUGH_BLOCKS = 20
# More gain nothing: the interval's ends are known to a few percent of its width.
_MOST_BLOCKS = 20_000
_DRAWS_AT_A_TIME = 4_000_000


@dataclass(frozen=True)
class Interval:
    """Ends of an interval; both NaN where there is none."""

    low: float
    high: float


def score_intervals(
    pairs: Pairs,
    *,
    resamples: int = 1000,
    block_frames: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """Percentile bootstrap over blocks of consecutive frames (Efron 1979; Kuensch 1989).

    Blocks are drawn with replacement, as many as there are, and the figures computed
    from what was drawn. A molecule that blinks on over several frames makes the errors of
    these frames alike; with blocks shorter than that the intervals come out too narrow.
    They hold for other frames of the same sample: what another sample, focus or phone
    would change is not in them.

    Parameters
    ----------
    pairs
        Of `pair_up`.
    resamples
        How often to draw.
    block_frames
        Consecutive frames drawn together. None: 10, or fewer where a short movie would
        not make 20 blocks of them. Movies of more than 20,000 blocks get longer ones.
    level
        Share of the resamples within the interval.
    seed
        The same seed, the same intervals.

    Returns
    -------
    dict[str, Interval]
        For every figure of `Score` that is not a count, by its name. NaN for a figure
        that has no value, and for all where there are fewer than two blocks.

    Raises
    ------
    ValueError
        A number out of range.
    """
    if resamples < 2 or not 0 < level < 1 or (block_frames is not None and block_frames < 1):
        raise ValueError(
            "needs two resamples or more, a level between 0 and 1, and blocks of a frame or more"
        )
    sums = frame_sums(pairs)
    blocks = _blocks(sums.frame, sums.values, block_frames)
    drawn = _resampled(blocks, resamples, np.random.default_rng(seed))
    tails = 100.0 * np.array([(1.0 - level) / 2, (1.0 + level) / 2])
    intervals = {}
    for name, values in figures_of(drawn, sums.mean_photons).items():
        known = values[np.isfinite(values)]
        if blocks.shape[0] < 2 or known.size < 2:
            intervals[name] = Interval(np.nan, np.nan)
        else:
            low, high = np.percentile(known, tails)
            intervals[name] = Interval(float(low), float(high))
    return intervals


def _blocks(
    frame: NDArray[np.float64], values: NDArray[np.float64], block_frames: int | None
) -> NDArray[np.float64]:
    """Sums of blocks, ``(blocks, sums)``; blocks without a molecule are left out."""
    if not frame.size:
        return values
    length = frame[-1] - frame[0] + 1
    if block_frames is None:
        block_frames = int(np.clip(length // _ENOUGH_BLOCKS, 1, _USUAL_BLOCK_FRAMES))
    block_frames = max(block_frames, int(np.ceil(length / _MOST_BLOCKS)))
    _, starts = np.unique((frame - frame[0]) // block_frames, return_index=True)
    blocks: NDArray[np.float64] = np.add.reduceat(values, starts, axis=0)
    return blocks


def _resampled(
    blocks: NDArray[np.float64], resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Sums of each resample, ``(resamples, sums)``."""
    count = blocks.shape[0]
    drawn = np.zeros((resamples, blocks.shape[1]))
    if not count:
        return drawn
    step = max(1, _DRAWS_AT_A_TIME // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        which = random.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(which.ravel(), minlength=rows * count).reshape(rows, count)
        drawn[start : start + rows] = times @ blocks
    return drawn
