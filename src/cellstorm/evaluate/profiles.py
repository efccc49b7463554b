"""Profiles across filaments, fitted to the molecules themselves: widths and separations."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.optimize import minimize
from scipy.special import ndtr, stdtrit

from cellstorm.evaluate.plain_numbers import plain
from cellstorm.evaluate.table_field import refuse_few
from cellstorm.localizations import Localizations
from cellstorm.parameters import Parameters

__all__ = ["FWHM_PER_SIGMA", "Profile", "ProfileBox", "profile"]

Vector = NDArray[np.float64]

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian, in standard deviations."""

_LEAST_LOCALIZATIONS = 30
_BLOCKS = 20
_FEWEST_BLOCKS = 5
# finer than any width that can be fitted, so that a bin's middle stands for its molecules
_BINS = 1000
_NARROWEST_BINS = 1.0
_LEVEL = 0.95
# of many guesses the likeliest few are followed
_STARTS = 5
# a second line has two parameters more; its chance without one is under this
_SURE = 0.001


class ProfileBox(Parameters):
    """A box across one or two lines."""

    start_nm: tuple[float, float] = Field(description="(x, y) where the profile begins, nm")
    stop_nm: tuple[float, float] = Field(description="(x, y) where it ends, nm")
    width_nm: float = Field(
        600.0,
        gt=0,
        allow_inf_nan=False,
        description="how far molecules may lie from the profile's line, both sides together, nm",
    )
    lines: Literal[1, 2] | None = Field(
        None, description="lines to fit; None: two where the molecules demand it"
    )

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if not all(map(math.isfinite, (*self.start_nm, *self.stop_nm))):
            raise ValueError("start_nm and stop_nm must be finite")
        if self.length_nm == 0:
            raise ValueError("start_nm and stop_nm must differ")
        return self

    @property
    def length_nm(self) -> float:
        """From start to stop."""
        return math.dist(self.start_nm, self.stop_nm)


@dataclass(frozen=True, eq=False)
class Profile:
    """A profile and the lines in it.

    Attributes
    ----------
    localizations
        In the box.
    length_nm, width_nm
        Of the box, along the profile and across it.
    lines
        Fitted, 1 or 2.
    position_nm, position_error_nm
        Of each line along the profile, from its start.
    fwhm_nm, fwhm_error_nm
        Full width at half maximum of a line (both lines have the same).
    separation_nm, separation_error_nm
        Of the two lines; NaN for one.
    dip
        How far the fitted profile falls between the two, as a share of the lower one; 0 where
        there is one hump, NaN for one line.
    dip_low
        What it is at least, with 97.5 % confidence.
    p_value
        Chance of molecules lying like this if there were one line: likelihood ratio, with
        molecules seen several times counted as what they are worth.
    background_share
        Molecules that belong to no line.
    middle_nm, counts, fitted
        ``(bins,)`` of a histogram to look at, molecules a bin.
    """

    localizations: int
    length_nm: float
    width_nm: float
    lines: int
    position_nm: tuple[float, ...]
    position_error_nm: tuple[float, ...]
    fwhm_nm: float
    fwhm_error_nm: float
    separation_nm: float
    separation_error_nm: float
    dip: float
    dip_low: float
    p_value: float
    background_share: float
    middle_nm: Vector
    counts: NDArray[np.int64]
    fitted: Vector

    @property
    def are_separate(self) -> bool:
        """Whether there are two lines with a dip between them beyond doubt."""
        return self.lines == 2 and self.p_value < _SURE and self.dip_low > 0

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        wide = f"{_with_error(self.fwhm_nm, self.fwhm_error_nm)} nm wide (FWHM)"
        if self.lines == 1:
            return f"one line, {wide}"
        gap = _with_error(self.separation_nm, self.separation_error_nm)
        apart = f"{gap} nm apart, each {wide}"
        if self.are_separate:
            return f"two lines {apart}; between them it falls by {100 * self.dip:.0f} %"
        if self.p_value < _SURE:
            return f"wider than one line, perhaps two {apart}, but no dip between them is certain"
        return f"fitted as two lines {apart}; one line would do as well"

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        values = {**asdict(self), "are_separate": self.are_separate, "reading": self.reading}
        result: dict[str, Any] = plain(values)
        return result


def _with_error(value: float, error: float) -> str:
    """``"52 ± 3"``; of errors over 10 no more than two digits."""
    if not math.isfinite(error):
        return f"{value:.0f}"
    return f"{value:.0f} ± {error:.1g}" if error < 9.5 else f"{value:.0f} ± {error:.0f}"


