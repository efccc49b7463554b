"""Where a refined table goes when nobody says."""

import re
from pathlib import Path

__all__ = ["refined_output"]


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
