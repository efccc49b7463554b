"""How good a table is: found molecules and the truth in, a frozen `Score` out.

`score` is the one call; `pair_up` makes the pairs once for all that can be said of them:
figures, their intervals, and splits by brightness and crowding. `molecule_bounds` says how
well each molecule could be localized at best, `grid_bias` whether the grid of pixels or of
coding blocks shows in the positions, `coverage` what the reported uncertainties are worth.
"""

from cellstorm.evaluate.bias_field import BiasField
from cellstorm.evaluate.bootstrap import Interval, score_intervals
from cellstorm.evaluate.chance import ChancePairs, chance_pairs
from cellstorm.evaluate.coverage import Coverage, coverage
from cellstorm.evaluate.crlb import (
    BoundRatio,
    LocalizationBound,
    localization_bound,
    molecule_bounds,
    rmse_over_bound,
)
from cellstorm.evaluate.grid_bias import GridBias, PhaseHistogram, grid_bias
from cellstorm.evaluate.misalignment import Misalignment, find_misalignment
from cellstorm.evaluate.nearest_truth import NearestTruthScore, nearest_truth_score
from cellstorm.evaluate.pairs import Pairs, ScoreOptions, pair_up
from cellstorm.evaluate.quality_pictures import draw_coverage, draw_grid_bias
from cellstorm.evaluate.score import Score, score, score_pairs
from cellstorm.evaluate.splits import split_by_neighbours, split_by_photons

__all__ = [
    "BiasField",
    "BoundRatio",
    "ChancePairs",
    "Coverage",
    "GridBias",
    "Interval",
    "LocalizationBound",
    "Misalignment",
    "NearestTruthScore",
    "Pairs",
    "PhaseHistogram",
    "Score",
    "ScoreOptions",
    "chance_pairs",
    "coverage",
    "draw_coverage",
    "draw_grid_bias",
    "find_misalignment",
    "grid_bias",
    "localization_bound",
    "molecule_bounds",
    "nearest_truth_score",
    "pair_up",
    "rmse_over_bound",
    "score",
    "score_intervals",
    "score_pairs",
    "split_by_neighbours",
    "split_by_photons",
]
