"""The rows of a table that belong to some frames, in pixels."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations

__all__ = ["TableRows", "molecules_of"]


@dataclass(frozen=True)
class TableRows:
    """Molecules of some frames, ``(molecules,)`` each.

    Attributes
    ----------
    frame
        From 0 at the first of the frames.
    x_px, y_px
        From the movie's outer corner.
    photons
        Light in that frame.
    """

    frame: NDArray[np.int64]
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    photons: NDArray[np.float64]


def molecules_of(
    table: Localizations,
    first: int,
    last: int,
    *,
    pixel_size_nm: float | None = None,
    name: str | None = None,
) -> TableRows:
    """The molecules of frames ``first`` to ``last``, the last exclusive.

    Parameters
    ----------
    table
        Molecules with their photons.
    first, last
        Frames wanted.
    pixel_size_nm
        Edge of a pixel, nm; the table's own when None.
    name
        Of the movie, for messages.

    Raises
    ------
    TableError
        The table has no photons, no molecule in these frames, or no pixel size.
    """
    size_nm = table.metadata.pixel_size_nm if pixel_size_nm is None else pixel_size_nm
    if size_nm is None:
        raise TableError(
            "the table says nothing of the pixel size.", where=name, todo="Give it in nm."
        )
    if "photons" not in table.columns:
        raise TableError("the table has no photons, which a pair needs.", where=name)
    rows = table.data.filter(
        (pl.col("frame") >= first) & (pl.col("frame") < last) & pl.col("photons").is_finite()
    )
    if rows.is_empty():
        raise TableError(f"the table has no molecule in frames {first} to {last - 1}.", where=name)
    return TableRows(
        frame=rows["frame"].to_numpy().astype(np.int64) - first,
        x_px=rows["x_nm"].to_numpy() / size_nm,
        y_px=rows["y_nm"].to_numpy() / size_nm,
        photons=np.maximum(rows["photons"].to_numpy().astype(np.float64), 0.0),
    )
