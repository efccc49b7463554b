"""What a table can be filtered by; each step takes lazy rows and gives those that stay.

Rows are neither reordered nor changed. What a step must know of all rows (percentiles,
neighbours) it reads in the columns it needs, never the whole table.
"""

from typing import Annotated, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.spatial import cKDTree

from cellstorm.errors import ConfigurationError, TableError
from cellstorm.localizations import COLUMNS
from cellstorm.parameters import Parameters
from cellstorm.refine._duplicate_kernel import mark_worse_ones
from cellstorm.refine.expression import parse_condition, unknown_column, where_true

__all__ = [
    "Condition",
    "Density",
    "Duplicates",
    "FilterStep",
    "Percentiles",
    "Polygon",
    "Region",
]

_KEEP = "__keep"
_ROWS_PER_SEARCH = 1_000_000
_ROWS_PER_BLOCK = 4_000_000
_LARGEST_NM = 1e9

Point = tuple[float, float]


class Condition(Parameters):
    """Rows for which an expression holds, as after SQL's WHERE."""

    kind: Literal["condition"] = "condition"
    expression: str = Field(
        min_length=1,
        description="names of columns with numbers in their units, or numbers with a unit"
        " (x_nm < 5 um)",
    )

    def __call__(
        self, rows: pl.LazyFrame, pixel_size_nm: float | None = None
    ) -> tuple[pl.LazyFrame, str]:
        """Rows that stay, and in words what was done."""
        condition = parse_condition(
            self.expression, rows.collect_schema(), pixel_size_nm=pixel_size_nm
        )
        return where_true(rows, condition), self.expression


class Percentiles(Parameters):
    """Rows whose value lies between two percentiles of the column; missing values go."""

    kind: Literal["percentiles"] = "percentiles"
    column: str = Field(description="name of a column of numbers")
    low: float = Field(0.0, ge=0, le=100, description="percentile of the smallest kept, %")
    high: float = Field(100.0, ge=0, le=100, description="percentile of the largest kept, %")

    @model_validator(mode="after")
    def _in_order(self) -> "Percentiles":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g} %) must be under high ({self.high:g} %)")
        return self

    def __call__(
        self, rows: pl.LazyFrame, pixel_size_nm: float | None = None
    ) -> tuple[pl.LazyFrame, str]:
        """Rows that stay, and in words what was done."""
        schema = rows.collect_schema()
        if self.column not in schema:
            raise unknown_column(self.column, schema, where="percentiles")
        if not schema[self.column].is_numeric():
            raise ConfigurationError(
                f"{self.column} holds no numbers ({schema[self.column]}).", where="percentiles"
            )
        value = pl.col(self.column)
        if schema[self.column].is_float():
            value = value.fill_nan(None)
        limits = rows.select(
            value.quantile(self.low / 100, "linear").alias("low"),
            value.quantile(self.high / 100, "linear").alias("high"),
        ).collect(engine="streaming")
        low, high = limits.row(0)
        unit = COLUMNS[self.column].unit if self.column in COLUMNS else ""
        if low is None:
            raise TableError(f"no row has a value in {self.column}: there are no percentiles.")
        text = (
            f"{self.column} from {low:g} to {high:g} {unit}".rstrip()
            + f" (percentiles {self.low:g} to {self.high:g})"
        )
        kept = pl.col(self.column).is_between(low, high, closed="both")
        return where_true(rows, kept), text


class Region(Parameters):
    """Rows inside a rectangle; the upper ends are not part of it."""

    kind: Literal["region"] = "region"
    x0_nm: float = Field(-_LARGEST_NM, ge=-_LARGEST_NM, le=_LARGEST_NM, description="left, nm")
    x1_nm: float = Field(_LARGEST_NM, ge=-_LARGEST_NM, le=_LARGEST_NM, description="right, nm")
    y0_nm: float = Field(-_LARGEST_NM, ge=-_LARGEST_NM, le=_LARGEST_NM, description="top, nm")
    y1_nm: float = Field(_LARGEST_NM, ge=-_LARGEST_NM, le=_LARGEST_NM, description="bottom, nm")

    @model_validator(mode="after")
    def _not_empty(self) -> "Region":
        if not (self.x0_nm < self.x1_nm and self.y0_nm < self.y1_nm):
            raise ValueError("the region is empty: x0 < x1 and y0 < y1 are needed, in nm")
        return self

    def __call__(
        self, rows: pl.LazyFrame, pixel_size_nm: float | None = None
    ) -> tuple[pl.LazyFrame, str]:
        """Rows that stay, and in words what was done."""
        inside = pl.col("x_nm").is_between(self.x0_nm, self.x1_nm, closed="left") & pl.col(
            "y_nm"
        ).is_between(self.y0_nm, self.y1_nm, closed="left")
        text = f"x_nm {self.x0_nm:g} to {self.x1_nm:g}, y_nm {self.y0_nm:g} to {self.y1_nm:g}"
        return rows.filter(inside), f"region {text}"


