"""Precision without the truth: steps of molecules from frame to frame (NeNA)."""

import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from cellstorm.errors import TableError
from cellstorm.evaluate.blinks import usual_error_nm
from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import refuse_few
from cellstorm.localizations import Localizations
from cellstorm.parameters import Parameters

__all__ = ["Nena", "NenaOptions", "nena"]

Vector = NDArray[np.float64]

_LEAST_LOCALIZATIONS = 200
_LEAST_PAIRS = 200
_PARTS = 10
_FINE_BINS = 4000
_BINS = 60
# the fit looks this many standard errors far: nearly all of the first term lies within 4
_REACH_ERRORS = 10.0
_ROUNDS = 4
# what is wider or less certain is no step of one molecule
_WORST_ERROR, _WIDEST = 0.3, 0.25


class NenaOptions(Parameters):
    """What steps are looked at."""

    frames_apart: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="frames from one end of a step to the other; None: as many as the table's"
        " method looked at for one frame, and 1 where the table does not say",
    )
    farthest_nm: float = Field(
        500.0, gt=0, le=10_000, allow_inf_nan=False, description="farthest step, nm"
    )
    most_localizations: int = Field(
        1_000_000,
        ge=1000,
        description="of larger tables stretches of consecutive frames with about so many in all",
    )


@dataclass(frozen=True, eq=False)
class Nena:
    """Precision from nearest neighbours in frames near each other.

    Attributes
    ----------
    frames_apart
        Frames from one end of a step to the other.
    precision_nm, error_nm
        Standard error of a position along an axis, and the standard error of this figure
        (jackknife over ten parts of the movie).
    pairs
        Steps within the reach of the fit.
    same_molecule_share
        Share of these that the fit takes for steps of one molecule.
    reported_nm
        Median uncertainty that the table reports; NaN if it has none.
    distance_nm, density, fitted
        ``(bins,)``: middle of the bins, observed and fitted steps per nm, as a share of all.
    """

    frames_apart: int
    precision_nm: float
    error_nm: float
    pairs: int
    same_molecule_share: float
    reported_nm: float
    distance_nm: Vector
    density: Vector
    fitted: Vector

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        sentence = f"positions scatter by {self.precision_nm:.1f} ± {self.error_nm:.1g} nm an axis"
        if self.frames_apart > 1:
            sentence = f"over {self.frames_apart} frames {sentence}"
        if not math.isfinite(self.reported_nm):
            return sentence
        ratio = self.precision_nm / self.reported_nm
        told = f"the reported uncertainty ({self.reported_nm:.1f} nm, median)"
        if ratio > 1.25:
            return f"{sentence}: {told} promises too much"
        return f"{sentence}: {told} {'is larger' if ratio < 0.8 else 'agrees'}"

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "reading": self.reading})
        return result


def nena(table: Localizations, options: NenaOptions | None = None) -> Nena:
    """Precision from steps between frames (Endesfelder et al. 2014, eqs. 3 to 6).

    For every localization the distance d to the nearest one in the next frame. A molecule that
    is still on gives ``d / (2 s^2) exp(-d^2 / (4 s^2))``, where s is the standard error of a
    position along an axis; others give a line through zero, and where the structure is crowded
    a bump, a Gaussian. The sum of the three is fitted to the histogram, weighted by counts, up
    to ten standard errors. Where molecules differ in brightness s lies between their errors,
    nearer to the small ones; steps of drift and of moving molecules are in it.

    Where a method looks at several frames to localize one (a network with neighbours in time),
    its errors in consecutive frames are made by the same light and alike, and steps between
    them are far too short. Frames as far apart as it looks at have no light in common: steps
    are taken over so many, by molecules that are on for longer.

    Parameters
    ----------
    table
        Not yet linked: a molecule has a row in every frame that it is on in.
    options
        The defaults of `NenaOptions` when None.

    Raises
    ------
    TableError
        Fewer than 200 localizations, or fewer than 200 with a neighbour that would be the
        same molecule, that many frames later.
    """
    options = NenaOptions() if options is None else options
    apart = _frames_looked_at(table) if options.frames_apart is None else options.frames_apart
    refuse_few(len(table), _LEAST_LOCALIZATIONS, "precision")
    edges = np.linspace(0.0, options.farthest_nm, _FINE_BINS + 1)
    counts = np.stack([np.histogram(steps, edges)[0] for steps in _steps(table, options, apart)])
    whole = _fit(counts.sum(axis=0), edges)
    if whole is None or whole.pairs * whole.share < _LEAST_PAIRS:
        raise _cannot_tell(apart)
    left_out = [_fit(counts.sum(axis=0) - part, edges, whole.sigma_nm) for part in counts]
    values = np.array([fit.sigma_nm for fit in left_out if fit is not None])
    error = math.sqrt((values.size - 1) * float(values.var())) if values.size > 1 else math.nan
    if not error < _WORST_ERROR * whole.sigma_nm or whole.sigma_nm > _WIDEST * edges[-1]:
        raise _cannot_tell(apart)
    return Nena(
        frames_apart=apart,
        precision_nm=whole.sigma_nm,
        error_nm=error,
        pairs=whole.pairs,
        same_molecule_share=whole.share,
        reported_nm=usual_error_nm(table),
        distance_nm=whole.distance_nm,
        density=whole.density,
        fitted=whole.fitted,
    )


def _frames_looked_at(table: Localizations) -> int:
    """Frames that went into a position, as the table's method says."""
    frames = (table.metadata.configuration or {}).get("context_frames")
    return max(frames, 1) if isinstance(frames, int) else 1


