"""How good a table is: found molecules and the truth in, a frozen `Score` out.

`score` is the one call; `pair_up` makes the pairs once for all that can be said of them:
figures, their intervals, and splits by brightness and crowding. `molecule_bounds` says how
well each molecule could be localized at best, `grid_bias` whether the grid of pixels or of
coding blocks shows in the positions, `coverage` what the reported uncertainties are worth.

Without the truth: `frc` is the resolution of a table (`frc_map` where in the field), `nena` its
precision, `profile` the width and distance of lines (`thin_lines` finds some), `density` whether
molecules are dense enough, `event_rate` and `blink_statistics` how they come and go;
`decorrelation` judges a picture.
"""

from cellstorm.evaluate.bias_field import BiasField
from cellstorm.evaluate.blinks import BlinkStatistics, blink_statistics
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
from cellstorm.evaluate.decorrelation import Decorrelation, DecorrelationOptions, decorrelation
from cellstorm.evaluate.density import Density, EventRate, density, event_rate
from cellstorm.evaluate.frc import Frc, frc
from cellstorm.evaluate.frc_change import FrcChange, frc_change
from cellstorm.evaluate.frc_map import FrcMap, frc_map
from cellstorm.evaluate.frc_options import FrcOptions
from cellstorm.evaluate.grid_bias import GridBias, PhaseHistogram, grid_bias
from cellstorm.evaluate.misalignment import Misalignment, find_misalignment
from cellstorm.evaluate.nearest_truth import NearestTruthScore, nearest_truth_score
from cellstorm.evaluate.nena import Nena, NenaOptions, nena
from cellstorm.evaluate.pairs import Pairs, ScoreOptions, pair_up
from cellstorm.evaluate.picture_grid import PictureGrid, picture_grid
from cellstorm.evaluate.profiles import Profile, ProfileBox, profile
from cellstorm.evaluate.quality_pictures import draw_coverage, draw_grid_bias
from cellstorm.evaluate.score import Score, score, score_pairs
from cellstorm.evaluate.splits import split_by_neighbours, split_by_photons
from cellstorm.evaluate.thin_lines import LineSearch, ThinLine, thin_lines

__all__ = [
    "BiasField",
    "BlinkStatistics",
    "BoundRatio",
    "ChancePairs",
    "Coverage",
    "Decorrelation",
    "DecorrelationOptions",
    "Density",
    "EventRate",
    "Frc",
    "FrcChange",
    "FrcMap",
    "FrcOptions",
    "GridBias",
    "Interval",
    "LineSearch",
    "LocalizationBound",
    "Misalignment",
    "NearestTruthScore",
    "Nena",
    "NenaOptions",
    "Pairs",
    "PhaseHistogram",
    "PictureGrid",
    "Profile",
    "ProfileBox",
    "Score",
    "ScoreOptions",
    "ThinLine",
    "blink_statistics",
    "chance_pairs",
    "coverage",
    "decorrelation",
    "density",
    "draw_coverage",
    "draw_grid_bias",
    "event_rate",
    "find_misalignment",
    "frc",
    "frc_change",
    "frc_map",
    "grid_bias",
    "localization_bound",
    "molecule_bounds",
    "nearest_truth_score",
    "nena",
    "pair_up",
    "picture_grid",
    "profile",
    "rmse_over_bound",
    "score",
    "score_intervals",
    "score_pairs",
    "split_by_neighbours",
    "split_by_photons",
    "thin_lines",
]
