"""The one table of molecules and its file formats.

In come the localizer's columns or a file of another program; out goes `Localizations`,
a polars frame in nanometres, photons and frames from 0 with the metadata that says
where it came from. Columns are defined once, in ``columns``; files are read and written
by extension, each format in a module of its own in ``formats``.
"""

from cellstorm.localizations.columns import COLUMNS, REQUIRED_COLUMNS, Column, Flag
from cellstorm.localizations.formats.parquet import concatenate_parquet
from cellstorm.localizations.metadata import Metadata, MovieFacts
from cellstorm.localizations.table import Localizations
from cellstorm.localizations.table_files import (
    convert_table,
    read_table,
    scan_table,
    sink_table,
    write_table,
)

__all__ = [
    "COLUMNS",
    "REQUIRED_COLUMNS",
    "Column",
    "Flag",
    "Localizations",
    "Metadata",
    "MovieFacts",
    "concatenate_parquet",
    "convert_table",
    "read_table",
    "scan_table",
    "sink_table",
    "write_table",
]
