"""Does the pixel grid or the codec's block grid show in the positions?"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from cellstorm.evaluate.bias_field import BiasField, bias_field
from cellstorm.evaluate.pairs import ScoreOptions, pair_up, positions
from cellstorm.evaluate.plain_numbers import plain

__all__ = ["PERIODS_PX", "GridBias", "PhaseHistogram", "grid_bias"]

PERIODS_PX = (1, 4, 8, 16)
"""A pixel, and the transform blocks and macroblocks of H.264 and its kin."""

Vector = NDArray[np.float64]

_BLOCK_PX = PERIODS_PX[-1]
_BINS_PER_PX = {1: 10, 4: 1, 8: 1, 16: 1}
_MOST_NEIGHBOURS = 6
_LEAST_LOCALIZATIONS = 20


@dataclass(frozen=True)
class PhaseHistogram:
    """Where localizations lie within a period of the grid, along one axis.

    Attributes
    ----------
    axis, period_px
        ``"x"`` or ``"y"``, and the period.
    counts, expected
        ``(bins,)`` localizations, and how many there would be without a grid: the same in
        all, or as the truth lies. Tenths of a pixel for a period of one pixel, else whole
        pixels, in which nothing that repeats from pixel to pixel shows.
    chi2, degrees_of_freedom
        Pearson's sum of squares, as if all localizations were independent.
    overdispersion
        How many times larger it is at periods near these, where no grid is: localizations
        of one molecule and of one structure are not independent.
    p_value
        Chance of a sum like this without a grid, overdispersion considered.
    amplitude
        Of the period's fundamental in the density, relative to the mean.
    amplitude_elsewhere
        Root mean square of the same at periods near this one: what is nothing.
    peak_to_trough
        Largest minus smallest of ``counts / expected``.
    """

    axis: str
    period_px: int
    counts: NDArray[np.int64]
    expected: Vector
    chi2: float
    degrees_of_freedom: int
    overdispersion: float
    p_value: float
    amplitude: float
    amplitude_elsewhere: float
    peak_to_trough: float


@dataclass(frozen=True)
class GridBias:
    """How much of a grid there is in a table.

    Attributes
    ----------
    localizations
        Rows looked at.
    pairs
        Of those, with a true partner; 0 without truth.
    pixel_size_nm
        Edge of a pixel.
    histograms
        For x and y, each modulo 1, 4, 8 and 16 px.
    fields
        With truth, the bias against the phase modulo 1, 4, 8 and 16 px.
    """

    localizations: int
    pairs: int
    pixel_size_nm: float
    histograms: tuple[PhaseHistogram, ...]
    fields: tuple[BiasField, ...]

    @property
    def p_value(self) -> float:
        """Smallest of the histograms, times their number (Bonferroni); at most 1."""
        values = [h.p_value for h in self.histograms if math.isfinite(h.p_value)]
        return min(1.0, len(values) * min(values)) if values else math.nan

    @property
    def strongest(self) -> PhaseHistogram:
        """The block grid's histogram (4, 8, 16 px) with the largest amplitude."""
        blocks = [h for h in self.histograms if h.period_px > 1]
        return max(blocks, key=lambda h: h.amplitude if math.isfinite(h.amplitude) else -1.0)

    def histogram(self, axis: str, period_px: int) -> PhaseHistogram:
        """The one of an axis and a period."""
        for histogram in self.histograms:
            if (histogram.axis, histogram.period_px) == (axis, period_px):
                return histogram
        raise KeyError(f"no histogram of {axis} modulo {period_px} px")

    def field(self, period_px: int) -> BiasField:
        """The bias against the phase of one period."""
        for field in self.fields:
            if field.period_px == period_px:
                return field
        raise KeyError(f"no bias field modulo {period_px} px; that needs the truth")

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "p_value": self.p_value})
        return result