def _cannot_tell(apart: int) -> TableError:
    frames = "two consecutive frames" if apart == 1 else f"two frames that are {apart} apart"
    longer = "a frame" if apart == 1 else f"{apart} frames"
    return TableError(
        f"the precision cannot be told: hardly any molecule is on in {frames}.",
        todo="It takes a table in which the localizations of a molecule are not merged, and"
        f" molecules that are on for more than {longer}.",
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    sigma_nm: float
    share: float
    pairs: int
    distance_nm: Vector
    density: Vector
    fitted: Vector


def _steps(table: Localizations, options: NenaOptions, frames_apart: int) -> list[Vector]:
    """Distances to the nearest neighbour so many frames on, one array a part of the movie."""
    frame = table.column("frame")
    in_order = bool((frame[1:] >= frame[:-1]).all())
    order = None if in_order else np.argsort(frame, kind="stable").astype(np.uint32)
    edges = np.linspace(0, frame.size, _PARTS + 1).astype(np.int64)
    largest = max(options.most_localizations // _PARTS, 20)
    x_nm, y_nm = table.column("x_nm"), table.column("y_nm")
    parts = []
    for start, stop in itertools.pairwise(edges.tolist()):
        chosen = slice(start, min(stop, start + largest))
        rows = np.arange(chosen.start, chosen.stop) if order is None else order[chosen]
        # frames set farther apart than any step make one search of all frames
        spacing_nm = 3.0 * options.farthest_nm
        first = int(frame[rows[0]])
        at = np.stack([(frame[rows] - first) * spacing_nm, x_nm[rows], y_nm[rows]], axis=1)
        later = at + np.array([frames_apart * spacing_nm, 0.0, 0.0])
        distance = np.asarray(cKDTree(at).query(later, distance_upper_bound=options.farthest_nm)[0])
        parts.append(distance[np.isfinite(distance)])
    return parts


def _fit(counts: NDArray[np.int64], edges: Vector, sigma_nm: float | None = None) -> _Fit | None:
    """The fit, its reach set by what it finds; None where there is nothing to fit."""
    sigma = _mode(counts, edges) / math.sqrt(2.0) if sigma_nm is None else sigma_nm
    found = None
    for _ in range(_ROUNDS):
        if not sigma > 0:
            return None
        found = _fit_within(counts, edges, min(_REACH_ERRORS * sigma, edges[-1]), sigma)
        if found is None or abs(found.sigma_nm - sigma) < 0.02 * sigma:
            break
        sigma = found.sigma_nm
    return found


def _mode(counts: NDArray[np.int64], edges: Vector) -> float:
    """Where steps are densest after those that are everywhere (a line) are taken away."""
    centre = 0.5 * (edges[:-1] + edges[1:])
    far = centre > 0.6 * edges[-1]
    slope = float((counts[far] * centre[far]).sum() / np.square(centre[far]).sum())
    width = np.maximum(np.arange(counts.size) // 8, 4)
    total = np.concatenate([[0], np.cumsum(counts - 0.3 * slope * centre)])
    low, high = np.maximum(np.arange(counts.size) - width, 0), np.arange(counts.size) + width
    near = high < counts.size
    return float(
        centre[near][np.argmax((total[high[near]] - total[low[near]]) / (high - low)[near])]
    )


def _fit_within(
    counts: NDArray[np.int64], edges: Vector, reach_nm: float, sigma_nm: float
) -> _Fit | None:
    step = max(1, round(reach_nm / (edges[1] - edges[0]) / _BINS))
    bins = max(8, min(_BINS, counts.size // step))
    binned = counts[: bins * step].reshape(-1, step).sum(axis=1)
    pairs = int(binned.sum())
    if pairs < _LEAST_PAIRS or counts.size < bins * step:
        return None
    width = step * (edges[1] - edges[0])
    edge = np.arange(bins + 1) * width
    middle = edge[:-1] + 0.5 * width
    density = binned / (pairs * width)
    weight = pairs * width / np.sqrt(np.maximum(binned, 1.0))

    def parts(p: Vector) -> tuple[Vector, Vector, Vector]:
        sigma, same, bump, centre, spread, line = p
        # the first term is steep: its mean over a bin, not its middle
        own = -same * np.diff(np.exp(-np.square(edge) / (4.0 * sigma**2))) / width
        heap = np.exp(-0.5 * np.square((middle - centre) / spread)) / spread
        return own, bump * heap / math.sqrt(2.0 * math.pi), line * middle / reach_nm**2

    def residual(p: Vector) -> Vector:
        own, heap, line = parts(p)
        result: Vector = (own + heap + line - density) * weight
        return result

    start = np.array([sigma_nm, 0.6, 0.05, 0.6 * reach_nm, 0.2 * reach_nm, 0.4])
    low = np.array([0.2 * sigma_nm, 0.0, 0.0, 3.0 * sigma_nm, 1.0 * sigma_nm, 0.0])
    high = np.array([5.0 * sigma_nm, 1.5, 2.0, 1.5 * reach_nm, reach_nm, 4.0])
    low[3] = min(low[3], 0.5 * start[3])
    low[4] = min(low[4], 0.5 * start[4])
    solution = least_squares(
        residual, start, bounds=(low, high), x_scale=np.maximum(start, 0.1), max_nfev=400
    )
    own, heap, line = parts(solution.x)
    return _Fit(
        float(solution.x[0]),
        float(solution.x[1]),
        pairs,
        middle,
        density,
        own + heap + line,
    )