def profile(table: Localizations, box: ProfileBox, *, bins: int = 60) -> Profile:
    """Fit one or two lines across a box to the positions of the molecules in it.

    Likelihood of the positions along the profile, under Gaussians of one width on an even
    background; no picture and no bins wide enough to matter come into it. Errors are from a
    jackknife over twenty blocks of consecutive frames, for the localizations of a molecule
    are not independent. The width is that of the drawn line: structure, label and precision
    together.

    Parameters
    ----------
    table
        All molecules; those in the box are looked at.
    box
        Where, and how many lines.
    bins
        Of the histogram in the result.

    Raises
    ------
    TableError
        Fewer than 30 localizations in the box, or no line in it that could be fitted.
    """
    along, frame = _inside(table, box)
    refuse_few(along.size, _LEAST_LOCALIZATIONS, "profile of this box")
    counts = _counts_by_block(along, frame, box.length_nm)
    total = counts.sum(axis=0)
    step_nm = box.length_nm / _BINS
    single = _fit(total, 1, step_nm)
    double = _fit(total, 2, step_nm) if box.lines != 1 else None
    p_value = math.nan
    lines = 1
    if double is not None:
        gained = 2.0 * (double.log_likelihood - single.log_likelihood) / _repeats(counts)
        # two parameters more: the chi-square distribution's tail is an exponential
        p_value = math.exp(-0.5 * max(gained, 0.0))
        lines = 2 if box.lines == 2 or p_value < _SURE else 1
    fit = double if lines == 2 and double is not None else single
    left_out = [_fit(total - part, lines, step_nm, fit) for part in counts if part.any()]
    errors = _jackknife([one.figures for one in left_out])
    dip_low = math.nan
    if lines == 2:
        reach = float(stdtrit(max(len(left_out) - 1, 1), 0.5 + _LEVEL / 2))
        dip_low = fit.dip - reach * errors[-1]
    edges = np.linspace(0.0, box.length_nm, bins + 1)
    middle: Vector = 0.5 * (edges[:-1] + edges[1:])
    return Profile(
        localizations=along.size,
        length_nm=box.length_nm,
        width_nm=box.width_nm,
        lines=lines,
        position_nm=tuple(float(c) for c in fit.centres_nm),
        position_error_nm=tuple(float(e) for e in errors[1 : 1 + lines]),
        fwhm_nm=FWHM_PER_SIGMA * fit.sigma_nm,
        fwhm_error_nm=FWHM_PER_SIGMA * float(errors[0]),
        separation_nm=fit.separation_nm,
        separation_error_nm=float(errors[-2]) if lines == 2 else math.nan,
        dip=fit.dip,
        dip_low=dip_low,
        p_value=p_value,
        background_share=1.0 - float(sum(fit.shares)),
        middle_nm=middle,
        counts=np.histogram(along, edges)[0],
        fitted=along.size * box.length_nm / bins * fit.density(middle, box.length_nm),
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    sigma_nm: float
    centres_nm: Vector
    shares: Vector
    log_likelihood: float

    @property
    def separation_nm(self) -> float:
        return float(np.ptp(self.centres_nm)) if self.centres_nm.size == 2 else math.nan

    @property
    def dip(self) -> float:
        """1 - lowest value between the humps / the lower hump."""
        if self.centres_nm.size != 2:
            return math.nan
        place = np.linspace(self.centres_nm[0], self.centres_nm[1], 201)
        bells = np.exp(-0.5 * np.square((place[:, None] - self.centres_nm) / self.sigma_nm))
        height = bells @ self.shares
        lowest = int(np.argmin(height))
        hump = min(float(height[: lowest + 1].max()), float(height[lowest:].max()))
        return 1.0 - float(height[lowest]) / hump if hump > 0 else 0.0

    @property
    def figures(self) -> Vector:
        """Width, positions, separation and dip."""
        return np.array([self.sigma_nm, *self.centres_nm, self.separation_nm, self.dip])

    def density(self, place_nm: Vector, length_nm: float) -> Vector:
        """Of a molecule, per nm."""
        z = (place_nm[:, None] - self.centres_nm) / self.sigma_nm
        bells = np.exp(-0.5 * np.square(z)) / (math.sqrt(2.0 * math.pi) * self.sigma_nm)
        inside = ndtr((length_nm - self.centres_nm) / self.sigma_nm) - ndtr(
            -self.centres_nm / self.sigma_nm
        )
        result: Vector = (bells / np.maximum(inside, 1e-6)) @ self.shares + (
            1.0 - self.shares.sum()
        ) / length_nm
        return result


def _inside(table: Localizations, box: ProfileBox) -> tuple[Vector, NDArray[np.int64]]:
    """Place along the profile, nm, and frame of the molecules in the box."""
    x_nm, y_nm = table.column("x_nm"), table.column("y_nm")
    direction = np.subtract(box.stop_nm, box.start_nm) / box.length_nm
    middle = 0.5 * np.add(box.start_nm, box.stop_nm)
    # the square around the box first, so that nothing as long as the table is computed with
    reach = 0.5 * math.hypot(box.length_nm, box.width_nm)
    near = np.flatnonzero(np.abs(x_nm - middle[0]) <= reach)
    near = near[np.abs(y_nm[near] - middle[1]) <= reach]
    dx, dy = x_nm[near] - box.start_nm[0], y_nm[near] - box.start_nm[1]
    along = dx * direction[0] + dy * direction[1]
    aside = dy * direction[0] - dx * direction[1]
    inside = (along >= 0) & (along < box.length_nm) & (np.abs(aside) <= 0.5 * box.width_nm)
    return along[inside], table.column("frame")[near[inside]].astype(np.int64)


def _counts_by_block(
    along: Vector, frame: NDArray[np.int64], length_nm: float
) -> NDArray[np.int64]:
    """``(blocks, bins)``: blocks of frames with equally many localizations."""
    frames, index, per_frame = np.unique(frame, return_inverse=True, return_counts=True)
    blocks = max(1, min(_BLOCKS, frames.size))
    before = np.cumsum(per_frame) - 0.5 * per_frame
    block = np.minimum((before * blocks / along.size).astype(np.int64), blocks - 1)[index]
    place = np.minimum((along / length_nm * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(block * _BINS + place, minlength=blocks * _BINS)
    return counts.reshape(blocks, _BINS)


def _fit(counts: NDArray[np.int64], lines: int, step_nm: float, start: _Fit | None = None) -> _Fit:
    """Highest likelihood; from several starts where none is given."""
    length_nm = counts.size * step_nm
    filled = np.flatnonzero(counts)
    place_nm = np.asarray((filled + 0.5) * step_nm, np.float64)
    weight = counts[filled].astype(np.float64)
    total = float(weight.sum())
    mean = float((weight * place_nm).sum()) / total
    spread = math.sqrt(float((weight * np.square(place_nm - mean)).sum()) / total)
    narrowest = _NARROWEST_BINS * step_nm

    def fit_of(p: Vector) -> _Fit:
        sigma = narrowest + math.exp(min(p[0], 30.0))
        logits = np.append(p[1 + lines :], 0.0)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        return _Fit(sigma, length_nm * p[1 : 1 + lines], shares[:-1], math.nan)

    def loss(p: Vector) -> float:
        density = fit_of(p).density(place_nm, length_nm)
        return -float((weight * np.log(np.maximum(density, 1e-300))).sum()) / total

    if start is not None:
        rest = max(1.0 - float(start.shares.sum()), 1e-4)
        starts = [
            np.concatenate(
                [
                    [math.log(max(start.sigma_nm - narrowest, 0.1 * narrowest))],
                    start.centres_nm / length_nm,
                    np.log(np.maximum(start.shares, 1e-4) / rest),
                ]
            )
        ]
    else:
        starts = sorted(_starts(counts, lines, step_nm, spread), key=loss)[:_STARTS]
    bounds = [(-10.0, math.log(length_nm))] + [(0.0, 1.0)] * lines + [(-12.0, 12.0)] * lines
    solutions = [minimize(loss, p, method="L-BFGS-B", bounds=bounds) for p in starts]
    best = min(solutions, key=lambda solution: float(solution.fun))
    found = fit_of(best.x)
    order = np.argsort(found.centres_nm)
    return _Fit(
        found.sigma_nm, found.centres_nm[order], found.shares[order], -float(best.fun) * total
    )


def _starts(
    counts: NDArray[np.int64], lines: int, step_nm: float, spread_nm: float
) -> list[Vector]:
    length_nm = counts.size * step_nm
    share = np.full(lines, 1.0)
    smooth = np.convolve(counts, np.ones(_BINS // 25), "same")
    top = (float(np.argmax(smooth)) + 0.5) * step_nm
    starts = []
    for sigma in (0.05, 0.02, 0.1):
        if lines == 1:
            centres = [np.array([top])]
        else:
            apart = np.array([1.0, 2.5, 6.0]) * sigma * length_nm
            apart = np.append(apart, 1.5 * spread_nm)
            # the highest is one of the two, or lies between
            centres = [np.array([top - a, top]) for a in apart]
            centres += [np.array([top, top + a]) for a in apart]
            centres += [np.array([top - a / 2, top + a / 2]) for a in apart]
        for centre in centres:
            place = np.clip(centre / length_nm, 0.001, 0.999)
            starts.append(np.concatenate([[math.log(sigma * length_nm)], place, share]))
    return starts


def _jackknife(values: list[Vector]) -> Vector:
    every = np.array(values)
    if every.shape[0] < _FEWEST_BLOCKS:
        return np.full(every.shape[1], math.nan)
    result: Vector = np.sqrt((every.shape[0] - 1) * every.var(axis=0))
    return result


def _repeats(counts: NDArray[np.int64]) -> float:
    """How many localizations are worth one independent one: spread over blocks beyond chance.

    Copies of one molecule multiply the likelihood's gain without telling more. In eight cells
    with equally many localizations the blocks' counts are compared with their margins'
    product: chi-square over its degrees of freedom.
    """
    if counts.shape[0] < _FEWEST_BLOCKS:
        return 1.0
    total = np.cumsum(counts.sum(axis=0))
    edges = np.searchsorted(total, total[-1] * np.linspace(0.0, 1.0, 9)[1:-1])
    # molecules all at one place make fewer cells
    edges = np.unique(np.concatenate([[0], edges]))
    cells = np.add.reduceat(counts, edges, axis=1)
    expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0) / cells.sum()
    chi2 = float((np.square(cells - expected) / np.maximum(expected, 1e-9)).sum())
    freedom = (counts.shape[0] - 1) * (edges.size - 1)
    return max(1.0, chi2 / freedom) if freedom else 1.0
