"""Mean and variance of background pixels, robust against blinking molecules."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

__all__ = [
    "NoiseCells",
    "TransferLine",
    "collect_cells",
    "join_cells",
    "pair_slope",
    "robust_variance",
    "spatial_slope",
]

# a Gaussian cut at +-2.5 standard deviations keeps this share of its variance
_CUT = 2.5
_KEPT_VARIANCE = 0.91125


@dataclass(frozen=True)
class NoiseCells:
    """Samples of pixel noise: pairs of neighbouring frames at one pixel.

    Attributes
    ----------
    level_adu
        ``(cells,)`` float32, brightness there: temporal median of the window, smoothed
        over 5 x 5 px, so that it hardly knows of the noise of the pair.
    mean_adu
        ``(cells,)`` float32, mean of the two values.
    difference_adu
        ``(cells,)`` float32, their difference.
    """

    level_adu: NDArray[np.float32]
    mean_adu: NDArray[np.float32]
    difference_adu: NDArray[np.float32]


@dataclass(frozen=True)
class TransferLine:
    """Variance over brightness, ``variance_adu2 = at_level + slope * (level - level_adu)``."""

    level_adu: float
    variance_adu2: float
    slope_adu: float
    slope_error_adu: float
    level_span_adu: float


def collect_cells(
    frames: NDArray[np.float32], rng: np.random.Generator, count: int = 250_000
) -> NoiseCells:
    """Draw noise samples from one window of consecutive frames.

    Parameters
    ----------
    frames
        ``(n, height, width)`` float32, at least two frames, ADU.
    rng
        Chooses the samples where there are more than ``count``.
    count
        The most samples to draw.
    """
    level = uniform_filter(np.median(frames, axis=0), 5)
    available = (frames.shape[0] - 1) * level.size
    picked = rng.integers(available, size=count) if available > count else np.arange(available)
    pair, pixel = np.divmod(picked, level.size)
    flat = frames.reshape(frames.shape[0], -1)
    before, after = flat[pair, pixel], flat[pair + 1, pixel]
    return NoiseCells(level.ravel()[pixel], (before + after) / 2, after - before)


def join_cells(parts: list[NoiseCells]) -> NoiseCells:
    """The samples of several windows together."""
    return NoiseCells(
        np.concatenate([part.level_adu for part in parts]),
        np.concatenate([part.mean_adu for part in parts]),
        np.concatenate([part.difference_adu for part in parts]),
    )


def robust_variance(differences: NDArray[np.floating]) -> float:
    """Variance of one value from differences of two, cutting off blinking molecules.

    Starts at the median absolute difference and cuts at 2.5 standard deviations until it
    stays. Whole-number differences are spread by one rounding step first, because their
    median jumps; the spread's own variance (1/12) is taken away again.
    """
    if differences.size < 8:
        return float("nan")
    spread = np.linspace(-0.5, 0.5, differences.size, endpoint=False) + 0.5 / differences.size
    np.random.default_rng(0).shuffle(spread)
    size = np.abs(differences + spread)
    deviation = float(np.median(size)) / 0.6745
    for _ in range(12):
        inside = size[size < _CUT * deviation]
        if inside.size < 8:
            break
        updated = float(np.sqrt(np.mean(inside**2) / _KEPT_VARIANCE))
        if abs(updated - deviation) < 1e-4 * deviation:
            break
        deviation = updated
    return max(deviation**2 - 1 / 12, 0.0) / 2


def spatial_slope(
    cells: NoiseCells,
    *,
    share: float = 0.75,
    bins: int = 16,
    restore: Callable[[float], float] | None = None,
) -> TransferLine | None:
    """Photon transfer over the uneven illumination of the background.

    Only the darker ``share`` of the field counts: molecules sit on the brighter rest, and
    there their blinking would pass for noise. ``restore`` corrects each variance for what
    a codec took away (NaN: beyond repair). None without enough samples.
    """
    edges = np.unique(np.quantile(cells.level_adu, np.linspace(0.0, share, bins + 1)))
    return _line(cells.level_adu, cells.difference_adu, edges, restore)


def pair_slope(cells: NoiseCells, *, slices: int = 4, bins: int = 12) -> TransferLine | None:
    """How the difference of two values depends on their mean, at one brightness.

    For two Poisson counts the variance of the difference, given their sum, is that sum
    (the split is binomial), so this slope is 1 / gain times the share that shot noise has
    in the variance, even where the background is perfectly even. Molecules only lift
    means, so the lower 60 % are used, in slices of nearly equal brightness.
    """
    limits = np.quantile(cells.level_adu, np.linspace(0.0, 0.6, slices + 1))
    lines = []
    for low, high in pairwise(limits):
        even = (cells.level_adu >= low) & (cells.level_adu <= high)
        mean = cells.mean_adu[even]
        if mean.size == 0:
            continue
        edges = np.unique(np.quantile(mean, np.linspace(0.005, 0.6, bins + 1)))
        line = _line(mean, cells.difference_adu[even], edges, None)
        if line is not None:
            lines.append(line)
    if not lines:
        return None
    weights = np.asarray([line.slope_error_adu**-2 for line in lines])
    return TransferLine(
        float(np.average([line.level_adu for line in lines], weights=weights)),
        float(np.average([line.variance_adu2 for line in lines], weights=weights)),
        float(np.average([line.slope_adu for line in lines], weights=weights)),
        float(weights.sum() ** -0.5),
        max(line.level_span_adu for line in lines),
    )


def _line(
    level: NDArray[np.float32],
    difference: NDArray[np.float32],
    edges: NDArray[np.floating],
    restore: Callable[[float], float] | None,
) -> TransferLine | None:
    if edges.size < 5:
        return None
    index = np.searchsorted(edges, level, side="right") - 1
    rows = []
    for k in range(edges.size - 1):
        inside = index == k
        count = int(inside.sum())
        if count < 100:
            continue
        variance = robust_variance(difference[inside])
        if restore is not None:
            variance = restore(variance)
        if not np.isfinite(variance):
            continue
        rows.append((float(level[inside].mean()), variance, count))
    if len(rows) < 4:
        return None
    x, v, n = np.asarray(rows, dtype=np.float64).T
    weight = n / np.maximum(v, 1e-3) ** 2
    kept = np.ones(x.size, dtype=bool)
    slope = intercept = centre = 0.0
    for _ in range(4):
        w = weight * kept
        centre = float(np.average(x, weights=w))
        intercept = float(np.average(v, weights=w))
        spread = float(np.sum(w * (x - centre) ** 2))
        if spread <= 0:
            return None
        slope = float(np.sum(w * (x - centre) * (v - intercept)) / spread)
        residual = v - intercept - slope * (x - centre)
        scale = 1.4826 * float(np.median(np.abs(residual[kept]))) + 1e-9
        now = residual < 4 * scale
        if now.sum() < 4 or (now == kept).all():
            break
        kept = now
    # the variance of a variance of n Gaussian differences is 2 v^2 / n
    statistical = 1.0 / np.sqrt(np.sum(kept * weight / 2 * (x - centre) ** 2))
    scatter = float(np.sqrt(np.mean(residual[kept] ** 2 / (2 * v[kept] ** 2 / n[kept] + 1e-12))))
    return TransferLine(
        centre,
        intercept,
        slope,
        float(statistical * max(scatter, 1.0)),
        float(x[kept].max() - x[kept].min()),
    )
