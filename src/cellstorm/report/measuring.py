"""All that is measured on a table, each figure told or with the reason why not."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from cellstorm.errors import TableError
from cellstorm.evaluate import (
    BlinkStatistics,
    Density,
    EventRate,
    Frc,
    FrcMap,
    GridBias,
    Nena,
    blink_statistics,
    density,
    event_rate,
    frc,
    frc_map,
    grid_bias,
    nena,
)
from cellstorm.evaluate.table_field import FieldNm, field_of_table
from cellstorm.localizations import Localizations
from cellstorm.refine.drift import DriftCurve, FoundDrift, find_drift, read_curve
from cellstorm.refine.provenance import read_origin
from cellstorm.report.distribution import SHOWN_COLUMNS, Distribution, ShownColumn, distribution
from cellstorm.report.line_profiles import LineProfile, line_profiles
from cellstorm.report.options import ReportOptions
from cellstorm.report.parts import Untold, told_or_why
from cellstorm.report.table_at_hand import TableAtHand
from cellstorm.report.typical_bound import TypicalBound, typical_bound

__all__ = ["MEASURING_STEPS", "Measurements", "StepListener", "measure"]

StepListener = Callable[[str], None]
"""Told what is being done before it is begun."""

_STEPS = (
    "spread of the values",
    "molecules over time",
    "blinks and density",
    "precision",
    "thin lines",
    "traces of the grid",
    "drift that is left",
    "resolution (the longest step)",
    "resolution over the field",
)
MEASURING_STEPS = len(_STEPS)
_TILE_RESOLUTIONS = 25.0
_MAP_BLOCKS = 10
_MOST_MAPPED_PX = 1e8
_DRIFT = re.compile(r"drift:? corrected")


@dataclass(frozen=True, eq=False)
class Measurements:
    """What a table tells without the truth.

    Attributes
    ----------
    frc, frc_map, nena, bound, blinks, density, rate, grid
        As `cellstorm.evaluate` gives them, and `typical_bound`.
    lines
        Profiles across the boxes that were given and the thin lines that were found.
    drift_left
        What the drift that is left in the table was found to be.
    drift_left_from
        Localizations that it was looked for with.
    drift_taken
        The curve that was taken out before, where its file lies beside the table; None where
        no drift was taken out.
    distributions
        Of each of `SHOWN_COLUMNS`.
    blinks_from
        Localizations that the blinks were told from.
    is_linked
        Whether rows are blinks already, not localizations.
    """

    frc: Frc | Untold
    frc_map: FrcMap | Untold
    nena: Nena | Untold
    bound: TypicalBound | Untold
    lines: tuple[LineProfile, ...] | Untold
    blinks: BlinkStatistics | Untold
    density: Density | Untold
    rate: EventRate | Untold
    grid: GridBias | Untold
    drift_left: FoundDrift | Untold
    drift_left_from: int
    drift_taken: DriftCurve | Untold | None
    distributions: tuple[tuple[ShownColumn, Distribution | Untold], ...]
    blinks_from: int
    is_linked: bool

    @property
    def reported_nm(self) -> float | None:
        """Median uncertainty that the table reports; None where it reports none."""
        for shown, spread in self.distributions:
            if shown.column == "uncertainty_nm" and not isinstance(spread, Untold):
                return spread.median
        return None

    @property
    def resolution_nm(self) -> float | None:
        """By Fourier ring correlation; None where it cannot be told."""
        return None if isinstance(self.frc, Untold) else self.frc.resolution_nm


def measure(table: TableAtHand, options: ReportOptions, listener: StepListener) -> Measurements:
    """Measure everything; what cannot be told does not keep the rest from it.

    Parameters
    ----------
    table
        Of `open_table`.
    options
        How.
    listener
        Told before each of `MEASURING_STEPS` steps.
    """
    steps = iter(_STEPS)
    listener(next(steps))
    distributions = tuple(
        (shown, told_or_why(partial(distribution, table, shown))) for shown in SHOWN_COLUMNS
    )
    bound = told_or_why(lambda: typical_bound(table))
    loaded = table.localizations()
    is_linked = bool({"on_frames", "detections"} & set(table.columns)) and _has_merged(table)
    listener(next(steps))
    rate = told_or_why(lambda: event_rate(loaded))
    listener(next(steps))
    some = _middle_frames(loaded, options.blink_localizations)
    blinks = told_or_why(lambda: blink_statistics(_not_linked(some, is_linked)))
    around = told_or_why(lambda: density(loaded))
    listener(next(steps))
    steps_told = told_or_why(lambda: nena(_not_linked(loaded, is_linked), options.nena))
    listener(next(steps))
    lines = told_or_why(lambda: line_profiles(loaded, options))
    listener(next(steps))
    grid = told_or_why(lambda: _grid(loaded))
    listener(next(steps))
    sample = _sample(loaded, options.drift_localizations, options.seed)
    left = told_or_why(lambda: find_drift(sample))
    listener(next(steps))
    whole = told_or_why(lambda: frc(loaded, options.frc))
    listener(next(steps))
    by_tile: FrcMap | Untold = Untold("Where the whole has no resolution, no part of it has.")
    if isinstance(whole, Frc):
        by_tile = told_or_why(lambda: _map(loaded, whole, options))
    return Measurements(
        frc=whole,
        frc_map=by_tile,
        nena=steps_told,
        bound=bound,
        lines=lines,
        blinks=blinks,
        density=around,
        rate=rate,
        grid=grid,
        drift_left=left,
        drift_left_from=len(sample),
        drift_taken=_drift_taken(table),
        distributions=distributions,
        blinks_from=len(some),
        is_linked=is_linked,
    )


def _has_merged(table: TableAtHand) -> bool:
    name = "on_frames" if "on_frames" in table.columns else "detections"
    highest = table.values(name).max()
    return isinstance(highest, int) and highest > 1


def _not_linked(table: Localizations, is_linked: bool) -> Localizations:
    if is_linked:
        raise TableError(
            "the localizations of a molecule are merged into one row here.",
            todo="Take the table from before linking.",
        )
    return table


def _grid(table: Localizations) -> GridBias:
    pixel_nm = table.metadata.pixel_size_nm
    if pixel_nm is None:
        raise TableError(
            "whether the grid of pixels shows takes the pixel size, which the table does not say.",
            todo="Give it with --pixel-size-nm.",
        )
    return grid_bias(table.data, pixel_size_nm=pixel_nm)


def _map(table: Localizations, whole: Frc, options: ReportOptions) -> FrcMap:
    # pixels that suit are known by now; fewer blocks cost a third and are enough for a tile
    chosen = options.frc.model_copy(
        update={"pixel_nm": whole.pixel_nm, "blocks": min(options.frc.blocks, _MAP_BLOCKS)}
    )
    return frc_map(table, chosen, field_nm=_mapped_field(table, whole))


def _mapped_field(table: Localizations, whole: Frc) -> FieldNm:
    """All of the field, or of one that would take minutes the part around its middle."""
    field = field_of_table(table)
    tile_nm = _TILE_RESOLUTIONS * whole.resolution_nm
    tiles = table.data.lazy().select((pl.col("x_nm", "y_nm") / tile_nm).floor().cast(pl.Int32))
    occupied = int(tiles.unique().select(pl.len()).collect(engine="streaming").item())
    if occupied * (tile_nm / whole.pixel_nm) ** 2 <= _MOST_MAPPED_PX:
        return field
    half_nm = 0.5 * math.sqrt(_MOST_MAPPED_PX) * whole.pixel_nm
    ends = []
    for name, (low, high) in zip(("x_nm", "y_nm"), (field[:2], field[2:]), strict=True):
        middle = float(np.median(table.column(name)))
        ends += [max(low, middle - half_nm), min(high, middle + half_nm)]
    return ends[0], ends[1], ends[2], ends[3]


def _middle_frames(table: Localizations, most: int) -> Localizations:
    """Consecutive frames from the middle of the movie with about ``most`` localizations."""
    if len(table) <= most:
        return table
    frame = table.column("frame")
    per_frame = np.bincount(frame)
    upto = np.cumsum(per_frame)
    start = int(np.searchsorted(upto, (len(table) - most) // 2))
    stop = max(int(np.searchsorted(upto, (len(table) + most) // 2)), start + 1)
    inside = (frame >= start) & (frame < stop)
    return Localizations(table.data.filter(inside), table.metadata)


def _sample(table: Localizations, most: int, seed: int) -> Localizations:
    if len(table) <= most:
        return table
    rows = np.sort(np.random.default_rng(seed).choice(len(table), most, replace=False))
    return Localizations(table.data[rows], table.metadata)


def _drift_taken(table: TableAtHand) -> DriftCurve | Untold | None:
    """The curve of the last correction in the history."""
    entries = [entry for entry in table.metadata.history if _DRIFT.match(entry)]
    if not entries:
        return None
    for beside in _curves_beside(table.path, entries[-1]):
        if beside.is_file():
            return told_or_why(partial(read_curve, beside))
    return Untold("The curve that was taken out does not lie beside the table any more.")


def _curves_beside(path: Path, entry: str) -> list[Path]:
    """Where it may be; of ``a.undrifted.linked.parquet`` the curve is that of ``a.undrifted``."""
    step = read_origin(entry)
    named = None if step is None else step.parameters.get("curve")
    places = [path.with_name(Path(named).name)] if isinstance(named, str) else []
    stem = path.stem
    while stem:
        places.append(path.with_name(f"{stem}.drift.csv"))
        stem = stem.rpartition(".")[0]
    return places
