"""Where a table has thin lines that a profile can be taken across."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter, maximum_filter, uniform_filter
from scipy.spatial import cKDTree

from cellstorm.evaluate.blinks import usual_error_nm
from cellstorm.evaluate.profiles import ProfileBox
from cellstorm.evaluate.table_field import field_of_table
from cellstorm.localizations import Localizations
from cellstorm.parameters import Parameters

__all__ = ["LineSearch", "ThinLine", "thin_lines"]

Vector = NDArray[np.float64]

# in widths of the search: a pair of lines lies within the core, and beyond it there is nothing
_CORE, _REACH, _ALONG = 4.0, 8.0, 16.0
_SECTIONS = 6
_WIDTH_ERRORS = 2.0
_PIXELS_PER_WIDTH = 2.0
_MOST_PX = 4000
_CELL_WIDTHS, _PER_CELL = 40.0, 4
_MOST_CANDIDATES = 1500
_ROUNDS = 3
# the ground beside a line has less than this share of the line's density
_EMPTY = 0.25
_LEAST_IN_SECTION = 8
_LEAST_OF_MEAN, _MOST_OF_ALL = 0.3, 0.5
_SURE = 3.0
# root mean square about the middle, in widths of the search: beyond is a bundle
_WIDEST = 2.0
# sections whose width differs by so much more than chance are no one line
_UNEVEN = 0.3


class LineSearch(Parameters):
    """How thin lines are looked for."""

    most_lines: int = Field(3, ge=0, le=24, description="lines to find at most")
    width_nm: float | None = Field(
        None,
        ge=5,
        le=1000,
        allow_inf_nan=False,
        description="standard deviation that the picture is smoothed with, nm; a line is looked"
        " at over 16 of them, with 8 on both sides, and scatters by 2 at most; None: twice the"
        " usual uncertainty, least_width_nm or more",
    )
    least_width_nm: float = Field(
        30.0, ge=5, le=1000, allow_inf_nan=False, description="of None for width_nm, nm"
    )
    most_bent: float = Field(
        0.5,
        gt=0,
        le=4,
        allow_inf_nan=False,
        description="root mean square of a line's sections about a straight one, in width_nm",
    )
    most_localizations: int = Field(
        1_000_000, ge=1000, description="of larger tables so many at random are searched"
    )
    seed: int = Field(0, ge=0, description="draws them")


@dataclass(frozen=True)
class ThinLine:
    """A straight piece of a line with empty ground on both sides.

    Attributes
    ----------
    box
        Across it, for `profile`.
    localizations
        On it, of those searched.
    emptiness
        Density beside it over that on it.
    """

    box: ProfileBox
    localizations: int
    emptiness: float


def thin_lines(table: Localizations, options: LineSearch | None = None) -> tuple[ThinLine, ...]:
    """Find straight, well-populated pieces of lines that stand alone.

    Candidates are where the smoothed picture is bent most, across (largest negative
    curvature of the Hessian, as Steger 1998 finds lines), a few in every part of the field so
    that the brightest clump does not take all places. Each is then judged by the molecules
    themselves in a box along and across it, turned and moved until it lies on them: all six
    sections along it are populated, beyond doubt more densely than beside it, and equally
    wide (two lines that cross are not), and no bundle; their middles lie on a straight line;
    and the ground on both sides holds less than a quarter of its density. Of these the most
    usual ones are taken: those whose emptiest section holds what it does on the line of a
    typical molecule. How narrow a line is does not count, or the widths of those found would
    be too small.

    Parameters
    ----------
    table
        Any; only positions count.
    options
        The defaults of `LineSearch` when None.

    Returns
    -------
    tuple[ThinLine, ...]
        Best first, none of them on another; empty where nothing is a line.
    """
    options = LineSearch() if options is None else options
    if options.most_lines == 0 or len(table) < _SECTIONS * _LEAST_IN_SECTION:
        return ()
    width_nm = _width_nm(table, options)
    place = _places(table, options)
    tree = cKDTree(place)
    field_nm = field_of_table(table)
    found = []
    for centre, angle in _candidates(place, field_nm, width_nm):
        line = _judged(tree, place, centre, angle, width_nm, options.most_bent * width_nm)
        # beyond the field the ground is empty of all there is
        if line is not None and line.is_inside(field_nm, width_nm):
            found.append(line)
    # counted by molecules, so that many sparse pieces of noise do not set what is usual
    usual = _weighted_median(np.array([line.emptiest for line in found]))
    found.sort(key=lambda line: abs(math.log(line.emptiest / usual)))
    chosen: list[_Line] = []
    for line in found:
        if all(math.dist(line.centre, one.centre) > _ALONG * width_nm for one in chosen):
            chosen.append(line)
        if len(chosen) == options.most_lines:
            break
    return tuple(line.as_found(width_nm) for line in chosen)


@dataclass(frozen=True, eq=False)
class _Line:
    centre: tuple[float, float]
    angle: float
    count: int
    emptiness: float
    # molecules of its emptiest section beyond those of the ground
    emptiest: float

    def is_inside(self, field_nm: tuple[float, float, float, float], width_nm: float) -> bool:
        """Whether the box lies in the field."""
        along = abs(math.cos(self.angle)), abs(math.sin(self.angle))
        half = 0.5 * _ALONG * width_nm, _REACH * width_nm
        x_nm = half[0] * along[0] + half[1] * along[1]
        y_nm = half[0] * along[1] + half[1] * along[0]
        x0, x1, y0, y1 = field_nm
        x, y = self.centre
        return x0 <= x - x_nm and x + x_nm <= x1 and y0 <= y - y_nm and y + y_nm <= y1

    def as_found(self, width_nm: float) -> ThinLine:
        across = np.array([-math.sin(self.angle), math.cos(self.angle)]) * _REACH * width_nm
        # from left to right, or from top to bottom
        if across[0] < -1e-9 or (abs(across[0]) <= 1e-9 and across[1] < 0):
            across = -across
        start, stop = np.asarray(self.centre) - across, np.asarray(self.centre) + across
        box = ProfileBox(
            start_nm=(round(float(start[0]), 1), round(float(start[1]), 1)),
            stop_nm=(round(float(stop[0]), 1), round(float(stop[1]), 1)),
            width_nm=round(_ALONG * width_nm, 1),
        )
        return ThinLine(box, self.count, self.emptiness)


def _width_nm(table: Localizations, options: LineSearch) -> float:
    if options.width_nm is not None:
        return options.width_nm
    error = usual_error_nm(table)
    return max(_WIDTH_ERRORS * error if math.isfinite(error) else 0.0, options.least_width_nm)


def _places(table: Localizations, options: LineSearch) -> Vector:
    """``(n, 2)`` x and y, nm."""
    data = table.data.select(pl.col("x_nm", "y_nm").cast(pl.Float64))
    if len(data) > options.most_localizations:
        random = np.random.default_rng(options.seed)
        data = data[np.sort(random.choice(len(data), options.most_localizations, replace=False))]
    return np.ascontiguousarray(data.to_numpy())


def _candidates(
    place: Vector, field_nm: tuple[float, float, float, float], width_nm: float
) -> list[tuple[tuple[float, float], float]]:
    """Middle and direction of what is bent most across, strongest first."""
    pixel_nm = width_nm / _PIXELS_PER_WIDTH
    x0, x1, y0, y1 = _searched(place, field_nm, _MOST_PX * pixel_nm)
    shape = (max(math.ceil((y1 - y0) / pixel_nm), 8), max(math.ceil((x1 - x0) / pixel_nm), 8))
    counts = np.histogram2d(
        place[:, 1],
        place[:, 0],
        bins=shape,
        range=((y0, y0 + shape[0] * pixel_nm), (x0, x0 + shape[1] * pixel_nm)),
    )[0].astype(np.float32)
    sigma = _PIXELS_PER_WIDTH
    yy, xy, xx = (gaussian_filter(counts, sigma, order=o) for o in ((2, 0), (1, 1), (0, 2)))
    half, part = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    strength = part - half
    peak = strength == maximum_filter(strength, size=5)
    # as much bent along as across is a spot
    row, column = np.nonzero(peak & (strength > 0) & (half + part > -0.5 * strength))
    value = strength[row, column]
    order = np.argsort(-value, kind="stable")
    row, column = row[order], column[order]
    cell_px = round(_CELL_WIDTHS * _PIXELS_PER_WIDTH)
    cell = (row // cell_px) * (shape[1] // cell_px + 1) + column // cell_px
    in_cell: dict[int, int] = {}
    found = []
    for r, c, number in zip(row.tolist(), column.tolist(), cell.tolist(), strict=True):
        if in_cell.get(number, 0) >= _PER_CELL:
            continue
        in_cell[number] = in_cell.get(number, 0) + 1
        # the direction of the smaller curvature runs along the line
        angle = 0.5 * math.atan2(2.0 * float(xy[r, c]), float(xx[r, c] - yy[r, c]))
        found.append(((x0 + (c + 0.5) * pixel_nm, y0 + (r + 0.5) * pixel_nm), angle))
        if len(found) == _MOST_CANDIDATES:
            break
    return found


def _searched(
    place: Vector, field_nm: tuple[float, float, float, float], most_nm: float
) -> tuple[float, float, float, float]:
    """The field, or of one that is too large the part with most molecules."""
    x0, x1, y0, y1 = field_nm
    if max(x1 - x0, y1 - y0) <= most_nm:
        return field_nm
    bin_nm = most_nm / 16
    shape = (math.ceil((y1 - y0) / bin_nm), math.ceil((x1 - x0) / bin_nm))
    counts = np.histogram2d(
        place[:, 1],
        place[:, 0],
        bins=shape,
        range=((y0, y0 + shape[0] * bin_nm), (x0, x0 + shape[1] * bin_nm)),
    )[0]
    middle = np.unravel_index(
        int(np.argmax(uniform_filter(counts, 16, mode="constant"))), counts.shape
    )
    left = min(max(x0 + (int(middle[1]) - 8) * bin_nm, x0), max(x1 - most_nm, x0))
    top = min(max(y0 + (int(middle[0]) - 8) * bin_nm, y0), max(y1 - most_nm, y0))
    return left, min(left + most_nm, x1), top, min(top + most_nm, y1)


def _judged(
    tree: cKDTree,
    place: Vector,
    centre: tuple[float, float],
    angle: float,
    width_nm: float,
    most_bent_nm: float,
) -> _Line | None:
    """The line there, if it is one; turned and moved onto its molecules first."""
    half_along, core, reach = (0.5 * _ALONG * width_nm, _CORE * width_nm, _REACH * width_nm)
    middle = np.asarray(centre, np.float64)
    near = tree.query_ball_point(middle, 1.5 * math.hypot(half_along, reach), return_sorted=True)
    here = place[near]
    bend = math.inf
    for _ in range(_ROUNDS):
        direction = np.array([math.cos(angle), math.sin(angle)])
        along, aside = _turned(here - middle, direction)
        on = (np.abs(along) < half_along) & (np.abs(aside) < core)
        if int(on.sum()) < _SECTIONS * _LEAST_IN_SECTION:
            return None
        section = _section_of(along[on], half_along)
        count = np.bincount(section, minlength=_SECTIONS)
        if count.min() < _LEAST_IN_SECTION:
            return None
        where = np.bincount(section, aside[on], _SECTIONS) / count
        at = (np.arange(_SECTIONS) + 0.5) * 2 * half_along / _SECTIONS - half_along
        slope, shift = np.polyfit(at, where, 1)
        bend = float(np.sqrt(np.mean(np.square(where - shift - slope * at))))
        middle = middle + shift * np.array([-direction[1], direction[0]])
        angle += math.atan(float(slope))
    if bend > most_bent_nm or math.dist(centre, middle.tolist()) > core:
        return None
    along, aside = _turned(here - middle, np.array([math.cos(angle), math.sin(angle)]))
    inside = np.abs(along) < half_along
    on = inside & (np.abs(aside) < core)
    count = np.bincount(_section_of(along[on], half_along), minlength=_SECTIONS)
    sides = [
        int((inside & (side * aside >= core) & (side * aside < reach)).sum()) for side in (1, -1)
    ]
    # the fuller side counts: a line at the edge of a crowd is not alone
    beside = 2.0 * max(sides) * core / (reach - core)
    total = int(count.sum())
    expected = beside / _SECTIONS
    excess = count.min() - expected
    if (
        beside > _EMPTY * total
        or excess < _SURE * math.sqrt(max(expected, 1.0))
        or count.min() < max(_LEAST_IN_SECTION, _LEAST_OF_MEAN * count.mean())
        or count.max() > _MOST_OF_ALL * total
        or float(np.mean(np.square(aside[on]))) > (_WIDEST * width_nm) ** 2
        or _is_uneven(aside[on], _section_of(along[on], half_along), count)
    ):
        return None
    return _Line((float(middle[0]), float(middle[1])), angle, total, beside / total, float(excess))


def _is_uneven(aside: Vector, section: NDArray[np.int64], count: NDArray[np.int64]) -> bool:
    """Whether the sections differ in width, by more than chance and by much."""
    mean = np.bincount(section, aside, _SECTIONS) / count
    width = np.sqrt(np.bincount(section, np.square(aside - mean[section]), _SECTIONS) / count)
    usual = float(np.median(width))
    # standard error of a standard deviation
    allowed = _UNEVEN * usual + _SURE * usual / np.sqrt(2.0 * count)
    return bool((np.abs(width - usual) > allowed).any())


def _weighted_median(values: Vector) -> float:
    """The value that half of the sum lies under; 1 for none."""
    if values.size == 0:
        return 1.0
    ordered = np.sort(values)
    upto = np.cumsum(ordered)
    return float(ordered[np.searchsorted(upto, 0.5 * upto[-1])])


def _turned(step: Vector, direction: Vector) -> tuple[Vector, Vector]:
    return (
        step @ direction,
        step[:, 1] * direction[0] - step[:, 0] * direction[1],
    )


def _section_of(along: Vector, half_along: float) -> NDArray[np.int64]:
    part = (along + half_along) / (2.0 * half_along) * _SECTIONS
    result: NDArray[np.int64] = np.clip(part.astype(np.int64), 0, _SECTIONS - 1)
    return result
