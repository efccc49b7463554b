"""What comes back with every group of pictures in the mean of a movie's frames."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["KeyFrameDips", "find_dips"]

# trials are all periods and phases, some hundred thousand for a long series: normal noise
# does not go over this once in a thousand series
_SIGNIFICANT = 6.5
_LEAST_REPEATS = 5
_LONGEST_PERIOD = 600
# on either side; more would follow slow changes less well, fewer are noisier
_NEIGHBOURS = 2
# where the key frames are known there is one trial only
_SIGNIFICANT_ON_KEY_FRAMES = 4.5


@dataclass(frozen=True, eq=False)
class KeyFrameDips:
    """A periodic dip (or peak) of the mean grey value.

    Attributes
    ----------
    period_frames
        Distance of the dips; None where there are none.
    depth_adu, depth_error_adu
        How far the dips lie under the frames before and after, on average, and its standard
        error; negative for peaks. Without dips, that of the key frames if there are any
        beside other pictures, else 0.
    first_frame
        Number of the first dip; None where there are none.
    share_on_key_frames
        Share of the dips that fall on key frames; None where key frames are not known or
        nothing dips.
    significance
        Depth over its error of the best period and phase.
    key_frame_period
        Typical distance of key frames; None where they are not known, 1 where every frame is
        one.
    profile_adu
        ``(period,)`` mean of each frame of a group less that of its neighbours, beginning
        with the dip; of key frames where nothing dips.
    profile_error_adu
        ``(period,)`` standard errors.
    """

    period_frames: int | None
    depth_adu: float
    depth_error_adu: float
    first_frame: int | None
    share_on_key_frames: float | None
    significance: float
    key_frame_period: int | None
    profile_adu: NDArray[np.float64]
    profile_error_adu: NDArray[np.float64]


def find_dips(
    frame_mean_adu: NDArray[np.float64], key_frames: NDArray[np.bool_] | None = None
) -> KeyFrameDips:
    """Look for single frames that lie under their neighbours, again and again.

    Each frame is compared with the mean of two on either side, so that neither drift nor slow
    flicker count. The period and phase whose frames stand out most, against the scatter of
    all, are taken if they do so by 6.5 standard errors. Key frames play no part in that
    search: that dips fall on them is found, not put in. Only where it finds nothing are the
    key frames themselves tried, against 4.5 standard errors.

    Parameters
    ----------
    frame_mean_adu
        ``(frames,)`` mean grey value of every frame.
    key_frames
        ``(frames,)`` where they are known.
    """
    mean = np.asarray(frame_mean_adu, dtype=np.float64)
    key_period = None
    if key_frames is not None and key_frames.any():
        places = np.flatnonzero(key_frames)
        key_period = int(np.median(np.diff(places))) if places.size > 1 else int(mean.size)
    under = _under_neighbours(mean)
    scatter = _scatter(under)
    period, phase, significance = _best_period(under, scatter)
    found = significance > _SIGNIFICANT
    if not found and key_period is not None and key_period > 2 and key_frames is not None:
        on_keys = _of_key_frames(under, key_frames, key_period, scatter)
        if on_keys is not None and on_keys[1] > _SIGNIFICANT_ON_KEY_FRAMES:
            (phase, significance), period, found = on_keys, key_period, True
    if not found:
        period, phase = (key_period or 0), 0
        if key_period is None or key_period < 2 or mean.size < 2 * key_period:
            empty = np.zeros(0)
            return KeyFrameDips(
                None, 0.0, scatter, None, None, significance, key_period, empty, empty
            )
        assert key_frames is not None
        phase = int(np.flatnonzero(key_frames)[0]) % key_period
    profile, error = _profile(under, period, phase)
    share = None
    if found and key_frames is not None:
        share = float(np.mean(key_frames[phase::period]))
    return KeyFrameDips(
        period_frames=period if found else None,
        depth_adu=float(profile[0]),
        depth_error_adu=float(error[0]),
        first_frame=phase if found else None,
        share_on_key_frames=share,
        significance=significance,
        key_frame_period=key_period,
        profile_adu=-profile,
        profile_error_adu=error,
    )


def _of_key_frames(
    under: NDArray[np.float64], key_frames: NDArray[np.bool_], period: int, scatter: float
) -> tuple[int, float] | None:
    """Phase of the key frames and how far they stand out; None where they come unevenly."""
    places = np.flatnonzero(key_frames)
    phase = int(places[0]) % period
    if scatter <= 0 or np.mean(places % period == phase) < 0.9:
        return None
    values = under[places]
    values = values[np.isfinite(values)]
    if values.size < _LEAST_REPEATS - 1:
        return None
    error = max(float(values.std(ddof=1)), scatter) / math.sqrt(values.size)
    return phase, float(abs(values.mean())) / error


def _under_neighbours(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each frame lies under the mean of those beside it; NaN at both ends."""
    reach = _NEIGHBOURS
    under = np.full(mean.size, np.nan)
    if mean.size > 2 * reach:
        inside = mean.size - 2 * reach
        beside = [*range(reach), *range(reach + 1, 2 * reach + 1)]
        around = sum(mean[k : k + inside] for k in beside) / len(beside)
        under[reach:-reach] = around - mean[reach:-reach]
    return under