class Polygon(Parameters):
    """Rows inside a polygon (a ray to the right crosses its edges an odd number of times)."""

    kind: Literal["polygon"] = "polygon"
    corners_nm: tuple[Point, ...] = Field(
        min_length=3, max_length=1000, description="corners (x, y) in order, nm"
    )

    @model_validator(mode="after")
    def _sound(self) -> "Polygon":
        if not np.all(np.abs(np.array(self.corners_nm)) <= _LARGEST_NM):
            raise ValueError(f"corners must lie within {_LARGEST_NM:g} nm")
        return self

    def __call__(
        self, rows: pl.LazyFrame, pixel_size_nm: float | None = None
    ) -> tuple[pl.LazyFrame, str]:
        """Rows that stay, and in words what was done."""
        corners = np.array(self.corners_nm)
        x, y = pl.col("x_nm"), pl.col("y_nm")
        inside = pl.lit(value=False)
        for (xa, ya), (xb, yb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if ya != yb:
                spans = (y >= min(ya, yb)) & (y < max(ya, yb))
                inside = inside ^ (spans & (x < xa + (y - ya) * ((xb - xa) / (yb - ya))))
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        # the rectangle around it first: groups of rows outside are not even read
        near = x.is_between(left, right) & y.is_between(top, bottom)
        return rows.filter(near & inside), f"polygon of {len(corners)} corners"


class Density(Parameters):
    """Rows with so many others around them, whatever their frames.

    The density filter of Ovesny et al. 2014: isolated molecules are mostly noise. A
    molecule that is on over many frames is its own neighbour: link first.
    """

    kind: Literal["density"] = "density"
    radius_nm: float = Field(50.0, gt=0, le=1e6, description="neighbours lie within it, nm")
    least: int = Field(5, ge=0, description="fewest neighbours of a row that stays")
    most: int | None = Field(None, ge=0, description="most neighbours; None: any number")

    @model_validator(mode="after")
    def _in_order(self) -> "Density":
        if self.most is not None and self.most < self.least:
            raise ValueError(f"most ({self.most}) must not be under least ({self.least})")
        return self

    def __call__(
        self, rows: pl.LazyFrame, pixel_size_nm: float | None = None
    ) -> tuple[pl.LazyFrame, str]:
        """Rows that stay, and in words what was done."""
        places = _positions(rows)
        keep = np.zeros(len(places), dtype=bool)
        if len(places):
            # neither compact nor balanced: built several times faster, and none is lost to
            # outliers far away, as an array of cells would be
            tree = cKDTree(places, leafsize=32, compact_nodes=False, balanced_tree=False)
            for start in range(0, len(places), _ROWS_PER_SEARCH):
                part = slice(start, start + _ROWS_PER_SEARCH)
                others = (
                    tree.query_ball_point(
                        places[part], self.radius_nm, return_length=True, workers=-1
                    )
                    - 1
                )
                keep[part] = others >= self.least
                if self.most is not None:
                    keep[part] &= others <= self.most
        range_ = f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"
        return _kept(rows, keep), f"{range_} others within {self.radius_nm:g} nm"


class Duplicates(Parameters):
    """One of several molecules of a frame that lie nearer than a radius: the best.

    The best is the least uncertain one; without uncertainties the brightest; without
    photons the first.
    """

    kind: Literal["duplicates"] = "duplicates"
    radius_nm: float = Field(gt=0, le=1e6, description="nearer ones of a frame are the same, nm")

    def __call__(
        self, rows: pl.LazyFrame, pixel_size_nm: float | None = None
    ) -> tuple[pl.LazyFrame, str]:
        """Rows that stay, and in words what was done."""
        schema = rows.collect_schema()
        names = ["frame", "x_nm", "y_nm"]
        quality = next((name for name in ("uncertainty_nm", "photons") if name in schema), None)
        needed = rows.select(*names, *([quality] if quality else [])).collect(engine="streaming")
        frame = needed["frame"].to_numpy()
        badness: NDArray[np.float32] = np.zeros(len(needed), dtype=np.float32)
        if quality is not None:
            badness = needed[quality].fill_null(float("nan")).to_numpy()
            badness = -badness if quality == "photons" else badness
        keep = np.ones(len(needed), dtype=bool)
        x_nm, y_nm = needed["x_nm"].to_numpy(), needed["y_nm"].to_numpy()
        for block in _whole_frames(frame):
            # NaN sorts last, where the worst are
            order = np.lexsort((x_nm[block], frame[block]))
            taken = block[order]
            rank = np.empty(taken.size, dtype=np.int64)
            rank[np.argsort(badness[taken], kind="stable")] = np.arange(taken.size)
            kept = np.ones(taken.size, dtype=np.bool_)
            mark_worse_ones(frame[taken], x_nm[taken], y_nm[taken], rank, self.radius_nm, kept)
            keep[taken] = kept
        return _kept(rows, keep), f"one of those within {self.radius_nm:g} nm in a frame"


FilterStep = Annotated[
    Condition | Percentiles | Region | Polygon | Density | Duplicates, Field(discriminator="kind")
]


def _positions(rows: pl.LazyFrame) -> NDArray[np.float64]:
    """``(n, 2)`` x and y in nm, in the order of the rows."""
    data = rows.select("x_nm", "y_nm").collect(engine="streaming")
    places = np.empty((len(data), 2))
    for column, name in enumerate(("x_nm", "y_nm")):
        places[:, column] = data[name].to_numpy()
    return places


def _kept(rows: pl.LazyFrame, keep: NDArray[np.bool_]) -> pl.LazyFrame:
    mask = pl.DataFrame({_KEEP: keep}).lazy()
    return pl.concat([rows, mask], how="horizontal").filter(_KEEP).drop(_KEEP)


def _whole_frames(frame: NDArray[np.uint32]) -> list[NDArray[np.int64]]:
    """Rows in blocks, no frame in two of them."""
    rows = np.arange(frame.size, dtype=np.int64)
    if np.any(frame[1:] < frame[:-1]):
        rows = np.argsort(frame, kind="stable")
    ordered = frame[rows]
    blocks, start = [], 0
    while start < rows.size:
        last = min(start + _ROWS_PER_BLOCK, rows.size) - 1
        stop = int(np.searchsorted(ordered, ordered[last], side="right"))
        blocks.append(rows[start:stop])
        start = stop
    return blocks
