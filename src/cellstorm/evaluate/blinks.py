"""Blinks: localizations of consecutive frames that belong together, and how long they last."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import refuse_few
from cellstorm.localizations import Localizations
from cellstorm.refine import Linking, estimate_dark_frames
from cellstorm.refine.association import Association
from cellstorm.refine.frame_blocks import frame_ranges, read_block

__all__ = ["BlinkStatistics", "blink_numbers", "blink_statistics", "usual_error_nm"]

_LEAST_LOCALIZATIONS = 20
_LONGEST_SHOWN = 50
_CROWDED = 0.2
_ROW = "__row"
_ERRORS = ("uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm")
_LEAST_FRAMES = 5


@dataclass(frozen=True, eq=False)
class BlinkStatistics:
    """How long and how often molecules are on.

    Attributes
    ----------
    localizations, blinks
        Rows, and what they were linked to.
    dark_frames
        Frames a molecule might be missing within a blink.
    localizations_per_blink
        Mean.
    on_frames, on_frames_error
        Mean number of frames from first to last localization of a blink, and its standard
        error.
    on_s
        The same in seconds; NaN where the frame rate is unknown.
    decay_frames
        Time constant of switching off: each frame a share ``1 - exp(-1 / decay)`` of those
        that are on does not come again. NaN where all blinks last one frame.
    chance_share
        Links that come about with the frames in random order, over those there are: how many
        are by chance; NaN for a table of under five frames or without links.
    frames_on, blinks_on
        ``(n,)``: lengths in frames, and how many blinks had them; the last one holds all
        longer ones.
    """

    localizations: int
    blinks: int
    dark_frames: int
    localizations_per_blink: float
    on_frames: float
    on_frames_error: float
    on_s: float
    decay_frames: float
    chance_share: float
    frames_on: NDArray[np.int64]
    blinks_on: NDArray[np.int64]

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        seconds = f" ({self.on_s:.2g} s)" if math.isfinite(self.on_s) else ""
        sentence = (
            f"{self.blinks} blinks of {self.on_frames:.2f} ± {self.on_frames_error:.2f}"
            f" frames{seconds}, {self.localizations_per_blink:.2f} localizations each"
        )
        if self.chance_share > _CROWDED:
            return (
                f"{sentence}; {100 * self.chance_share:.0f} % of the links are by chance:"
                " too crowded to tell"
            )
        return sentence

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "reading": self.reading})
        return result


def usual_error_nm(table: Localizations) -> float:
    """Median standard error of an axis as the table reports it; NaN where it does not."""
    for names in (("uncertainty_nm",), ("uncertainty_x_nm", "uncertainty_y_nm")):
        if all(name in table.columns for name in names):
            medians = [table.data[name].drop_nans().median() for name in names]
            known = [float(m) for m in medians if isinstance(m, int | float) and m > 0]
            if known:
                return sum(known) / len(known)
    return math.nan


def blink_numbers(table: Localizations, linking: Linking | None = None) -> NDArray[np.uint32]:
    """Number of the blink that each localization belongs to, ``(n,)`` uint32 from 0.

    As `cellstorm.refine.link_localizations` joins them, but nothing is merged. Needs four
    bytes a row and some blocks of a million rows besides the table.

    Raises
    ------
    TableError
        No radius is given and the table has no uncertainties.
    """
    return _linked(_rows(table), len(table), *_with_dark_frames(table, linking))[0]


def blink_statistics(table: Localizations, linking: Linking | None = None) -> BlinkStatistics:
    """Link localizations of consecutive frames and measure how long molecules are on.

    The mean is that of what was localized: a molecule that is on for 1.2 frames touches two
    or three. A frame in which it was missed ends the blink unless dark frames are allowed.

    Parameters
    ----------
    table
        Not yet linked.
    linking
        What is one blink; the defaults of `cellstorm.refine.Linking` when None.

    Raises
    ------
    TableError
        Fewer than 20 localizations; or no radius is given and the table has no
        uncertainties.
    """
    refuse_few(len(table), _LEAST_LOCALIZATIONS, "length of the blinks")
    linking, dark_frames = _with_dark_frames(table, linking)
    rows = _rows(table)
    label, blinks = _linked(rows, len(table), linking, dark_frames)
    frame = table.column("frame")
    first = np.full(blinks, np.iinfo(np.uint32).max, np.uint32)
    last = np.zeros(blinks, np.uint32)
    np.minimum.at(first, label, frame)
    np.maximum.at(last, label, frame)
    length = last.astype(np.int64) - first + 1
    mean = float(length.mean())
    # those on in the last frame are cut off; too few to matter where the movie is long
    going_on = 1.0 - 1.0 / mean
    histogram = np.bincount(np.minimum(length, _LONGEST_SHOWN), minlength=2)[1:]
    rate_hz = None if table.metadata.movie is None else table.metadata.movie.frame_rate_hz
    # the order is as good as any other; one seed keeps the figure the same
    start = int(frame.min())
    order = np.random.default_rng(0).permutation(int(frame.max()) - start + 1).astype(np.uint32)
    links = len(table) - blinks
    by_chance = math.nan
    if links and order.size >= _LEAST_FRAMES:
        mixed = rows.with_columns(frame=pl.Series("frame", order[frame - start]))
        by_chance = min(
            1.0, (len(table) - _linked(mixed, len(table), linking, dark_frames)[1]) / links
        )
    return BlinkStatistics(
        localizations=len(table),
        blinks=blinks,
        dark_frames=dark_frames,
        localizations_per_blink=len(table) / blinks,
        on_frames=mean,
        on_frames_error=float(length.std() / math.sqrt(blinks)),
        on_s=mean / rate_hz if rate_hz else math.nan,
        decay_frames=-1.0 / math.log(going_on) if 0.0 < going_on < 1.0 else math.nan,
        chance_share=by_chance,
        frames_on=np.arange(1, histogram.size + 1),
        blinks_on=histogram,
    )


def _rows(table: Localizations) -> pl.LazyFrame:
    """What linking looks at, and the number of the row."""
    errors = [name for name in table.columns if name in _ERRORS]
    return table.data.lazy().select("frame", "x_nm", "y_nm", *errors).with_row_index(_ROW)


def _with_dark_frames(table: Localizations, linking: Linking | None) -> tuple[Linking, int]:
    linking = Linking() if linking is None else linking
    if linking.dark_frames is not None:
        return linking, linking.dark_frames
    return linking, estimate_dark_frames(_rows(table), linking).dark_frames


def _linked(
    rows: pl.LazyFrame, count: int, linking: Linking, dark_frames: int
) -> tuple[NDArray[np.uint32], int]:
    """Number of the blink of each row, and how many there are."""
    association = Association(linking, dark_frames)
    label = np.zeros(count, np.uint32)
    for frames in frame_ranges(rows):
        block = read_block(rows, frames)
        label[block[_ROW].to_numpy()] = association(block)
    return label, association.molecules
