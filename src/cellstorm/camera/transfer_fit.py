"""Gain, offset, read noise and knee from noise over brightness, with standard errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from cellstorm.camera.response_curve import ResponseCurve, response_curve
from cellstorm.camera.transfer_levels import TransferLevels

__all__ = ["DarkLevel", "Measured", "TransferFit", "fit_transfer"]

# what is known of the read noise of any sensor at high gain before it was looked at
_USUAL_READ_NOISE_E = 2.5
_READ_NOISE_SPREAD_E = 2.0
# how much better a fit must be with a knee (difference of chi squared)
_KNEE_GAIN = 16.0
_SIGMAS_FROM_THE_ENDS = 4.0
# relative error of restored variance for each e-fold of variance, as seen on simulated clips
_CURVE_TILT = 0.06
# what a codec does beyond the curves, as seen there, relative: to all levels' noise, where gains
# came out up to a tenth too high, and to noise that is no longer normal near the knee
_CODED_GAIN_ERROR = 0.06
_CODED_KNEE_ERROR = 0.003


@dataclass(frozen=True)
class Measured:
    """A number and its standard error, in the same unit."""

    value: float
    error: float


@dataclass(frozen=True)
class DarkLevel:
    """What frames without light look like: mean and variance over time of typical pixels."""

    mean_adu: Measured
    variance_adu2: Measured


@dataclass(frozen=True)
class TransferFit:
    """The response of a camera.

    Attributes
    ----------
    gain_e_per_adu, offset_adu, read_noise_e
        With standard errors, scatter about the fit included.
    knee_adu
        The value from which on the response bends; None where the clip does not reach it.
    linear_up_to_adu
        The brightest level that lies on the straight line.
    encoder
        From 0, an encoder that searches for coefficients, to 1, one with a plain dead zone:
        which of the two the noise looks like. None where nothing was lost.
    offset_from
        What told the offset: ``"dark"``, ``"skewness"`` or ``"usual read noise"``.
    chi2_per_level
        Of the fit; about one where the errors of the levels are right.
    curve
        The fitted noise over brightness.
    shifts, tilt_centre
        How far the fit moved what was made good of a codec's loss, in standard errors of the
        kind of encoder, of the curves as a whole and of their tilt; see `restored`.
    """

    gain_e_per_adu: Measured
    offset_adu: Measured
    read_noise_e: Measured
    knee_adu: Measured | None
    linear_up_to_adu: float
    encoder: float | None
    offset_from: str
    chi2_per_level: float
    curve: ResponseCurve
    shifts: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tilt_centre: float = 0.0

    def restored(self, levels: TransferLevels) -> NDArray[np.float64]:
        """``(levels,)`` variance before coding, as the fit sees it, ADU^2; NaN where unknown."""
        with np.errstate(invalid="ignore", divide="ignore"):
            tilt = _tilt(levels.variance_adu2, levels.log_half_width, self.tilt_centre)
        width, error, slope = self.shifts
        shift = width * levels.log_half_width + error * levels.curve_error + slope * tilt
        restored: NDArray[np.float64] = levels.variance_adu2 * np.exp(shift)
        return restored


@dataclass(frozen=True, eq=False)
class _Data:
    level: NDArray[np.float64]
    variance: NDArray[np.float64]
    error: NDArray[np.float64]
    systematic: NDArray[np.float64]
    third: NDArray[np.float64]
    third_error: NDArray[np.float64]
    lossless: bool
    dark: DarkLevel | None
    clip_adu: float | None
    ceiling_adu: float
    rounding_adu: float


def fit_transfer(
    levels: Sequence[TransferLevels],
    *,
    ceiling_adu: float,
    dark: DarkLevel | None = None,
    dark_clip_adu: float | None = None,
    rounding_adu: float = 1.0,
) -> TransferFit | None:
    """Fit `response_curve` to all levels at once, by weighted least squares.

    The slope of variance over brightness is one over the gain. Offset and read noise share
    the line's intercept; what parts them is the dark level or, in uncoded clips, the third
    moment, which light alone has: ``(mean - offset) / gain^2`` (a Poisson number's cumulants
    are all equal). Without either the read noise is taken as 2.5 +- 2 photoelectrons.

    Parameters
    ----------
    levels
        Of each kind of picture.
    ceiling_adu
        The value that no pixel passes.
    dark
        From a series without light.
    dark_clip_adu
        Values at or under it became 0.
    rounding_adu
        Step of recorded values.

    Returns
    -------
    TransferFit or None
        None without four usable levels of different brightness.
    """
    data = _gathered(levels, ceiling_adu, dark, dark_clip_adu, rounding_adu)
    if data is None:
        return None
    start = _first_guess(data)
    if start is None:
        return None
    straight = _solve(data, start, knee=None, with_third=False)
    best, knee_seen = straight, False
    reached = data.level.max() / data.ceiling_adu
    for share in (0.55, 0.65, 0.75, 0.85, 0.92):
        if share < reached:
            tried = _solve(data, straight.x[:6], knee=share * data.ceiling_adu, with_third=False)
            if tried.cost < best.cost - (0 if knee_seen else _KNEE_GAIN / 2):
                best, knee_seen = tried, True
    with_third = data.lossless
    knee_now = float(best.x[6]) if knee_seen else None
    if with_third:
        best = _solve(data, best.x[:6], knee=knee_now, with_third=True)
    return _as_fit(data, best, knee_seen, with_third)


def _gathered(
    levels: Sequence[TransferLevels],
    ceiling_adu: float,
    dark: DarkLevel | None,
    clip_adu: float | None,
    rounding_adu: float,
) -> _Data | None:
    chosen = [(one, one.usable & (one.level_adu < 0.98 * ceiling_adu)) for one in levels]
    columns = [
        np.concatenate([getattr(one, name)[used] for one, used in chosen])
        for name in (
            "level_adu",
            "variance_adu2",
            "error_adu2",
            "log_half_width",
            "curve_error",
            "third_adu3",
            "third_error_adu3",
        )
    ]
    level, variance, error, half, curve_error, third, third_error = columns
    if level.size < 4:
        return None
    error = np.maximum(error, 1e-3 * variance)
    lossless = bool((half == 0).all())
    return _Data(
        level,
        variance,
        error,
        np.stack([half, curve_error, _tilt(variance, half, float(np.log(variance).mean()))]),
        third,
        np.maximum(third_error, 1e-9),
        lossless,
        dark,
        clip_adu,
        ceiling_adu,
        rounding_adu,
    )


def _tilt(
    variance: NDArray[np.float64], half_width: NDArray[np.float64], centre: float
) -> NDArray[np.float64]:
    """Relative error of restored variances that grows from dark to bright; 0 if lossless."""
    tilt: NDArray[np.float64] = np.where(
        half_width != 0, _CURVE_TILT * (np.log(variance) - centre), 0.0
    )
    return tilt


def _first_guess(data: _Data) -> NDArray[np.float64] | None:
    """ln gain, offset, read noise from the slopes between all levels in the lower part."""
    x, v = data.level, data.variance
    lower = x <= x.min() + 0.6 * (x.max() - x.min())
    if lower.sum() < 3:
        lower = np.ones_like(lower)
    if data.dark is not None:
        x = np.append(x[lower], data.dark.mean_adu.value)
        v = np.append(v[lower], data.dark.variance_adu2.value)
    else:
        x, v = x[lower], v[lower]
    apart = np.subtract.outer(x, x)
    span = float(apart.max())
    if span <= 0:
        return None
    far = apart > 0.25 * span
    slope = float(np.median(np.subtract.outer(v, v)[far] / apart[far]))
    if slope <= 0:
        return None
    read = _USUAL_READ_NOISE_E
    offset = float(np.median(x - v / slope)) + read**2 * slope
    if data.dark is not None:
        offset = data.dark.mean_adu.value
    return np.array([-math.log(slope), min(offset, float(x.min())), read, 0.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class _Solution:
    x: NDArray[np.float64]
    cost: float
    jacobian: NDArray[np.float64]
    residuals: NDArray[np.float64]


def _curve(data: _Data, x: NDArray[np.float64], knee: float) -> ResponseCurve:
    brightest = float(data.level.max())
    return response_curve(
        offset_adu=float(x[1]),
        gain_e_per_adu=math.exp(float(x[0])),
        read_noise_e=float(x[2]),
        knee_adu=knee,
        ceiling_adu=data.ceiling_adu,
        dark_clip_adu=data.clip_adu,
        rounding_adu=data.rounding_adu,
        highest_adu=None if brightest > 0.5 * data.ceiling_adu else 1.2 * brightest,
    )


def _solve(
    data: _Data, start: NDArray[np.float64], *, knee: float | None, with_third: bool
) -> _Solution:
    linear = _linear_levels(data, knee) if with_third else np.zeros(data.level.size, bool)
    scale = np.array([0.05, 1.0, 0.5, 1.0, 1.0, 1.0, 0.02 * data.ceiling_adu])

    def residuals(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        x = scaled * scale[: scaled.size]
        curve = _curve(data, x, float(x[6]) if x.size > 6 else data.ceiling_adu)
        gain = math.exp(float(x[0]))
        # x[3]: +1 is the encoder with the dead zone, -1 the one that searches; then how far
        # the curves of the loss are off, for all levels alike and from dark to bright
        seen = data.variance * np.exp(x[3:6] @ data.systematic)
        parts = [(curve.variance_at(data.level) - seen) / data.error]
        light = (data.level[linear] - x[1]) / gain**2
        parts.append((light - data.third[linear]) / data.third_error[linear])
        parts.append(np.array([(x[2] - _USUAL_READ_NOISE_E) / _READ_NOISE_SPREAD_E, *x[3:6]]))
        if data.dark is not None:
            mean, variance = data.dark.mean_adu, data.dark.variance_adu2
            parts.append(
                np.array(
                    [
                        (curve.mean_adu[0] - mean.value) / mean.error,
                        (curve.variance_adu2[0] - variance.value) / variance.error,
                    ]
                )
            )
        return np.concatenate(parts)

    first = start if knee is None else np.append(start[:6], knee)
    low = np.array([-20.0, -np.inf, 0.0, -3.0, -4.0, -4.0, 0.3 * data.ceiling_adu])[: first.size]
    high = np.array([20.0, np.inf, np.inf, 3.0, 4.0, 4.0, data.ceiling_adu])[: first.size]
    used = scale[: first.size]
    first = np.clip(first, low + 1e-6, high - 1e-6)
    found = least_squares(
        residuals,
        first / used,
        bounds=(low / used, high / used),
        x_scale="jac",
        diff_step=np.full(first.size, 1e-4),
        max_nfev=60,
    )
    return _Solution(
        found.x * used, float(found.cost), np.asarray(found.jac) / used, np.asarray(found.fun)
    )


def _linear_levels(data: _Data, knee: float | None) -> NDArray[np.bool_]:
    """Levels whose noise touches neither end of the scale."""
    reach = _SIGMAS_FROM_THE_ENDS * np.sqrt(data.variance)
    top = data.ceiling_adu if knee is None else knee
    low = -np.inf if data.clip_adu is None else data.clip_adu
    inside: NDArray[np.bool_] = (data.level + reach < top) & (data.level - reach > low)
    return inside


def _as_fit(data: _Data, best: _Solution, knee_seen: bool, with_third: bool) -> TransferFit:
    levels = data.level.size
    # scatter about the fit beyond the errors given makes all errors larger
    own = best.residuals[:levels]
    chi2 = float(np.sum(own**2)) / max(levels - best.x.size + 3, 1)
    covariance = np.linalg.pinv(best.jacobian.T @ best.jacobian) * max(chi2, 1.0)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    gain = math.exp(float(best.x[0]))
    knee = float(best.x[6]) if knee_seen else data.ceiling_adu
    curve = _curve(data, best.x, knee)
    deviation = np.sqrt(np.interp(data.level, curve.mean_adu, curve.variance_adu2))
    if knee_seen:
        linear_up_to = knee
    else:
        linear_up_to = float(min(data.level.max(), data.ceiling_adu - deviation.max()))
    knee_error = 0.0
    if knee_seen:
        own_error = 0.0 if data.lossless else _CODED_KNEE_ERROR * knee
        knee_error = math.hypot(float(errors[6]), own_error)
    if data.dark is not None:
        told = "dark"
    elif with_third and errors[2] < 0.5 * _READ_NOISE_SPREAD_E:
        told = "skewness"
    else:
        told = "usual read noise"
    gain_error = math.hypot(float(errors[0]), 0.0 if data.lossless else _CODED_GAIN_ERROR)
    return TransferFit(
        gain_e_per_adu=Measured(gain, gain * gain_error),
        offset_adu=Measured(float(best.x[1]), float(errors[1])),
        read_noise_e=Measured(float(best.x[2]), float(errors[2])),
        knee_adu=Measured(knee, knee_error) if knee_seen else None,
        linear_up_to_adu=linear_up_to,
        encoder=None if data.lossless else float(np.clip((best.x[3] + 1) / 2, 0, 1)),
        offset_from=told,
        chi2_per_level=chi2,
        curve=curve,
        shifts=(float(best.x[3]), float(best.x[4]), float(best.x[5])),
        tilt_centre=float(np.log(data.variance).mean()),
    )
