"""Localizations per area and frame over time, and whether they are dense enough."""

import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.evaluate._tile_kernel import count_per_key, count_per_tile
from cellstorm.evaluate.blinks import blink_numbers
from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import FieldNm, field_of_table, refuse_few
from cellstorm.localizations import Localizations
from cellstorm.refine import Linking

__all__ = ["Density", "EventRate", "density", "event_rate"]

Vector = NDArray[np.float64]

_LEAST_LOCALIZATIONS = 20
_BINS = 50
_MOST_CELLS = 2**27
_STEADY = 0.2


@dataclass(frozen=True, eq=False)
class EventRate:
    """Localizations per area and frame, over time.

    Attributes
    ----------
    localizations, frames
        In the field, and frames from the first to the last (those analysed where the table
        tells).
    area_um2
        Of the field.
    per_um2_frame, per_frame
        Mean.
    first_fifth, last_fifth
        Mean per um2 and frame at the beginning and the end.
    empty_frames
        Frames without any.
    frame
        ``(bins + 1,)`` edges of the bins, in frames.
    time_s
        The same in seconds; NaN where the frame rate is unknown.
    rate_per_um2_frame, error_per_um2_frame
        ``(bins,)``, and standard errors from the spread of the frames of a bin.
    """

    localizations: int
    frames: int
    area_um2: float
    per_um2_frame: float
    per_frame: float
    first_fifth: float
    last_fifth: float
    empty_frames: int
    frame: NDArray[np.int64]
    time_s: Vector
    rate_per_um2_frame: Vector
    error_per_um2_frame: Vector

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        sentence = f"{self.per_um2_frame:.2g} localizations per µm² and frame"
        if not self.first_fifth > 0:
            return f"{sentence}, none in the first fifth of the movie"
        change = self.last_fifth / self.first_fifth - 1.0
        if abs(change) <= _STEADY:
            return f"{sentence}, steady from beginning to end"
        word = "fewer" if change < 0 else "more"
        return f"{sentence}; at the end {100 * abs(change):.0f} % {word} than at the beginning"

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "reading": self.reading})
        return result


@dataclass(frozen=True, eq=False)
class Density:
    """How densely the structure is covered, and the resolution that this allows.

    Attributes
    ----------
    localizations
        In the field.
    blinks_per_localization
        What a localization counts: under 1 where molecules are seen in several frames.
    field_per_um2
        Blinks over the area of the field, in all frames together.
    around_per_um2
        Median over the localizations of the density of blinks around them, in squares of
        ``cell_nm``: that of the structure, not of the empty ground.
    cell_nm
        Edge of the squares.
    nyquist_nm
        Finest detail that two samples each could carry: ``2 / sqrt(around_per_um2)``.
    wanted_nm
        What was asked for; NaN if nothing.
    """

    localizations: int
    blinks_per_localization: float
    field_per_um2: float
    around_per_um2: float
    cell_nm: float
    nyquist_nm: float
    wanted_nm: float

    @property
    def is_enough(self) -> bool | None:
        """Whether the density carries what was asked for; None if nothing was."""
        return self.nyquist_nm <= self.wanted_nm if math.isfinite(self.wanted_nm) else None

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        if not self.around_per_um2 > 0:
            return (
                f"most blinks have no other within squares of {self.cell_nm:g} nm: too few of"
                " them to carry any detail"
            )
        sentence = (
            f"{self.around_per_um2:.0f} blinks per µm² of structure carry details down to"
            f" {self.nyquist_nm:.0f} nm at best"
        )
        if self.is_enough is None:
            return sentence
        if self.is_enough:
            return f"{sentence}: enough for {self.wanted_nm:.0f} nm"
        times = (self.nyquist_nm / self.wanted_nm) ** 2
        return f"{sentence}: {self.wanted_nm:.0f} nm would take {times:.1f} times as many"

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain(
            {**asdict(self), "is_enough": self.is_enough, "reading": self.reading}
        )
        return result


