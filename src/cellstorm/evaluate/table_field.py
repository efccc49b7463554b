"""The field of a table: what was looked at, or what the localizations span."""

import numpy as np
import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations

__all__ = ["FieldNm", "field_of_table", "refuse_few"]

FieldNm = tuple[float, float, float, float]
"""``(x0, x1, y0, y1)`` in nanometres from the movie's outer corner."""

# a fit gone astray can be anywhere: what lies farther out than this share of the span of all
# but a thousandth is no part of the field
_ASTRAY = 0.05
_QUANTILES = (0.0005, 0.9995)


def refuse_few(count: int, least: int, name: str) -> None:
    """Raise `TableError` where there are too few localizations for a figure."""
    if count < least:
        raise TableError(
            f"the {name} cannot be told from {count} localizations; it takes {least} or more.",
            todo="Localize more frames, or take a larger region.",
        )


def field_of_table(table: Localizations) -> FieldNm:
    """The region analysed or the whole movie where the metadata tells; else what is spanned.

    A few localizations far from all others do not widen the span.

    Raises
    ------
    TableError
        The table is empty and does not tell how large its movie was.
    """
    metadata = table.metadata
    pixel_nm = metadata.pixel_size_nm
    if pixel_nm is not None and metadata.region is not None:
        x0, x1, y0, y1 = metadata.region
        return x0 * pixel_nm, x1 * pixel_nm, y0 * pixel_nm, y1 * pixel_nm
    if pixel_nm is not None and metadata.movie is not None and metadata.movie.shape is not None:
        _, height, width = metadata.movie.shape
        return 0.0, width * pixel_nm, 0.0, height * pixel_nm
    if len(table) == 0:
        raise TableError(
            "the table is empty and does not say how large its movie was.",
            todo="Localize a movie with molecules in it.",
        )
    spans = []
    for name in ("x_nm", "y_nm"):
        column = table.data[name]
        low, high = (float(column.quantile(q, "nearest") or 0.0) for q in _QUANTILES)
        margin = _ASTRAY * (high - low)
        around = column.filter(pl.Series(column.is_between(low - margin, high + margin)))
        spans += [float(np.min(around.to_numpy())), float(np.max(around.to_numpy()))]
    # the outermost lie inside, and one alone has a field
    return spans[0] - 1.0, spans[1] + 1.0, spans[2] - 1.0, spans[3] + 1.0
