"""A series without light: its mean over time, dips with key frames, black clipping, hot pixels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from cellstorm.camera.coding_loss import restore_variance
from cellstorm.camera.key_frame_dips import KeyFrameDips, find_dips
from cellstorm.camera.model import Camera
from cellstorm.camera.still_statistics import StillStatistics, grey_scale_of, measure_still
from cellstorm.camera.transfer_fit import DarkLevel, Measured
from cellstorm.errors import MovieError
from cellstorm.movie import Movie

__all__ = ["DarkSeries", "HotPixel", "measure_dark"]

_VALUES_PER_CHUNK = 8_000_000
_HOT_SIGMAS = 8.0
_LEAST_HOT_ADU = 1.0
# what a codec repeats from frame to frame does not average out
_LEAST_HOT_STEPS = 0.5
_USUAL_STEP_ADU = 16.0
_MOST_HOT_LISTED = 1000
# of all pixels; more are a picture of something
_MOST_HOT_SHARE = 0.02
# a clipped share over this says that values were cut off, not that it happens to be dark
_LEAST_CLIPPED = 0.02
# the least rise of the histogram after a valley that is believed
_GAP = 1.02
# a codec digs small valleys of its own
_LEAST_VALLEY = 4
_BRIGHT_SHARE_OF_RANGE = 0.25


@dataclass(frozen=True)
class HotPixel:
    """A pixel that is brighter than its neighbours in the dark; counted from 0."""

    x: int
    y: int
    over_adu: float


@dataclass(frozen=True, eq=False)
class DarkSeries:
    """What a dark series shows (Diederich et al. 2019, fig. 8).

    Attributes
    ----------
    frame_mean_adu
        ``(frames,)`` float64, mean over the field of every frame.
    time_s
        ``(frames,)`` float64; frame numbers where the file has no times.
    fall_adu
        Mean of the first tenth less that of the last, with its standard error.
    dips
        What comes back with the key frames.
    histogram
        ``(levels,)`` int64, how often each grey value occurred (from 0; integer movies).
    dark_clip_adu
        Values at or under it became 0; None where nothing was clipped.
    share_clipped
        Share of the values that are 0.
    level
        Mean and variance over time of typical pixels, as recorded: with clipping, of the
        clipped values.
    fixed_pattern_adu
        Standard deviation between the pixels' means, noise over time taken away.
    hot_pixels
        The hottest first, at most 1000.
    hot_pixel_count
        How many there are.
    mean_adu, variance_adu2
        ``(height, width)`` float64 of each pixel over time.
    lossy
        Whether a codec has changed the values.
    """

    frame_mean_adu: NDArray[np.float64]
    time_s: NDArray[np.float64]
    fall_adu: Measured
    dips: KeyFrameDips
    histogram: NDArray[np.int64]
    dark_clip_adu: float | None
    share_clipped: float
    level: DarkLevel
    fixed_pattern_adu: float
    hot_pixels: tuple[HotPixel, ...]
    hot_pixel_count: int
    mean_adu: NDArray[np.float64]
    variance_adu2: NDArray[np.float64]
    lossy: bool

    @property
    def frames(self) -> int:
        """Length of the series."""
        return int(self.frame_mean_adu.size)


def measure_dark(movie: Movie, scale: Camera | None = None) -> DarkSeries:
    """Look at every frame of a series that was recorded with the light off.

    Parameters
    ----------
    movie
        At least two frames; some thousand show drift and dips.
    scale
        Makes grey values linear ADU; `grey_scale_of` by default.

    Raises
    ------
    MovieError
        It is not dark, or has fewer than two frames.
    """
    scale = grey_scale_of(movie) if scale is None else scale
    still = measure_still(movie, scale)
    _refuse_light(movie, still)
    frame_mean, histogram = _through(movie, scale)
    times = movie.timestamps_s
    time_s = np.arange(frame_mean.size, dtype=np.float64) if times is None else times
    keys = None if movie.codec is None else movie.codec.key_frames
    lossy = any(p.step_adu is None or bool(p.step_adu.any()) for p in still.pictures)
    whole = movie.dtype.kind in "iu" and scale.value_range == "full"
    clip, share = _clipping(histogram, lossy) if whole else (None, 0.0)
    variance = np.average(
        [p.variance_adu2 for p in still.pictures],
        axis=0,
        weights=[p.frames for p in still.pictures],
    )
    least_hot = max(_LEAST_HOT_ADU, _LEAST_HOT_STEPS * _step(still)) if lossy else _LEAST_HOT_ADU
    hot = _hot_pixels(still.mean_adu, variance, still.frames, least_hot)
    if float(hot.mean()) > _MOST_HOT_SHARE:
        raise MovieError(
            f"this is not dark: {100 * float(hot.mean()):.0f} % of its pixels stand out.",
            where=movie.name,
            todo="Record the dark series with the lens covered and the laser off.",
        )
    return DarkSeries(
        frame_mean_adu=frame_mean,
        time_s=time_s,
        fall_adu=_fall(frame_mean),
        dips=find_dips(frame_mean, keys),
        histogram=histogram,
        dark_clip_adu=clip,
        share_clipped=share,
        level=_typical(still, variance, lossy, share),
        fixed_pattern_adu=_fixed_pattern(still.mean_adu, variance, still.frames, hot),
        hot_pixels=_listed(hot, still.mean_adu),
        hot_pixel_count=int(hot.sum()),
        mean_adu=still.mean_adu,
        variance_adu2=variance,
        lossy=lossy,
    )


def _refuse_light(movie: Movie, still: StillStatistics) -> None:
    """A dark series is even but for hot pixels, and far from the top of the scale."""
    top = 2.0**movie.bit_depth - 1.0 if movie.dtype.kind in "iu" else math.inf
    low, high = np.quantile(still.mean_adu, [0.02, 0.98])
    noise = math.sqrt(max(float(np.mean([p.variance_adu2.mean() for p in still.pictures])), 0.0))
    uneven = high - low > max(6.0 * noise, 4.0)
    if uneven or float(np.median(still.mean_adu)) > _BRIGHT_SHARE_OF_RANGE * top:
        raise MovieError(
            f"this is not dark: its pixels lie between {low:.4g} and {high:.4g} ADU.",
            where=movie.name,
            todo="Record the dark series with the lens covered and the laser off.",
        )


def _through(movie: Movie, scale: Camera) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    frames, height, width = movie.shape
    length = max(1, _VALUES_PER_CHUNK // (height * width))
    means = np.empty(frames)
    counts = np.zeros(0, np.int64)
    for first in range(0, frames, length):
        raw = movie.read(first, min(first + length, frames))
        means[first : first + raw.shape[0]] = scale.to_photoelectrons(raw).mean(
            axis=(1, 2), dtype=np.float64
        )
        if movie.dtype.kind in "iu":
            values = np.minimum(np.maximum(raw.astype(np.int64), 0), 65_535)
            part = np.bincount(values.ravel())
            if part.size > counts.size:
                counts = np.append(counts, np.zeros(part.size - counts.size, np.int64))
            counts[: part.size] += part
    return means, counts


def _clipping(histogram: NDArray[np.int64], lossy: bool) -> tuple[float | None, float]:
    """The largest clipped value, and the share of zeros.

    Uncoded, the values between 0 and the threshold do not occur. A codec fills the gap,
    but leaves a valley between the clipped heap at 0 and the values that were kept.
    """
    total = histogram.sum()
    if histogram.size < 2 or total == 0:
        return None, 0.0
    share = float(histogram[0] / total)
    if share < _LEAST_CLIPPED:
        return None, share
    after = histogram[1:]
    occupied = np.flatnonzero(after > 1e-5 * total)
    if occupied.size == 0:
        return 0.0, share
    if not lossy:
        return float(occupied[0]), share
    rises = np.flatnonzero(np.diff(after.astype(np.float64)) > 0)
    if rises.size and rises[0] + 1 >= _LEAST_VALLEY:
        valley = int(rises[0])
        if after[valley:].max() > _GAP * after[valley] and after[valley] > 1e-3 * total:
            return float(valley + 1), share
    return 0.0, share


def _fall(frame_mean: NDArray[np.float64]) -> Measured:
    tenth = max(1, frame_mean.size // 10)
    first, last = frame_mean[:tenth], frame_mean[-tenth:]
    error = math.hypot(float(first.std()), float(last.std())) / math.sqrt(tenth)
    return Measured(float(first.mean() - last.mean()), error)


def _typical(
    still: StillStatistics, variance: NDArray[np.float64], lossy: bool, share_clipped: float
) -> DarkLevel:
    mean = still.mean_adu
    middle = float(np.median(mean))
    spread = 1.4826 * float(np.median(np.abs(mean - middle))) + 1e-6
    usual = np.abs(mean - middle) < 4.0 * spread
    if usual.sum() < 4:
        usual = np.ones_like(usual)
    count = int(usual.sum())
    level, noise = mean[usual], variance[usual]
    mean_error = float(level.std()) / math.sqrt(count) + 1e-6
    value, error = float(noise.mean()), float(noise.std()) / math.sqrt(count) + 1e-6
    if lossy:
        # the decoder cuts off what a coarse quantiser took under 0, so the mean rises
        step = _step(still)
        mean_error = math.hypot(mean_error, 0.06 * step * (1.0 + 2.0 * share_clipped))
        restored = restore_variance(np.array([value]), np.array([step]))
        if math.isnan(restored.variance_adu2[0]):
            # lost altogether: at most what a third of a step hides
            value, error = 0.06 * step**2, 0.06 * step**2
        else:
            value = float(restored.variance_adu2[0])
            # what was clipped before coding is no white noise any more
            own = 0.2 + min(share_clipped, 0.5)
            error = value * math.hypot(
                own, float(restored.log_half_width[0]), float(restored.relative_error[0])
            )
    return DarkLevel(Measured(float(level.mean()), mean_error), Measured(value, max(error, 1e-6)))


def _step(still: StillStatistics) -> float:
    """The coarsest quantiser step of a coded series, ADU."""
    steps = [float(np.median(p.step_adu)) for p in still.pictures if p.step_adu is not None]
    return max(steps, default=_USUAL_STEP_ADU)


def _hot_pixels(
    mean: NDArray[np.float64], variance: NDArray[np.float64], frames: int, least_adu: float
) -> NDArray[np.bool_]:
    over = mean - median_filter(mean, 5, mode="nearest")
    scale = 1.4826 * float(np.median(np.abs(over)))
    noise = math.sqrt(float(np.median(variance)) / frames)
    hot: NDArray[np.bool_] = over > max(_HOT_SIGMAS * max(scale, noise), least_adu)
    return hot


def _listed(hot: NDArray[np.bool_], mean: NDArray[np.float64]) -> tuple[HotPixel, ...]:
    rows, columns = np.nonzero(hot)
    over = mean[rows, columns] - float(np.median(mean))
    order = np.argsort(over)[::-1][:_MOST_HOT_LISTED]
    return tuple(HotPixel(int(columns[k]), int(rows[k]), float(over[k])) for k in order)


def _fixed_pattern(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    frames: int,
    hot: NDArray[np.bool_],
) -> float:
    usual = ~hot
    total = float(mean[usual].var())
    noise = float(variance[usual].mean()) / frames
    return math.sqrt(max(total - noise, 0.0))
