"""Noise over brightness: the pixels of a still clip, grouped by their grey level."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from cellstorm.camera.coding_loss import restore_variance
from cellstorm.camera.still_statistics import PictureStatistics, StillStatistics

__all__ = ["TransferLevels", "transfer_levels"]

_BINS = 40
_GROUPS = 40
_LEAST_GROUPS = 6
_TILE_PX = 16
# groups of many pixels scatter normally; further out are hot pixels and dust that moves
_OUTLIER = 5.0
# scatter of levels about the curves of `coding_loss`; how far all lie off is counted apart
_CURVE_SCATTER = 0.02


@dataclass(frozen=True, eq=False)
class TransferLevels:
    """Grey levels of one kind of picture, ``(levels,)`` float64 each, from dark to bright.

    Attributes
    ----------
    kind
        As in `PictureStatistics`.
    level_adu
        Mean of the pixels.
    left_adu2
        Variance over time, as recorded.
    variance_adu2, error_adu2
        Variance before coding and its standard error; NaN where too little was left. Equal
        to ``left_adu2`` where nothing was lost.
    log_half_width
        How far the two kinds of encoder part, see `RestoredVariance`.
    curve_error
        How far all levels may be off together, relative, see `RestoredVariance`.
    third_adu3, third_error_adu3
        Third central moment and its standard error.
    pixels
        How many pixels.
    """

    kind: str
    level_adu: NDArray[np.float64]
    left_adu2: NDArray[np.float64]
    variance_adu2: NDArray[np.float64]
    error_adu2: NDArray[np.float64]
    log_half_width: NDArray[np.float64]
    curve_error: NDArray[np.float64]
    third_adu3: NDArray[np.float64]
    third_error_adu3: NDArray[np.float64]
    pixels: NDArray[np.int64]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Levels whose variance before coding is known."""
        return np.isfinite(self.variance_adu2) & (self.variance_adu2 > 0)

    @property
    def share_left(self) -> float:
        """Share of the variance that the codec left, over the usable levels; NaN if none."""
        used = self.usable
        if not used.any():
            return float("nan")
        weights = self.pixels[used]
        left: float = np.average(self.left_adu2[used] / self.variance_adu2[used], weights=weights)
        return float(left)


def transfer_levels(
    still: StillStatistics, *, as_if_lossless: bool = False
) -> tuple[TransferLevels, ...]:
    """One table for each kind of picture.

    Pixels are grouped by the mean of 5 x 5 px around them, which hardly knows of their own
    noise. The error of a level comes from 40 groups of pixels that lie together, so that
    noise that neighbours share counts; groups far off the others (hot pixels, something
    that blinks or moves) are left out.

    Parameters
    ----------
    still
        The clip, pixel by pixel.
    as_if_lossless
        Take what is left for all there was where the quantiser is not known.
    """
    smooth = uniform_filter(still.mean_adu, 5)
    bins = _bin_numbers(smooth)
    return tuple(_of_kind(still, bins, pictures, as_if_lossless) for pictures in still.pictures)


def _bin_numbers(smooth: NDArray[np.float64]) -> NDArray[np.int64]:
    low, high = np.quantile(smooth, [0.0005, 0.9995])
    edges = np.linspace(low, high, _BINS + 1)
    numbers = np.searchsorted(edges, smooth, side="right") - 1
    return np.clip(numbers, 0, _BINS - 1)


def _of_kind(
    still: StillStatistics,
    bins: NDArray[np.int64],
    pictures: PictureStatistics,
    as_if_lossless: bool,
) -> TransferLevels:
    height, width = bins.shape
    tiles = (np.arange(height) // _TILE_PX)[:, None] * (width // _TILE_PX + 1) + (
        np.arange(width) // _TILE_PX
    )
    order = np.lexsort((tiles.ravel(), bins.ravel()))
    starts = np.searchsorted(bins.ravel()[order], np.arange(_BINS + 1))
    mean, variance = still.mean_adu.ravel(), pictures.variance_adu2.ravel()
    third = pictures.third_moment_adu3.ravel()
    log_step = None
    if pictures.step_adu is not None and pictures.step_adu.any():
        log_step = np.log(pictures.step_adu).ravel()
    rows = []
    for k in range(_BINS):
        inside = order[starts[k] : starts[k + 1]]
        groups = min(_GROUPS, inside.size // 8)
        if groups < _LEAST_GROUPS:
            continue
        parts = np.linspace(0, inside.size, groups + 1).astype(int)[:-1]
        counts = np.diff(np.append(parts, inside.size))
        v = np.add.reduceat(variance[inside], parts) / counts
        kept = np.abs(v - np.median(v)) <= _OUTLIER * _spread(v)
        third_of = (np.add.reduceat(third[inside], parts) / counts)[kept]
        v, n = v[kept], int(kept.sum())
        if n < _LEAST_GROUPS:
            continue
        level = (np.add.reduceat(mean[inside], parts) / counts)[kept].mean()
        step = 0.0
        if log_step is not None:
            step = float(np.exp(log_step[inside].mean()))
        elif pictures.step_adu is None and not as_if_lossless:
            step = np.nan
        rows.append(
            (
                level,
                v.mean(),
                v.std(ddof=1) / np.sqrt(n),
                third_of.mean(),
                third_of.std(ddof=1) / np.sqrt(n),
                inside.size,
                step,
            )
        )
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 7)
    level, left, error, third_mean, third_error, pixels, step_of = table.T
    if level.size and error.size:
        # forty groups tell their spread within a tenth only, so levels help each other
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.sqrt(np.nanmedian((error / left) ** 2 * pixels) / pixels)
        error = np.maximum(0.5 * error, np.nan_to_num(relative) * left)
    unknown = np.isnan(step_of)
    restored = restore_variance(left, np.where(unknown, 0.0, step_of))
    before = np.where(unknown, np.nan, restored.variance_adu2)
    coded = np.where(step_of > 0, _CURVE_SCATTER, 0.0) * before
    with np.errstate(invalid="ignore"):
        # lost variance grows faster than what is left of it
        steepness = np.maximum(before / np.maximum(left, 1e-12), 1.0)
        total = np.hypot(error * steepness, np.nan_to_num(coded))
    return TransferLevels(
        pictures.kind,
        level,
        left,
        before,
        total,
        np.nan_to_num(restored.log_half_width),
        np.nan_to_num(restored.relative_error),
        third_mean,
        third_error,
        pixels.astype(np.int64),
    )


def _spread(values: NDArray[np.float64]) -> float:
    scale = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    return scale if scale > 0 else float(np.inf)