def grid_bias(
    found: pl.DataFrame,
    *,
    pixel_size_nm: float,
    truth: pl.DataFrame | None = None,
    radius_nm: float = 250.0,
) -> GridBias:
    """Look for the pixel grid and the 4, 8 and 16 px grids of video codecs.

    **Histograms.** A chi-square test takes localizations as independent; they are not: a
    molecule is seen in several frames, a filament in thousands of places along a line,
    and any structure lies somehow on any grid. The sum of squares of a histogram of
    period P is the sum of the spectrum of the positions at the frequencies 1/P, 2/P, ...
    (Parseval). A structure that knows nothing of the grid has as much there as at the
    frequencies beside them; a grid has a sharp line. So each line is divided by the mean
    of up to twelve frequencies beside it, none of which belongs to a grid (an F test
    with 2 and 2 m degrees of freedom; for many independent positions it becomes the
    chi-square test), and the lines' p-values are combined (Fisher 1932). A real structure
    with exactly such a period (lines 400 nm apart at 100 nm pixels) cannot be told from a
    grid without its truth.

    With truth the histograms are compared with the truth's (two samples): positions minus
    true positions have no structure left, which makes the test much sharper, and false
    localizations count, which is how the artefact shows in classical software.

    **Bias.** With truth also the mean error of matched molecules against the phase of
    their true position; see `BiasField`.

    Parameters
    ----------
    found
        ``frame``, ``x_nm``, ``y_nm`` from the outer corner of the movie, where block grids
        begin.
    pixel_size_nm
        Edge of a pixel of the movie.
    truth
        ``frame``, ``x_nm``, ``y_nm`` and, if molecules are seen in several frames, ``id``;
        of the frames that were localized only.
    radius_nm
        Farthest distance of a pair.

    Raises
    ------
    TableError
        A column is missing.
    ValueError
        ``pixel_size_nm`` is not over 0.
    """
    if not pixel_size_nm > 0:
        raise ValueError(f"pixel_size_nm is {pixel_size_nm}, it must be over 0")
    places = _places_px(found, pixel_size_nm, "the found molecules")
    true_places = None if truth is None else _places_px(truth, pixel_size_nm, "the truth")
    spans = (_span(places[:, 0]), _span(places[:, 1]))
    looked_at = _inside(places, spans)
    true_looked_at = None if true_places is None else _inside(true_places, spans)
    histograms = []
    for a, axis in enumerate(("x", "y")):
        span = spans[a]
        spectra = {}
        for bins_per_px in sorted(set(_BINS_PER_PX.values())):
            counts = _profile(looked_at[:, a], span, bins_per_px)
            if true_looked_at is None:
                expected = np.full(counts.size, counts.mean() if counts.size else 0.0)
                share = 0.0
            else:
                true_counts = _profile(true_looked_at[:, a], span, bins_per_px)
                share = counts.sum() / max(int(true_counts.sum()), 1)
                expected = share * true_counts
            spectra[bins_per_px] = (counts, expected, share)
        histograms += [
            _phase_histogram(axis, period, span[0], *spectra[_BINS_PER_PX[period]])
            for period in PERIODS_PX
        ]
    fields: tuple[BiasField, ...] = ()
    pairs = 0
    if truth is not None:
        paired = pair_up(found, truth, ScoreOptions(radius_nm=radius_nm, axial_radius_nm=None))
        pairs = paired.true_row.size
        if pairs:
            fields = tuple(
                bias_field(paired, truth, period_px=period, pixel_size_nm=pixel_size_nm)
                for period in PERIODS_PX
            )
    return GridBias(places.shape[0], pairs, pixel_size_nm, tuple(histograms), fields)


def _places_px(table: pl.DataFrame, pixel_size_nm: float, name: str) -> Vector:
    places = positions(table, name)[:, 1:3] / pixel_size_nm
    return places[np.isfinite(places).all(axis=1)]


def _inside(places: Vector, spans: tuple[tuple[int, int], tuple[int, int]]) -> Vector:
    low, high = np.transpose(spans)
    inside: Vector = places[((places >= low) & (places < high)).all(axis=1)]
    return inside


