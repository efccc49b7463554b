"""From a movie to its table: plan, read, localize, write, resume.

In comes a movie and a localization method; out goes a table on disk (`localize_movie`, of
any length, resumable) or in memory (`localize_frames`). All decisions of a run are in its
`Plan`; listeners are told its `Progress`.
"""

from cellstorm.run.localization import localize_frames, localize_movie
from cellstorm.run.output_name import default_output
from cellstorm.run.plan import Plan
from cellstorm.run.progress import Progress, ProgressListener
from cellstorm.run.summary import LocalizationRun
from cellstorm.run.table_run import RunInterrupted

__all__ = [
    "LocalizationRun",
    "Plan",
    "Progress",
    "ProgressListener",
    "RunInterrupted",
    "default_output",
    "localize_frames",
    "localize_movie",
]
