"""How many frames a molecule may be unseen and still be the same blink.

After Annibale et al. 2011 and Coltharp et al. 2012: localizations at the same place are
counted by the number of dark frames between them. Molecules missed for a frame or two make
the short gaps frequent; other molecules, and the same one blinking again, come after any
time alike and make a level. A gap is worth bridging while it holds more of the first than
of the second.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.refine.association import LONGEST_GAP, Association, Linking
from cellstorm.refine.frame_blocks import frame_ranges, read_block

__all__ = ["DarkTime", "estimate_dark_frames"]

_LEAST_PAIRS = 100
_WHERE_TOO_FEW = 1
_MOST_BRIDGED = 10


@dataclass(frozen=True, eq=False)
class DarkTime:
    """What the gaps between localizations at the same place tell.

    Attributes
    ----------
    dark_frames
        Frames in between worth allowing.
    pairs
        ``(21,)`` int64 pairs of localizations with 0, 1, ... 20 dark frames between.
    level
        Pairs of each gap that other molecules, or the same one blinking again, make.
    enough
        False where there were too few pairs and `dark_frames` is a custom.
    """

    dark_frames: int
    pairs: NDArray[np.int64]
    level: float
    enough: bool

    @property
    def text(self) -> str:
        """In words."""
        if not self.enough:
            return f"too few pairs to estimate it, {int(self.pairs.sum())}"
        share = self.pairs[1 : self.dark_frames + 1].sum() / max(int(self.pairs.sum()), 1)
        if self.dark_frames == 0:
            return "estimated: gaps are as frequent as chance makes them"
        return f"estimated from the gaps; {100 * share:.2g} % of the pairs"


def estimate_dark_frames(rows: pl.LazyFrame, linking: Linking | None = None) -> DarkTime:
    """Estimate how many dark frames to allow from the block in the middle of a table.

    Parameters
    ----------
    rows
        The table.
    linking
        The radius; its `dark_frames` plays no part.

    Raises
    ------
    TableError
        The radius comes from uncertainties and there are none.
    """
    ranges = frame_ranges(rows)
    association = Association(linking or Linking(), LONGEST_GAP)
    if ranges:
        association(read_block(rows, ranges[len(ranges) // 2]))
    pairs = association.gaps[: LONGEST_GAP + 1].copy()
    level = float(pairs[LONGEST_GAP // 2 :].mean())
    enough = int(pairs.sum()) >= _LEAST_PAIRS
    dark_frames = 0
    while (
        dark_frames < _MOST_BRIDGED
        # more than twice the level: the excess over it outweighs it
        and pairs[dark_frames + 1] > 2.0 * level + 3.0 * np.sqrt(level)
        # and enough of them to matter
        and pairs[dark_frames + 1] > 0.001 * pairs[0]
    ):
        dark_frames += 1
    return DarkTime(dark_frames if enough else _WHERE_TOO_FEW, pairs, level, enough)
