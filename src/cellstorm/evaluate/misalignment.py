"""Whether a bad score is one of conventions: a shift, a frame, two axes, a scale."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from cellstorm.evaluate.matching import match
from cellstorm.evaluate.pairs import positions

__all__ = ["Misalignment", "find_misalignment"]

_MOST_MOLECULES = 8_000
# Nothing is said of less than so many pairs, and so many of those that could be.
_FEWEST, _LEAST_SHARE = 20, 0.1
# Simplest first: a later one has to be clearly better than all before.
_TRIED = tuple(itertools.product((False, True), (0, -1, 1)))
_BIN_NM = 10.0
_BLUR_BINS = 2.0
# Clearly better is: so many more pairs, beyond chance ...
_MORE_PAIRS, _PAIRS_SIGMAS = 1.03, 5.0
# ... or hardly any less and a squared error so much smaller, by a shift beyond chance.
_AS_MANY_PAIRS, _LESS_ERROR = 0.99, 0.75
_LEAST_SHIFT_NM, _SHIFT_SIGMAS = 5.0, 5.0
# Other axes or pixels are thought of only where no more than this fits otherwise.
_GOOD_SHARE = 0.4
_RATIO_STEP = 0.004
_NEAR_ORIGIN = 0.02
_MOST_RATIOS = 4_000_000


@dataclass(frozen=True)
class Misalignment:
    """What done to the found molecules would make them fit the truth better.

    Attributes
    ----------
    frames
        To be added to ``frame``.
    swapped
        Whether x and y have to be exchanged.
    scale
        To multiply the positions by, after that.
    dx_nm, dy_nm
        To be added to the positions, after that.
    recall, rmse_nm
        What comes of it: pairs per true molecule, and their lateral error.
    recall_now, rmse_now_nm
        The same as the table is; the error is NaN without a pair.
    """

    frames: int
    swapped: bool
    scale: float
    dx_nm: float
    dy_nm: float
    recall: float
    rmse_nm: float
    recall_now: float
    rmse_now_nm: float


@dataclass(frozen=True)
class _Fit:
    pairs: int
    rmse_nm: float
    frames: int = 0
    swapped: bool = False
    scale: float = 1.0
    shift_nm: tuple[float, float] = (0.0, 0.0)

    def is_clearly_better_than(self, other: "_Fit") -> bool:
        if self.pairs > _MORE_PAIRS * other.pairs + _PAIRS_SIGMAS * math.sqrt(other.pairs):
            return True
        if self.pairs < max(_AS_MANY_PAIRS * other.pairs, 1.0):
            return False
        moved = math.dist(self.shift_nm, other.shift_nm)
        beyond_chance = moved > _SHIFT_SIGMAS * self.rmse_nm / math.sqrt(self.pairs)
        less_error = self.rmse_nm**2 < _LESS_ERROR * other.rmse_nm**2
        return moved >= _LEAST_SHIFT_NM and beyond_chance and less_error


def find_misalignment(
    found: pl.DataFrame, truth: pl.DataFrame, *, radius_nm: float = 250.0
) -> Misalignment | None:
    """Look for a difference of conventions that explains much of the error.

    Programs disagree by half a pixel (Picasso and DECODE count from the centre of the
    first one), by a frame (from 0 or from 1) and in the order of the axes, and a pixel
    size can have been guessed. Every frame shift is tried with the shift that most
    differences of positions agree on, up to twice the radius; other axes and another scale
    only where little fits otherwise. Long tables are judged by frames spread over their
    length.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm`` and ``y_nm``.
    radius_nm
        Farthest distance of a pair.

    Returns
    -------
    Misalignment | None
        None where nothing would be clearly better: 3 % more pairs, or a quarter less
        squared error, both beyond chance.

    Raises
    ------
    TableError
        A column is missing.
    """
    found_at = positions(found, "the found molecules")[:, :3]
    true_at = positions(truth, "the truth")[:, :3]
    found_at, true_at = _fewer_frames(found_at, true_at)
    if found_at.shape[0] < _FEWEST or true_at.shape[0] < _FEWEST:
        return None
    now = best = _fit(found_at, true_at, radius_nm)
    possible = min(found_at.shape[0], true_at.shape[0])
    for swapped, frames in _TRIED:
        if swapped and best.pairs > _GOOD_SHARE * possible:
            break
        moved = _moved(found_at, frames=frames, swapped=swapped)
        shift_nm = _shift_nm(moved, true_at, radius_nm)
        fit = _fit(moved, true_at, radius_nm, frames, swapped, shift_nm=shift_nm)
        if fit.is_clearly_better_than(best):
            best = fit
    if best.pairs < _GOOD_SHARE * possible:
        for frames in (0, -1, 1):
            moved = _moved(found_at, frames=frames)
            scale = _scale(moved, true_at, radius_nm)
            fit = _fit(moved * [1.0, scale, scale], true_at, radius_nm, frames, scale=scale)
            if fit.is_clearly_better_than(best):
                best = fit
    if best is now or best.pairs < max(_FEWEST, _LEAST_SHARE * possible):
        return None
    return Misalignment(
        frames=best.frames,
        swapped=best.swapped,
        scale=best.scale,
        dx_nm=best.shift_nm[0],
        dy_nm=best.shift_nm[1],
        recall=best.pairs / true_at.shape[0],
        rmse_nm=best.rmse_nm,
        recall_now=now.pairs / true_at.shape[0],
        rmse_now_nm=now.rmse_nm,
    )


def _fewer_frames(
    found: NDArray[np.float64], truth: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True molecules of every n-th frame, found ones of these and the frames beside them."""
    every = max(1, math.ceil(truth.shape[0] / _MOST_MOLECULES))
    if every == 1:
        return found, truth
    frames = np.unique(truth[:, 0])[::every]
    around = np.concatenate([frames - 1, frames, frames + 1])
    return found[np.isin(found[:, 0], around)], truth[np.isin(truth[:, 0], frames)]


