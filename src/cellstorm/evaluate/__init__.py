"""How good a table is: found molecules and the truth in, a frozen `Score` out.

`score` is the one call; `pair_up` makes the pairs once for all that can be said of them:
figures, their intervals, and splits by brightness and crowding.
"""

from cellstorm.evaluate.bootstrap import Interval, score_intervals
from cellstorm.evaluate.misalignment import Misalignment, find_misalignment
from cellstorm.evaluate.nearest_truth import NearestTruthScore, nearest_truth_score
from cellstorm.evaluate.pairs import Pairs, ScoreOptions, pair_up
from cellstorm.evaluate.score import Score, score, score_pairs
from cellstorm.evaluate.splits import split_by_neighbours, split_by_photons

__all__ = [
    "Interval",
    "Misalignment",
    "NearestTruthScore",
    "Pairs",
    "Score",
    "ScoreOptions",
    "find_misalignment",
    "nearest_truth_score",
    "pair_up",
    "score",
    "score_intervals",
    "score_pairs",
    "split_by_neighbours",
    "split_by_photons",
]
