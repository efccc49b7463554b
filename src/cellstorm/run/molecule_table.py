"""From a localizer's columns in pixels to rows of the table in nanometres."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cellstorm.localizations import COLUMNS
from cellstorm.localize.localizer import MoleculeColumns, Region

__all__ = ["molecule_table"]

_PIXELS, _NANOMETRES = "_px", "_nm"


def molecule_table(
    parts: Sequence[MoleculeColumns], *, region: Region, pixel_size_nm: float, first_id: int
) -> pl.DataFrame:
    """Rows of the table, positions counted from the movie's own corner.

    Parameters
    ----------
    parts
        Columns of consecutive chunks, all with the same names.
    region
        The region the positions are relative to, px.
    pixel_size_nm
        Every column whose name ends in ``_px`` is multiplied by it and renamed ``_nm``.
    first_id
        The rows are numbered from here on.

    Raises
    ------
    ValueError
        The parts have different columns, or lack ``frame``, ``x_px`` or ``y_px``.
    """
    names = list(parts[0]) if parts else ["frame", "x_px", "y_px"]
    if any(list(part) != names for part in parts):
        raise ValueError("a localizer gave different columns for different chunks")
    if missing := {"frame", "x_px", "y_px"} - set(names):
        raise ValueError(f"a localizer gave no column {', '.join(sorted(missing))}")
    corner = {"x_px": region[0], "y_px": region[2]}
    series: dict[str, pl.Series] = {}
    for name in names:
        values = np.concatenate([part[name] for part in parts]) if parts else np.zeros(0)
        target = name
        if name.endswith(_PIXELS):
            target = name.removesuffix(_PIXELS) + _NANOMETRES
            values = (values.astype(np.float64) + corner.get(name, 0)) * pixel_size_nm
        column = pl.Series(target, values)
        known = COLUMNS.get(target)
        series[target] = column.cast(known.dtype) if known is not None else column
    rows = len(series["frame"])
    if "id" not in series:
        numbers = np.arange(first_id, first_id + rows, dtype=np.uint64)
        series["id"] = pl.Series("id", numbers)
    known_names = [name for name in COLUMNS if name in series]
    others = [name for name in series if name not in COLUMNS]
    return pl.DataFrame([series[name] for name in (*known_names, *others)])
