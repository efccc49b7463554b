"""One page about a table: its picture, how good it is, what to doubt, how to make it again.

In comes a table of any known format, and the movie if there is one; out goes an HTML file
that needs nothing else. A skin: the figures are those of `cellstorm.evaluate`, and one that
cannot be told says why. `write_report` is the one call; `ReportOptions` are its options.
"""

from cellstorm.report.from_movie import is_table, table_of_movie
from cellstorm.report.options import ReportOptions
from cellstorm.report.parts import Concern
from cellstorm.report.writing import (
    ReportProgress,
    WrittenReport,
    check_report_path,
    write_report,
)

__all__ = [
    "Concern",
    "ReportOptions",
    "ReportProgress",
    "WrittenReport",
    "check_report_path",
    "is_table",
    "table_of_movie",
    "write_report",
]
