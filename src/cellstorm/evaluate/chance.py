"""Whether a table and a truth have more in common than any two would."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from cellstorm.evaluate.matching import match
from cellstorm.evaluate.pairs import positions

__all__ = ["ChancePairs", "chance_pairs"]

_MOST_MOLECULES = 20_000
_CHANCE_SIGMAS = 3.0
# Of fewer molecules nothing can be said.
_FEWEST = 20
# So many pairs are no chance: what never blinks has the same ones in every frame.
_GOOD_SHARE = 0.5


@dataclass(frozen=True)
class ChancePairs:
    """How many pairs there are, and how many between frames that have nothing to do.

    Attributes
    ----------
    pairs
        Of the frames looked at.
    by_chance
        With every true frame taken for another one; 0 where there is only one.
    possible
        Found or true molecules in these frames, whichever are fewer.
    """

    pairs: int
    by_chance: int
    possible: int

    @property
    def is_no_more(self) -> bool:
        """Whether chance explains the pairs, within three standard deviations."""
        if self.possible < _FEWEST or self.pairs > _GOOD_SHARE * self.possible:
            return False
        spread = math.sqrt(self.pairs + self.by_chance)
        return self.pairs - self.by_chance <= _CHANCE_SIGMAS * spread


def chance_pairs(
    found: pl.DataFrame, truth: pl.DataFrame, *, radius_nm: float = 250.0
) -> ChancePairs:
    """Count pairs, and those with the truth of frames half the movie away.

    Long tables are judged by frames spread over their length.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm`` and ``y_nm``.
    radius_nm
        Farthest distance of a pair.

    Raises
    ------
    TableError
        A column is missing.
    """
    found_at = positions(found, "the found molecules")[:, :3]
    true_at = positions(truth, "the truth")[:, :3]
    frames = np.union1d(found_at[:, 0], true_at[:, 0])
    every = max(1, math.ceil((found_at.shape[0] + true_at.shape[0]) / (2 * _MOST_MOLECULES)))
    frames = frames[::every]
    found_at, true_at = (at[np.isin(at[:, 0], frames)] for at in (found_at, true_at))
    pairs = match(found_at, true_at, radius_nm)[0].size
    # half the movie away a molecule that was on is most likely off
    true_at[:, 0] = np.roll(frames, frames.size // 2)[np.searchsorted(frames, true_at[:, 0])]
    by_chance = match(found_at, true_at, radius_nm)[0].size if frames.size > 1 else 0
    return ChancePairs(pairs, by_chance, min(found_at.shape[0], true_at.shape[0]))
