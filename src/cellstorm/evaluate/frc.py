"""Fourier ring correlation: down to which length two halves of a table show the same."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import brentq
from scipy.special import stdtrit

from cellstorm.errors import TableError
from cellstorm.evaluate._tile_kernel import count_per_key
from cellstorm.evaluate.blinks import blink_numbers, usual_error_nm
from cellstorm.evaluate.frc_curve import (
    SplitName,
    ThresholdName,
    crossings,
    odd_even_curves,
    random_half_curves,
    smoothed,
    threshold_curve,
)
from cellstorm.evaluate.frc_sums import Groups, RingSums, Tiling, ring_sums
from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import FieldNm, field_of_table, refuse_few
from cellstorm.localizations import Localizations
from cellstorm.parameters import Parameters
from cellstorm.refine import Linking

__all__ = ["Frc", "FrcOptions", "frc"]

Vector = NDArray[np.float64]
Limit = Literal["molecules", "precision", "both", "unknown"]

_LEAST_LOCALIZATIONS = 200
_FEWEST_BLOCKS = 6
_FIRST_PIXEL_NM, _LEAST_PIXEL_NM = 20.0, 0.5
# a histogram's pixel of R / 8 weakens the correlation at R by 5 %, one of R / 10 by 3 %
_PIXELS_PER_RESOLUTION, _FEWEST_PIXELS_PER_RESOLUTION = 10.0, 8.0
_FEWEST_SMOOTHED = 5
# rings next to zero frequency have so few values that even full agreement would say little
_FIRST_RING, _TELLING = 2, 0.5
_LEVEL = 0.95
_SLOPE_REACH = 0.2
# without drift the ratio scatters about 1
_FADED = 0.75
# a limit is named where removing it gains this much more than removing the other
_CLEARLY = 1.1


class FrcOptions(Parameters):
    """How a Fourier ring correlation is made."""

    threshold: ThresholdName = Field("1/7", description="where the curve stops telling")
    split: SplitName = Field(
        "blocks",
        description="what is dealt into halves: blocks of frames; linked blinks; or odd and even"
        " frames, which is too optimistic where molecules are on for more than one",
    )
    blocks: int = Field(20, ge=_FEWEST_BLOCKS, le=200, description="parts the table is cut into")
    pixel_nm: float | None = Field(
        None,
        ge=0.1,
        le=1000,
        allow_inf_nan=False,
        description="pixel of the histograms, nm; None: a tenth of the resolution found",
    )
    tile_px: int = Field(
        1024, ge=64, le=8192, description="largest tile of the field transformed at once, px"
    )
    most_tiles: int = Field(
        64, ge=1, description="of more tiles with localizations so many are drawn at random"
    )
    smoothing: float = Field(
        0.05, ge=0, le=0.5, description="share of the curve that a smoothed value is made of"
    )
    precision_nm: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="standard error of a position, nm, to say what limits the resolution;"
        " None: the median of the table's uncertainties",
    )
    linking: Linking = Field(
        Linking(), description="what one blink is, for the split by linked blinks"
    )
    seed: int = Field(0, ge=0, description="draws tiles, and deals linked blinks into groups")


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
    table: Localizations, options: FrcOptions | None = None, *, field_nm: FieldNm | None = None
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

    Large fields are cut into tiles and the products summed; of more than 64 tiles so many are
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
    pixel_nm, sums = _suitable_sums(table, groups, options, field_nm)
    curve, left_out = curves_of(sums, options.split)
    span = smoothing_span(options, curve.size)
    smooth = smoothed(curve, span)
    threshold = threshold_curve(options.threshold, sums.pixels)
    found = _told(sums.frequency_per_nm, smooth, threshold)
    resolution = 1.0 / found[0]
    error = _error_nm(sums.frequency_per_nm, smooth - threshold, smoothed(left_out, span), found[0])
    # blocks are few: the interval is that of Student's t
    reach = float(stdtrit(left_out.shape[0] - 1, 0.5 + _LEVEL / 2)) * error
    precision = usual_error_nm(table) if options.precision_nm is None else options.precision_nm
    more, sharper = _improved(sums.frequency_per_nm, smooth, found[0], precision)
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
        limit=_limit(more, sharper),
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
    if lit < 2 * _FEWEST_BLOCKS:
        raise TableError(
            f"its localizations come from {lit} frames; halves that share no molecule take"
            f" {2 * _FEWEST_BLOCKS} or more.",
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


def smoothing_span(options: FrcOptions, rings: int) -> int:
    """Rings that a smoothed value is made of; odd."""
    return max(_FEWEST_SMOOTHED, round(options.smoothing * rings)) // 2 * 2 + 1


def _suitable_sums(
    table: Localizations, groups: Groups, options: FrcOptions, field_nm: FieldNm
) -> tuple[float, RingSums]:
    """With the pixel asked for, or with finer ones until they suit the resolution."""
    x_nm, y_nm = table.column("x_nm"), table.column("y_nm")
    pixel_nm = _FIRST_PIXEL_NM if options.pixel_nm is None else options.pixel_nm
    while True:
        tiling = Tiling.of(field_nm, pixel_nm, options.tile_px * pixel_nm)
        sums = ring_sums(x_nm, y_nm, groups, tiling, most=options.most_tiles, seed=options.seed)
        if sums.frequency_per_nm.size <= _FEWEST_SMOOTHED:
            if options.pixel_nm is not None:
                raise TableError(
                    f"its field is only {min(tiling.shape_px)} pixels of {pixel_nm:g} nm wide.",
                    todo="Take smaller pixels, or a larger field.",
                )
            pixel_nm /= 4.0
            continue
        if options.pixel_nm is not None:
            return pixel_nm, sums
        curve, _ = curves_of(sums, options.split)
        smooth = smoothed(curve, smoothing_span(options, curve.size))
        threshold = threshold_curve(options.threshold, sums.pixels)
        found = downward(sums.frequency_per_nm, smooth, threshold)
        if found.size:
            resolution_nm = 1.0 / found[0]
            if pixel_nm * _FEWEST_PIXELS_PER_RESOLUTION <= resolution_nm:
                return pixel_nm, sums
            pixel_nm = min(resolution_nm / _PIXELS_PER_RESOLUTION, 0.8 * pixel_nm)
        elif (smooth > threshold).all():
            pixel_nm /= 2.5
        else:
            return pixel_nm, sums
        if pixel_nm < _LEAST_PIXEL_NM:
            return tiling.pixel_nm, sums


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
    raise TableError(
        "the resolution cannot be told: its halves agree no better than chance at any length up"
        f" to {1.0 / frequency[_FIRST_RING]:.0f} nm.",
        todo="Localize more frames: there are too few molecules, or they show no structure.",
    )


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
    return height / -slope / crossing**2 if slope < 0 else math.nan


def _improved(
    frequency: Vector, curve: Vector, crossing: float, precision_nm: float
) -> tuple[float, float]:
    """Resolution with four times the molecules, and with half the error.

    The correlation is S / (1 + S) with ``S = n |structure(q)|^2 exp(-4 pi^2 sigma^2 q^2)``
    for n molecules; near the crossing the structure's part is taken as a power of q.
    """
    if not math.isfinite(precision_nm):
        return math.nan, math.nan
    blur = 4.0 * (math.pi * precision_nm) ** 2
    near = (frequency > 0.5 * crossing) & (frequency <= crossing) & (curve > 0) & (curve < 0.99)
    power = 0.0
    if near.sum() >= 3:
        signal = np.log(curve[near] / (1.0 - curve[near])) + blur * frequency[near] ** 2
        power = -float(np.polyfit(np.log(frequency[near]), signal, 1)[0])
    power = min(max(power, 0.0), 6.0)

    def resolution(gain: float, blur_then: float) -> float:
        def lost(q: float) -> float:
            then = power * math.log(q / crossing) + blur_then * q**2 - blur * crossing**2
            return then - math.log(gain)

        highest = crossing
        while lost(highest) < 0 and highest < 100.0 * crossing:
            highest *= 2.0
        if lost(crossing) >= 0:
            return 1.0 / crossing
        if lost(highest) < 0:
            return 1.0 / highest
        return 1.0 / float(brentq(lost, crossing, highest))

    return resolution(4.0, blur), resolution(1.0, 0.25 * blur)


def _limit(more_nm: float, sharper_nm: float) -> Limit:
    if not (math.isfinite(more_nm) and math.isfinite(sharper_nm)):
        return "unknown"
    if sharper_nm > _CLEARLY * more_nm:
        return "molecules"
    return "precision" if more_nm > _CLEARLY * sharper_nm else "both"


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
