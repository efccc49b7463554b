"""A picture of a table that is never in memory: drawn batch by batch onto one grid."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import Localizations, Metadata
from cellstorm.localizations.table import count_bad_positions, refuse_bad_positions
from cellstorm.render.drawing import Drawing, Weighting
from cellstorm.render.grid import Grid, RegionNm, grid_for, molecules_inside
from cellstorm.render.modes import RenderMode, mode_named
from cellstorm.render.picture import Picture
from cellstorm.render.rendering import refuse_too_large

__all__ = ["StreamedPicture", "grid_of_rows", "render_rows"]

_ROWS_PER_BATCH = 2_000_000
_NEEDED = ("frame", "x_nm", "y_nm")
_WIDTHS = ("uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm")


@dataclass(frozen=True, eq=False)
class StreamedPicture:
    """A picture, its grid, and how many molecules there are and lie on it."""

    picture: Picture
    grid: Grid
    molecules: int
    inside: int


def render_rows(
    rows: pl.LazyFrame,
    metadata: Metadata,
    *,
    mode: RenderMode | str = "gaussian",
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
    weighting: Weighting = "molecules",
    threads: int | None = None,
) -> StreamedPicture:
    """Draw a table of any size; the same picture as `render` gives.

    Memory is that of the picture and of some million rows, of which only the columns that
    are drawn are read.

    Parameters
    ----------
    rows, metadata
        As `cellstorm.localizations.scan_table` gives them.
    mode, pixel_nm, magnification, region_nm, weighting, threads
        As in `render`.

    Raises
    ------
    ConfigurationError
        The options do not fit the table, or the picture is too large for the memory.
    TableError
        A position is missing or infinite.
    """
    mode = mode_named(mode) if isinstance(mode, str) else mode
    schema = rows.collect_schema()
    taken = [name for name in (*_NEEDED, *_WIDTHS, "photons") if name in schema]
    rows = rows.select(taken)
    count = int(rows.select(pl.len()).collect(engine="streaming").item())
    refuse_bad_positions(count_bad_positions(rows), count, where=None)
    grid = grid_of_rows(
        rows, metadata, pixel_nm=pixel_nm, magnification=magnification, region_nm=region_nm
    )
    refuse_too_large(grid)
    values = np.zeros((grid.height_px, grid.width_px), dtype=np.float32)
    rows = _with_sound_widths(rows, [name for name in _WIDTHS if name in taken])
    inside = done = 0
    for batch in rows.collect_batches(chunk_size=_ROWS_PER_BATCH, maintain_order=True):
        part = Localizations(batch, metadata)
        drawing = Drawing.of(part, grid, mode, weighting=weighting)
        # random places go by the number of the molecule in the whole table
        drawing = replace(drawing, numbers=drawing.numbers + np.uint64(done))
        drawing.add_to(values, threads=threads)
        inside += molecules_inside(part, grid)
        done += len(batch)
    picture = Picture(
        values=values,
        pixel_nm=grid.pixel_nm,
        origin_nm=grid.origin_nm,
        label=f"{inside} localizations, {mode.kind}",
    )
    return StreamedPicture(picture, grid, count, inside)


def grid_of_rows(
    rows: pl.LazyFrame,
    metadata: Metadata,
    *,
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: RegionNm | None = None,
) -> Grid:
    """The pixels of the picture of a table that is not in memory; as `grid_for`."""
    return grid_for(
        _extremes(rows, metadata),
        pixel_nm=pixel_nm,
        magnification=magnification,
        region_nm=region_nm,
    )


def _extremes(rows: pl.LazyFrame, metadata: Metadata) -> Localizations:
    """Two molecules at the corners of what all span: they have the same field."""
    found = rows.select(
        pl.concat_list(pl.col(name).min(), pl.col(name).max()).alias(name)
        for name in ("x_nm", "y_nm")
    ).collect(engine="streaming")
    corners = found.explode("x_nm", "y_nm").with_columns(frame=pl.lit(0, pl.UInt32))
    # of no rows there is no extreme
    return Localizations(corners.drop_nulls(), metadata)


def _with_sound_widths(rows: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    """Unusable uncertainties take the place of the median one of the whole table."""
    for name in names:
        value = pl.col(name)
        sound = (value.is_finite() & (value > 0)).fill_null(value=False)
        bad = int(rows.select((~sound).sum()).collect(engine="streaming").item())
        if not bad:
            continue
        median = rows.select(value.filter(sound).median()).collect(engine="streaming").item()
        if median is None:
            raise ConfigurationError(
                f"no molecule of the table has a usable {name}.",
                todo="Give one width for all molecules, or take the mode histogram.",
            )
        rows = rows.with_columns(pl.when(sound).then(value).otherwise(median).alias(name))
    return rows
