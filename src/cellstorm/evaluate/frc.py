"""Fourier ring correlation: down to which length two halves of a table show the same."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from cellstorm.errors import TableError
from cellstorm.evaluate._tile_kernel import count_per_key
from cellstorm.evaluate.blinks import blink_numbers, usual_error_nm
from cellstorm.evaluate.frc_curve import (
    THRESHOLDS,
    SplitName,
    ThresholdName,
    crossings,
    odd_even_curves,
    random_half_curves,
    smoothed,
    threshold_curve,
)
from cellstorm.evaluate.frc_limit import Limit, improved_nm, limit_of
from cellstorm.evaluate.frc_options import (
    FEWEST_BLOCKS,
    FEWEST_SMOOTHED,
    FrcOptions,
    smoothing_span,
)
from cellstorm.evaluate.frc_sums import Groups, RingSums, TileListener, Tiling, ring_sums
from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import FieldNm, field_of_table, refuse_few
from cellstorm.localizations import Localizations

__all__ = ["Frc", "curves_of", "downward", "frc", "groups_of", "is_beyond_chance"]

Vector = NDArray[np.float64]

_LEAST_LOCALIZATIONS = 200
_FIRST_PIXEL_NM, _LEAST_PIXEL_NM = 20.0, 0.5
# a histogram's pixel of R / 8 weakens the correlation at R by 5 %, one of R / 10 by 3 %
_PIXELS_PER_RESOLUTION, _FEWEST_PIXELS_PER_RESOLUTION = 10.0, 8.0
# in the search for a pixel
_TILES_TO_TRY = 4
# rings next to zero frequency have so few values that even full agreement would say little
_FIRST_RING, _TELLING = 2, 0.5
_LEVEL = 0.95
_SLOPE_REACH = 0.2
_CHANCE_ERRORS = 4.0
# without drift the ratio scatters about 1
_FADED = 0.75


@dataclass(frozen=True, eq=False)
class Frc:
    """A Fourier ring correlation.

    Attributes
    ----------
    resolution_nm
        One over the frequency at which the smoothed curve first falls under the threshold.
    error_nm, low_nm, high_nm
        Its standard error and 95 % interval, from leaving out one block after the other
        (jackknife); NaN where the curve is flat. They hold for other frames of the same
        sample.
    threshold, split
        As in the options.
    localizations, frames
        Rows in the tiles looked at, and frames from the first to the last.
    blocks, block_frames
        How many parts, and how many frames the shortest has (0 for linked blinks).
    pixel_nm
        Of the histograms.
    precision_nm
        Standard error of a position that was taken; NaN if unknown.
    four_times_the_molecules_nm, half_the_error_nm
        What the resolution would be with four times as many molecules, and with positions
        twice as exact (four times the light); NaN if the precision is unknown.
    limit
        Which of the two would gain more: ``"molecules"``, ``"precision"``, ``"both"`` alike,
        or ``"unknown"``.
    by_threshold_nm
        Resolution by each threshold, by its name; NaN where the curve does not cross it.
    late_over_early
        Correlation of blocks half a movie or more apart over that of blocks near in time:
        under 1 with drift, or where molecules come back for a while. NaN for other splits.
    crossings
        How often the curve crosses the threshold downwards; over 1 it comes back.
    frequency_per_nm, curve, smoothed_curve, threshold_curve
        ``(rings,)``.
    """

    resolution_nm: float
    error_nm: float
    low_nm: float
    high_nm: float
    threshold: ThresholdName
    split: SplitName
    localizations: int
    frames: int
    blocks: int
    block_frames: int
    pixel_nm: float
    precision_nm: float
    four_times_the_molecules_nm: float
    half_the_error_nm: float
    limit: Limit
    by_threshold_nm: dict[str, float]
    late_over_early: float
    crossings: int
    frequency_per_nm: Vector
    curve: Vector
    smoothed_curve: Vector
    threshold_curve: Vector

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        error = f" ± {self.error_nm:.2g}" if math.isfinite(self.error_nm) else ""
        value = f"resolution {_three_digits(self.resolution_nm)} nm{error}"
        more, sharper = (
            _three_digits(v) for v in (self.four_times_the_molecules_nm, self.half_the_error_nm)
        )
        told = {
            "molecules": ": limited by too few molecules, not by precision"
            f" (four times as many would give {more} nm)",
            "precision": ": limited by precision, not by too few molecules"
            f" (half the error would give {sharper} nm)",
            "both": ": limited by precision and by the number of molecules alike"
            f" (half the error would give {sharper} nm, four times as many molecules {more} nm)",
            "unknown": "",
        }[self.limit]
        if self.split == "odd-even":
            return f"{value}, or worse: odd and even frames share molecules"
        if self.late_over_early < _FADED:
            share = f"{100 * max(self.late_over_early, 0.0):.0f} %"
            told = (
                ": held back by drift, or flattered by molecules that come back: parts of the"
                f" movie far apart in time agree {share} as well as near ones"
            )
        return value + told

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "reading": self.reading})
        return result


def frc(
    table: Localizations,
    options: FrcOptions | None = None,
    *,
    field_nm: FieldNm | None = None,
    on_tile: TileListener | None = None,
) -> Frc:
    """Resolution of a table by Fourier ring correlation.

    Nieuwenhuizen et al. 2013 and Banterle et al. 2013: histograms of two halves, faded out at
    the edges, are transformed; the products of their spectra, summed over rings of equal
    frequency, over the root of the products with themselves are 1 where both show the same.

    Localizations of a molecule that is on over several frames are near each other wherever the
    structure is. In both halves they correlate them down to the precision of a position,
    whatever the structure. So the halves are made of 20 blocks of consecutive frames with
    equally many localizations; the curve is the mean over all ways to halve them, and
    neighbouring blocks are not compared, for the same molecule may be in both. Molecules that
    come back after a block or more still count as structure, as do those of DNA-PAINT.

    Large fields are cut into tiles and the products summed; of more than 24 tiles so many are
    drawn at random. Besides the table it needs four
    bytes a row and the spectra of a tile, some 300 MB with the usual options.

    Parameters
    ----------
    table
        Anywhere in it, in any order.
    options
        The defaults of `FrcOptions` when None.
    field_nm
        ``(x0, x1, y0, y1)``; that of the table when None.
    on_tile
        Called with the tiles done and those there are; it begins anew with every pixel tried.

    Raises
    ------
    TableError
        Fewer than 200 localizations or 12 frames; a curve that is under the threshold from
        the beginning, or never.
    ConfigurationError
        Options out of range.
    """
    options = FrcOptions() if options is None else options
    field_nm = field_of_table(table) if field_nm is None else field_nm
    refuse_few(len(table), _LEAST_LOCALIZATIONS, "resolution")
    groups, blocks, block_frames = groups_of(table, options)
    pixel_nm, sums = _suitable_sums(table, groups, options, field_nm, on_tile)
    curve, left_out = curves_of(sums, options.split)
    span = smoothing_span(options, curve.size)
    smooth = smoothed(curve, span)
    threshold = threshold_curve(options.threshold, sums.pixels)
    found = _told(sums.frequency_per_nm, smooth, threshold)
    if not is_beyond_chance(sums.frequency_per_nm, curve, left_out, found[0]):
        raise _no_agreement(sums.frequency_per_nm)
    resolution = 1.0 / float(found[0])
    error = _error_nm(sums.frequency_per_nm, smooth - threshold, smoothed(left_out, span), found[0])
    # blocks are few: the interval is that of Student's t
    reach = float(stdtrit(left_out.shape[0] - 1, 0.5 + _LEVEL / 2)) * error
    precision = usual_error_nm(table) if options.precision_nm is None else options.precision_nm
    more, sharper = improved_nm(sums.frequency_per_nm, smooth, found[0], precision)
    frame = table.column("frame")
    return Frc(
        resolution_nm=resolution,
        error_nm=error,
        low_nm=resolution - reach,
        high_nm=resolution + reach,
        threshold=options.threshold,
        split=options.split,
        localizations=sums.localizations,
        frames=int(frame.max()) - int(frame.min()) + 1,
        blocks=blocks,
        block_frames=block_frames,
        pixel_nm=pixel_nm,
        precision_nm=precision,
        four_times_the_molecules_nm=more,
        half_the_error_nm=sharper,
        limit=limit_of(more, sharper),
        by_threshold_nm=_by_threshold_nm(sums, smooth),
        late_over_early=_late_over_early(sums, found[0]) if options.split == "blocks" else math.nan,
        crossings=found.size,
        frequency_per_nm=sums.frequency_per_nm,
        curve=curve,
        smoothed_curve=smooth,
        threshold_curve=threshold,
    )


def groups_of(table: Localizations, options: FrcOptions) -> tuple[Groups, int, int]:
    """Deal the localizations; also the blocks there are, and the frames of the shortest.

    Raises
    ------
    TableError
        Too few frames.
    """
    if options.split == "linked":
        number = blink_numbers(table, options.linking)
        random = np.random.default_rng(options.seed)
        dealt = random.integers(0, options.blocks, int(number.max()) + 1, dtype=np.int16)
        return Groups(number, 0, dealt, options.blocks), options.blocks, 0
    frame = table.column("frame")
    first, last = int(frame.min()), int(frame.max())
    per_frame = np.zeros(last - first + 1, np.int64)
    count_per_key(frame, first, per_frame)
    lit = int((per_frame > 0).sum())
    if lit < 2 * FEWEST_BLOCKS:
        raise TableError(
            f"its localizations come from {lit} frames; halves that share no molecule take"
            f" {2 * FEWEST_BLOCKS} or more.",
            todo="Localize more frames.",
        )
    # two groups a block cost four times the time
    wanted = options.blocks if options.split == "blocks" else max(options.blocks // 2, 3)
    blocks = min(wanted, lit // 2)
    # by localizations, not by frames: bleaching must not make halves unlike
    before = np.cumsum(per_frame) - 0.5 * per_frame
    block = np.minimum(before * blocks / per_frame.sum(), blocks - 1).astype(np.int16)
    shortest = int(np.bincount(block, minlength=blocks).min())
    if options.split == "blocks":
        return Groups(frame, first, block, blocks), blocks, shortest
    parity = (np.arange(block.size) % 2).astype(np.int16)
    return Groups(frame, first, 2 * block + parity, 2 * blocks), blocks, shortest


def curves_of(sums: RingSums, split: SplitName) -> tuple[Vector, NDArray[np.float64]]:
    """The curve, ``(rings,)``, and ``(blocks, rings)``, without one of the blocks each."""
    if split == "odd-even":
        return odd_even_curves(sums.products)
    return random_half_curves(sums.products, apart=2 if split == "blocks" else 1)


def _suitable_sums(
    table: Localizations,
    groups: Groups,
    options: FrcOptions,
    field_nm: FieldNm,
    on_tile: TileListener | None,
) -> tuple[float, RingSums]:
    """With the pixel asked for, or with finer ones until they suit the resolution."""
    x_nm, y_nm = table.column("x_nm"), table.column("y_nm")

    def sums_with(pixel_nm: float, most: int) -> tuple[RingSums, bool]:
        tiling = Tiling.of(field_nm, pixel_nm, options.tile_px * pixel_nm)
        sums = ring_sums(x_nm, y_nm, groups, tiling, most=most, seed=options.seed, on_tile=on_tile)
        return sums, most >= min(options.most_tiles, tiling.columns * tiling.rows)

    pixel_nm = _FIRST_PIXEL_NM if options.pixel_nm is None else options.pixel_nm
    is_final = options.pixel_nm is not None
    while not is_final:
        sums, is_all = sums_with(pixel_nm, min(_TILES_TO_TRY, options.most_tiles))
        finer = _finer_pixel_nm(sums, pixel_nm, options)
        if finer is None and is_all:
            return pixel_nm, sums
        is_final = finer is None or finer < _LEAST_PIXEL_NM
        pixel_nm = pixel_nm if finer is None else max(finer, _LEAST_PIXEL_NM)
    sums, _ = sums_with(pixel_nm, options.most_tiles)
    if sums.frequency_per_nm.size <= FEWEST_SMOOTHED:
        width_nm = min(field_nm[1] - field_nm[0], field_nm[3] - field_nm[2])
        raise TableError(
            f"the resolution cannot be told: the field is only {width_nm:.3g} nm wide, with"
            f" pixels of {pixel_nm:g} nm.",
            todo="Take a larger field, or smaller pixels; are the positions in nm?",
        )
    return pixel_nm, sums


def _finer_pixel_nm(sums: RingSums, pixel_nm: float, options: FrcOptions) -> float | None:
    """A pixel that would suit better; None where this one will do."""
    if sums.frequency_per_nm.size <= FEWEST_SMOOTHED:
        return pixel_nm / 4.0
    curve, _ = curves_of(sums, options.split)
    smooth = smoothed(curve, smoothing_span(options, curve.size))
    threshold = threshold_curve(options.threshold, sums.pixels)
    found = downward(sums.frequency_per_nm, smooth, threshold)
    if found.size:
        if pixel_nm * _FEWEST_PIXELS_PER_RESOLUTION * found[0] <= 1.0:
            return None
        return min(1.0 / float(found[0]) / _PIXELS_PER_RESOLUTION, 0.8 * pixel_nm)
    return pixel_nm / 2.5 if smooth[-1] > threshold[-1] else None


def downward(frequency: Vector, curve: Vector, threshold: Vector) -> Vector:
    """Frequencies of the crossings, beginning where there are rings enough to tell."""
    first = max(_FIRST_RING, int(np.argmax(threshold < _TELLING)))
    return crossings(frequency[first:], curve[first:], threshold[first:])


def _told(frequency: Vector, curve: Vector, threshold: Vector) -> Vector:
    """The crossings; a refusal where there are none that can be believed."""
    found = downward(frequency, curve, threshold)
    if found.size:
        return found
    if curve[-1] > threshold[-1]:
        raise TableError(
            "the resolution cannot be told: its halves still agree at"
            f" {1.0 / frequency[-1]:.2g} nm, the curve never falls under the threshold.",
            todo="Look for rows that are there twice, for positions rounded to a grid, or take"
            " smaller pixels.",
        )
    raise _no_agreement(frequency)


def _no_agreement(frequency: Vector) -> TableError:
    return TableError(
        "the resolution cannot be told: its halves agree no better than chance at any length up"
        f" to {1.0 / frequency[_FIRST_RING]:.0f} nm.",
        todo="Localize more frames: there are too few molecules, or they show no structure.",
    )


def is_beyond_chance(
    frequency: Vector, curve: Vector, left_out: NDArray[np.float64], crossing: float
) -> bool:
    """Whether the correlation up to the crossing is more than a ripple of an empty curve."""
    upto = frequency <= crossing
    spread = math.sqrt((left_out.shape[0] - 1) * float(left_out[:, upto].mean(axis=1).var()))
    return float(curve[upto].mean()) > _CHANCE_ERRORS * spread


def _by_threshold_nm(sums: RingSums, smooth: Vector) -> dict[str, float]:
    result: dict[str, float] = {}
    for name in THRESHOLDS:
        threshold = threshold_curve(name, sums.pixels)
        found = downward(sums.frequency_per_nm, smooth, threshold)
        result[name] = 1.0 / float(found[0]) if found.size else math.nan
    return result


def _error_nm(
    frequency: Vector, excess: Vector, left_out: NDArray[np.float64], crossing: float
) -> float:
    """Jackknife error of the curve at the crossing, over its slope there.

    Where single curves cross depends on their ripples; the slope over a fifth of the frequency
    to either side does not. ``excess`` is curve minus threshold.
    """
    count = left_out.shape[0]
    at_crossing = [np.interp(crossing, frequency, curve) for curve in left_out]
    height = math.sqrt((count - 1) * float(np.var(at_crossing)))
    near = np.abs(frequency - crossing) <= _SLOPE_REACH * crossing
    if near.sum() < 3:
        return math.nan
    slope = float(np.polyfit(frequency[near], excess[near], 1)[0])
    return float(height / -slope / crossing**2) if slope < 0 else math.nan


def _late_over_early(sums: RingSums, crossing: float) -> float:
    groups = sums.products.shape[1]
    near = (sums.frequency_per_nm > 0.4 * crossing) & (sums.frequency_per_nm <= crossing)
    together = sums.products[near].sum(axis=0)
    number = np.arange(groups)
    distance = np.abs(number[:, None] - number[None, :])
    early = together[(distance >= 2) & (distance <= max(2, groups // 4))].mean()
    late = together[distance >= groups // 2].mean()
    return float(late / early) if early > 0 else math.nan


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