def _scatter(under: NDArray[np.float64]) -> float:
    known = under[np.isfinite(under)]
    if known.size == 0:
        return 0.0
    middle = float(np.median(known))
    robust = 1.4826 * float(np.median(np.abs(known - middle)))
    # where an encoder skips pictures most frames are the same, and the median says nothing
    ends = np.quantile(known, [0.01, 0.99])
    return max(robust, float(np.clip(known, *ends).std()))


def _best_period(under: NDArray[np.float64], scatter: float) -> tuple[int, int, float]:
    """Period, phase and significance of the frames that stand out most."""
    size = under.size
    if size < 3 * _LEAST_REPEATS or scatter <= 0:
        return 0, 0, 0.0
    # single wild frames (a knock, a dropped frame) are not to make a rhythm
    limited = np.clip(under, -12 * scatter, 12 * scatter)
    tried = {
        period: _best_phase(limited, period, scatter)
        for period in range(3, min(_LONGEST_PERIOD, size // _LEAST_REPEATS) + 1)
    }
    period = max(tried, key=lambda p: tried[p][1])
    # every second or third dip of a rhythm is one, too: the shortest that explains it
    for divisor in range(period // 3, 1, -1):
        shorter = period // divisor
        if period % divisor == 0 and tried[shorter][1] > 0.8 * tried[period][1]:
            period = shorter
            break
    phase, significance = tried[period]
    return period, phase, significance


def _best_phase(under: NDArray[np.float64], period: int, scatter: float) -> tuple[int, float]:
    """Phase and significance for one period."""
    groups = under[: under.size // period * period].reshape(-1, period)
    known = np.isfinite(groups)
    count = known.sum(axis=0)
    mean = np.where(known, groups, 0.0).sum(axis=0) / np.maximum(count, 1)
    spread = np.where(known, (groups - mean) ** 2, 0.0).sum(axis=0)
    own = np.sqrt(spread / np.maximum(count - 1, 1))
    # the scatter of few frames is itself uncertain: never less than that of all
    z = mean * np.sqrt(count) / np.maximum(own, scatter)
    z = np.where(count >= _LEAST_REPEATS - 1, z, 0.0)
    phase = int(np.argmax(np.abs(z)))
    return phase, float(abs(z[phase]))


def _profile(
    under: NDArray[np.float64], period: int, phase: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and error over the groups, frame by frame from the dip on."""
    begun = under[phase:]
    groups = begun[: begun.size // period * period].reshape(-1, period)
    known = np.isfinite(groups)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, groups, 0.0).sum(axis=0) / count
    spread = np.where(known, (groups - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1)
    return mean, np.sqrt(spread / count)