def _span(x_px: Vector) -> tuple[int, int]:
    """First and last (exclusive) pixel of what is looked at: a multiple of a block long.

    Localizers leave a border out, and where it ends is no grid: pixels at the edge with
    less than half of what is usual are cut away. The grid need not begin at the first.
    """
    if not x_px.size:
        return 0, 0
    # a fit gone astray can be anywhere
    first, last = np.quantile(x_px, (0.001, 0.999))
    low, high = math.floor(first), math.floor(last) + 1
    counts = _profile(x_px, (low, high), 1)
    usual = np.flatnonzero(counts > 0.5 * np.median(counts))
    low, high = low + int(usual[0]), low + int(usual[-1]) + 1
    length = _BLOCK_PX * max((high - low) // _BLOCK_PX, 1)
    start = low + (high - low - length) // 2
    return start, start + length


def _profile(x_px: Vector, span: tuple[int, int], bins_per_px: int) -> NDArray[np.int64]:
    start, stop = span
    place = np.floor((x_px - start) * bins_per_px).astype(np.int64)
    size = (stop - start) * bins_per_px
    return np.bincount(place[(place >= 0) & (place < size)], minlength=size)


def _phase_histogram(
    axis: str,
    period: int,
    start: int,
    profile: NDArray[np.int64],
    expected_profile: Vector,
    share: float,
) -> PhaseHistogram:
    bins = period * _BINS_PER_PX[period]
    turn = start * _BINS_PER_PX[period] % bins
    counts = np.roll(profile.reshape(-1, bins).sum(axis=0), turn)
    expected = np.roll(expected_profile.reshape(-1, bins).sum(axis=0), turn)
    total = int(counts.sum())
    if total < _LEAST_LOCALIZATIONS:
        nothing = 7 * (math.nan,)
        return PhaseHistogram(axis, period, counts, expected, nothing[0], bins - 1, *nothing[:5])
    # of two samples both have counting noise
    variance = np.maximum(expected, 1.0) * (1.0 + share)
    chi2 = float((np.square(counts - expected) / variance).sum())
    power = np.square(np.abs(np.fft.rfft(profile - expected_profile))) / (total * (1.0 + share))
    blocks = profile.size // (_BLOCK_PX * _BINS_PER_PX[period])
    per_period = profile.size // bins
    beside, p_values = [], []
    for harmonic in range(1, bins // 2 + 1):
        line = harmonic * per_period
        neighbours = _neighbours(line, blocks, power.size)
        if not neighbours.size:
            break
        beside.append(float(power[neighbours].mean()))
        # at half the sampling frequency the spectrum is real: one degree of freedom
        degrees = 1 if 2 * harmonic == bins else 2
        ratio = power[line] / max(beside[-1], 1e-300)
        p_values.append(float(fdtrc(degrees, 2 * neighbours.size, ratio)))
    enough = len(p_values) == bins // 2
    sum_of_logs = -2.0 * np.log(np.maximum(p_values, 1e-300)).sum()
    p_value = float(chdtrc(2 * len(p_values), sum_of_logs)) if enough else math.nan
    # bins average over their width
    seen = float(np.sinc(1.0 / bins))
    scale = 2.0 * math.sqrt((1.0 + share) / total) / seen
    relative = counts / np.maximum(expected, 1e-300)
    return PhaseHistogram(
        axis=axis,
        period_px=period,
        counts=counts,
        expected=expected,
        chi2=chi2,
        degrees_of_freedom=bins - 1,
        overdispersion=float(np.mean(beside)) if enough else math.nan,
        p_value=p_value,
        amplitude=scale * math.sqrt(power[per_period]),
        amplitude_elsewhere=scale * math.sqrt(beside[0]) if enough else math.nan,
        peak_to_trough=float(relative.max() - relative.min()),
    )


def _neighbours(line: int, blocks: int, size: int) -> NDArray[np.int64]:
    """Frequencies on both sides of a line that no grid has a line at.

    Not farther than half the line's own frequency: structures have more power the lower
    the frequency, and the sides must balance.
    """
    reach = np.arange(1, max(line // 2, 1) + 1, dtype=np.int64)
    below, above = line - reach, line + reach
    free = (below % blocks != 0) & (below > 0)
    beside: NDArray[np.int64]
    if line + 1 == size:
        # the last line of a spectrum has one side only
        beside = below[free][: 2 * _MOST_NEIGHBOURS]
    else:
        free &= (above % blocks != 0) & (above < size)
        beside = np.stack([below[free], above[free]])[:, :_MOST_NEIGHBOURS].ravel()
    return beside