def _moved(
    found: NDArray[np.float64], *, frames: int, swapped: bool = False
) -> NDArray[np.float64]:
    return (found[:, [0, 2, 1]] if swapped else found) + [float(frames), 0.0, 0.0]


def _fit(
    found: NDArray[np.float64],
    truth: NDArray[np.float64],
    radius_nm: float,
    frames: int = 0,
    swapped: bool = False,
    scale: float = 1.0,
    shift_nm: tuple[float, float] = (0.0, 0.0),
) -> _Fit:
    """How moved molecules fit, once ``shift_nm`` has been added as well."""
    found = found + np.array([0.0, *shift_nm])
    found_row, true_row = match(found, truth, radius_nm)
    step = found[found_row, 1:] - truth[true_row, 1:]
    rmse_nm = math.sqrt((step**2).sum(axis=1).mean()) if found_row.size else math.nan
    return _Fit(found_row.size, rmse_nm, frames, swapped, scale, shift_nm)


def _shift_nm(
    found: NDArray[np.float64], truth: NDArray[np.float64], radius_nm: float
) -> tuple[float, float]:
    """What most differences of true and found positions agree on."""
    reach_nm = 2.0 * radius_nm
    spread = np.array([4.0 * reach_nm, 1.0, 1.0])
    near = cKDTree(found * spread).sparse_distance_matrix(
        cKDTree(truth * spread), reach_nm, output_type="ndarray"
    )
    if not near.size:
        return 0.0, 0.0
    step = truth[near["j"], 1:] - found[near["i"], 1:]
    edges = np.arange(-reach_nm, reach_nm + _BIN_NM, _BIN_NM)
    counts, _, _ = np.histogram2d(step[:, 0], step[:, 1], bins=(edges, edges))
    smooth = gaussian_filter(counts, _BLUR_BINS, mode="constant")
    x, y = np.unravel_index(smooth.argmax(), smooth.shape)
    shift = np.array([edges[x], edges[y]]) + _BIN_NM / 2
    for _ in range(2):
        found_row, true_row = match(found + np.array([0.0, *shift]), truth, radius_nm)
        if found_row.size:
            shift = np.median(truth[true_row, 1:] - found[found_row, 1:], axis=0)
    return float(shift[0]), float(shift[1])


def _scale(found: NDArray[np.float64], truth: NDArray[np.float64], radius_nm: float) -> float:
    """The ratio of true and found positions that most of them agree on, along both axes."""
    # near the origin the ratio says little, and not being over it, nothing
    found, truth = (
        at[(at[:, 1:] > _NEAR_ORIGIN * at[:, 1:].max()).all(axis=1)] for at in (found, truth)
    )
    ratios: list[NDArray[np.float64]] = []
    taken = 0
    for frame in np.intersect1d(found[:, 0], truth[:, 0]):
        here, there = found[found[:, 0] == frame, 1:], truth[truth[:, 0] == frame, 1:]
        both = np.log(there[None, :, :] / here[:, None, :]).reshape(-1, 2)
        ratios.append(both[np.abs(both[:, 0] - both[:, 1]) < _RATIO_STEP].mean(axis=1))
        taken += both.shape[0]
        if taken > _MOST_RATIOS:
            break
    ratio = np.concatenate(ratios) if ratios else np.zeros(0)
    if not ratio.size:
        return 1.0
    bins = np.round(ratio / _RATIO_STEP).astype(np.int64)
    counts = np.bincount(bins - bins.min())
    scale = math.exp((int(counts.argmax()) + int(bins.min())) * _RATIO_STEP)
    for _ in range(3):
        found_row, true_row = match(found * [1.0, scale, scale], truth, radius_nm)
        if found_row.size:
            here = found[found_row, 1:]
            scale = float((here * truth[true_row, 1:]).sum() / (here**2).sum())
    return scale
