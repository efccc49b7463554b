"""From a table of molecules to a better one.

In comes a table, as a file of any size or in memory; out goes a new one beside it whose
history says what was done, so that every step can be undone. Filters take out rows by
conditions with units, percentiles, regions, density and duplicates; linking merges
molecules that stay on over frames.
"""

from cellstorm.refine.association import Linking
from cellstorm.refine.dark_time import DarkTime, estimate_dark_frames
from cellstorm.refine.filtering import (
    FilteredTable,
    StepCount,
    filter_localizations,
    filter_table,
)
from cellstorm.refine.linking import LinkedTable, LinkSummary, link_localizations, link_table
from cellstorm.refine.plausibility import refuse_implausible
from cellstorm.refine.steps import (
    Condition,
    Density,
    Duplicates,
    FilterStep,
    Percentiles,
    Polygon,
    Region,
)
from cellstorm.refine.undo import undo_table

__all__ = [
    "Condition",
    "DarkTime",
    "Density",
    "Duplicates",
    "FilterStep",
    "FilteredTable",
    "LinkSummary",
    "LinkedTable",
    "Linking",
    "Percentiles",
    "Polygon",
    "Region",
    "StepCount",
    "estimate_dark_frames",
    "filter_localizations",
    "filter_table",
    "link_localizations",
    "link_table",
    "refuse_implausible",
    "undo_table",
]
