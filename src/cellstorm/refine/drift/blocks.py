"""Frames taken together, long enough to hold molecules, short enough for the drift."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift.molecules import Molecules

__all__ = ["Blocks", "cut_into_blocks", "frames_per_block"]

_MOST_BLOCKS = 1_000
_MANY_BLOCKS = 100
_FEWEST_BLOCKS = 10
_MOLECULES, _FEWEST_MOLECULES = 1_000, 200


@dataclass(frozen=True, eq=False)
class Blocks:
    """Molecules cut into blocks of as many frames each.

    Attributes
    ----------
    rows
        ``(blocks + 1,)``: block b has the molecules ``rows[b]:rows[b + 1]``.
    middle
        ``(blocks,)``: mean frame of its molecules (of its frames where there are none).
    """

    rows: NDArray[np.int64]
    middle: NDArray[np.float64]

    def __len__(self) -> int:
        return self.middle.size

    @property
    def numbers(self) -> NDArray[np.int32]:
        """The block of each molecule, ``(n,)``."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.rows))


def frames_per_block(molecules: Molecules) -> int:
    """Frames that hold about 1000 molecules; 200 at least where that gives few blocks.

    There are 10 to 1000 blocks; up to 100 of them are made of blocks with fewer molecules.
    """
    first, after = molecules.frames
    frames = after - first
    count = max(len(molecules) / _MOLECULES, min(len(molecules) / _FEWEST_MOLECULES, _MANY_BLOCKS))
    return max(1, round(frames / min(max(count, _FEWEST_BLOCKS), _MOST_BLOCKS)))


def cut_into_blocks(molecules: Molecules, frames: int) -> Blocks:
    """Cut into blocks of ``frames`` frames; the last one can be longer, up to half as much."""
    first, after = molecules.frames
    count = max(1, round((after - first) / frames))
    edges = first + frames * np.arange(count + 1)
    edges[-1] = after
    rows = np.searchsorted(molecules.frame, edges).astype(np.int64)
    middle = 0.5 * (edges[:-1] + edges[1:] - 1).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(molecules.frame, dtype=np.float64)])
    held = np.diff(rows)
    filled = held > 0
    middle[filled] = (sums[rows[1:]] - sums[rows[:-1]])[filled] / held[filled]
    return Blocks(rows=rows, middle=middle)