def event_rate(
    table: Localizations, *, field_nm: FieldNm | None = None, bins: int = _BINS
) -> EventRate:
    """Localizations per area and frame over the movie (Diederich et al. 2019, Fig 3).

    Parameters
    ----------
    table
        In any order.
    field_nm
        ``(x0, x1, y0, y1)``; that of the table when None.
    bins
        Parts of the movie, of equally many frames.

    Raises
    ------
    TableError
        Fewer than 20 localizations.
    ValueError
        ``bins`` is under 1.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}, it must be 1 or more")
    refuse_few(len(table), _LEAST_LOCALIZATIONS, "rate of localizations")
    field = field_of_table(table) if field_nm is None else field_nm
    frame = table.column("frame")
    if field_nm is not None:
        x_nm, y_nm = table.column("x_nm"), table.column("y_nm")
        inside = (x_nm >= field[0]) & (x_nm < field[1]) & (y_nm >= field[2]) & (y_nm < field[3])
        frame = frame[inside]
        refuse_few(frame.size, _LEAST_LOCALIZATIONS, "rate of localizations")
    first, stop = int(frame.min()), int(frame.max()) + 1
    if table.metadata.frames is not None:
        first, stop = min(first, table.metadata.frames[0]), max(stop, table.metadata.frames[1])
    per_frame = np.zeros(stop - first, np.int64)
    count_per_key(frame, first, per_frame)
    area = (field[1] - field[0]) * (field[3] - field[2]) / 1e6
    fifth = max(1, per_frame.size // 5)
    edges = np.unique(np.linspace(0, per_frame.size, bins + 1).astype(np.int64))
    parts = [per_frame[a:b] for a, b in itertools.pairwise(edges)]
    rate_hz = None if table.metadata.movie is None else table.metadata.movie.frame_rate_hz
    return EventRate(
        localizations=frame.size,
        frames=per_frame.size,
        area_um2=area,
        per_um2_frame=float(per_frame.mean()) / area,
        per_frame=float(per_frame.mean()),
        first_fifth=float(per_frame[:fifth].mean()) / area,
        last_fifth=float(per_frame[-fifth:].mean()) / area,
        empty_frames=int((per_frame == 0).sum()),
        frame=edges + first,
        time_s=(edges + first) / rate_hz if rate_hz else np.full(edges.size, math.nan),
        rate_per_um2_frame=np.array([part.mean() for part in parts]) / area,
        error_per_um2_frame=np.array(
            [
                part.std(ddof=1) / math.sqrt(part.size) if part.size > 1 else math.nan
                for part in parts
            ]
        )
        / area,
    )


def density(
    table: Localizations,
    *,
    wanted_nm: float | None = None,
    cell_nm: float = 50.0,
    field_nm: FieldNm | None = None,
    linking: Linking | None = None,
) -> Density:
    """Density of the structure's sampling and its Nyquist limit (Shroff et al. 2008).

    A detail takes a sample every half of it: ``2 / density^(1/2)`` in the plane. Samples are
    blinks, not localizations: a molecule on over ten frames is one. The density is that around
    the localizations, a square's others over its area, for a field is mostly empty. The limit
    is necessary, not sufficient: random samples take some five times the density for a picture
    that can be trusted, which is what `frc` sees.

    Parameters
    ----------
    table
        In any order.
    wanted_nm
        Resolution to compare with.
    cell_nm
        Edge of the squares; of the size of the structure's finest parts.
    field_nm
        ``(x0, x1, y0, y1)``; that of the table when None.
    linking
        What is one blink; the defaults of `cellstorm.refine.Linking` when None.

    Raises
    ------
    TableError
        Fewer than 20 localizations; so large a field that its squares do not fit in memory;
        or no uncertainties and no radius to link blinks by.
    ValueError
        ``cell_nm`` or ``wanted_nm`` is not over 0.
    """
    if not cell_nm > 0 or (wanted_nm is not None and not wanted_nm > 0):
        raise ValueError("cell_nm and wanted_nm must be over 0")
    refuse_few(len(table), _LEAST_LOCALIZATIONS, "density")
    field = field_of_table(table) if field_nm is None else field_nm
    columns, rows = (max(1, math.ceil((field[k + 1] - field[k]) / cell_nm)) for k in (0, 2))
    if columns * rows > _MOST_CELLS:
        raise TableError(
            f"the field is {(field[1] - field[0]) / 1e3:.0f} by"
            f" {(field[3] - field[2]) / 1e3:.0f} um, too large for squares of {cell_nm:g} nm.",
            todo="Take larger squares, or give the field; are its positions in nm?",
        )
    inside = np.zeros(columns * rows, np.int64)
    count_per_tile(
        table.column("x_nm"),
        table.column("y_nm"),
        np.array([field[0], field[2]]),
        np.array([cell_nm, cell_nm]),
        columns,
        inside,
    )
    worth = (int(blink_numbers(table, linking).max()) + 1) / len(table)
    # weighted by the localizations in them; its own blink is no neighbour
    counts = np.sort(inside[inside > 0])
    median = counts[np.searchsorted(np.cumsum(counts), 0.5 * counts.sum())]
    around = max(float(median) * worth - 1.0, 0.0) / (cell_nm / 1e3) ** 2
    localizations = int(inside.sum())
    area_um2 = (field[1] - field[0]) * (field[3] - field[2]) / 1e6
    return Density(
        localizations=localizations,
        blinks_per_localization=worth,
        field_per_um2=localizations * worth / area_um2,
        around_per_um2=around,
        cell_nm=cell_nm,
        nyquist_nm=2e3 / math.sqrt(around) if around > 0 else math.inf,
        wanted_nm=math.nan if wanted_nm is None else wanted_nm,
    )
