"""Where a table made from another goes, and whether it may."""

import re
from pathlib import Path

from cellstorm.earlier_result import check_output
from cellstorm.localizations.formats import format_for_reading, format_for_writing
from cellstorm.refine.source_table import refuse_same_file

__all__ = ["checked_output", "named", "refined_output"]


def refined_output(table: Path, word: str) -> Path:
    """``a.locs.filtered.parquet`` beside ``a.locs.parquet``, whatever that one's format.

    From ``a.locs.filtered.parquet`` comes ``a.locs.filtered2.parquet``, then 3 and so on.
    """
    stem = table.stem
    ending = re.fullmatch(rf"(.*\.{word})(\d*)", stem)
    if ending is not None:
        stem = f"{ending[1]}{int(ending[2] or 1) + 1}"
    else:
        stem = f"{stem}.{word}"
    return table.with_name(f"{stem}.parquet")


def checked_output(source: Path, output: Path, *, overwrite: bool) -> bool:
    """Whether a table is replaced by one made from ``source``; asked before any work.

    Raises
    ------
    CellstormError
        The source is no table, or the output is the source, has an unknown ending, cannot be
        written, or is there and not cellstorm's.
    """
    format_for_reading(source)
    format_for_writing(output)
    refuse_same_file(source, output)
    return check_output(output, overwrite=overwrite)


def named(output: Path, *, replaced: bool) -> str:
    """The name of what was written, for a person."""
    return f"{output} (replaced)" if replaced else str(output)
