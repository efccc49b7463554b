"""A camera measured from a still clip and, better, a dark series."""

import math
from dataclasses import dataclass

import numpy as np

from cellstorm.camera.dark_series import DarkSeries, measure_dark
from cellstorm.camera.model import Camera
from cellstorm.camera.pixel_maps import PixelMaps
from cellstorm.camera.still_statistics import (
    StillStatistics,
    grey_scale_of,
    is_lossless,
    measure_still,
)
from cellstorm.camera.tone_curve import ToneCurve
from cellstorm.camera.transfer_fit import TransferFit, fit_transfer
from cellstorm.camera.transfer_levels import TransferLevels, transfer_levels
from cellstorm.errors import MovieError
from cellstorm.movie import Movie
from cellstorm.movie.stack_axes import COLOUR_NOTICE

__all__ = ["Calibration", "calibrate"]

_MOST_SATURATED = 0.5
_MOST_GAIN_ERROR = 0.5
_LEAST_AT_CEILING = 20
_LEAST_FRAMES_FOR_MAPS = 200
_MOST_CLIPPED_FOR_MAPS = 0.3
# without a quantiser nothing tells what a codec took: gains are too high by up to this
_UNKNOWN_LOSS = 0.5
_LITTLE_LEFT = 0.5


@dataclass(frozen=True, eq=False)
class Calibration:
    """A measured camera and all that it rests on.

    Attributes
    ----------
    clip_name, dark_name
        What was measured.
    still, levels, fit
        Pixel by pixel, by grey level, and the response fitted to that.
    dark
        None without a dark series.
    share_left
        For each kind of picture the share of the noise's variance that the codec left, over
        all levels, going by the fit. Empty where nothing was lost.
    camera
        What `Camera.save` writes; its notes have the errors.
    notices
        What the user should know, a sentence each.
    """

    clip_name: str
    dark_name: str | None
    still: StillStatistics
    levels: tuple[TransferLevels, ...]
    fit: TransferFit
    dark: DarkSeries | None
    share_left: dict[str, float]
    camera: Camera
    notices: tuple[str, ...]


def calibrate(
    clip: Movie,
    dark: Movie | None = None,
    *,
    name: str = "calibrated",
    tone_curve: ToneCurve | None = None,
) -> Calibration:
    """Measure gain, offset, read noise and knee by photon transfer.

    Parameters
    ----------
    clip
        A scene that stands still and is lit unevenly, from dark to as bright as possible: a
        defocused edge or vignette. Ten frames will do.
    dark
        The same settings without light; tells offset and read noise, clipping, hot pixels.
    name
        Of the camera.
    tone_curve
        Where the response is known to be bent.

    Raises
    ------
    MovieError
        The clip or the series cannot be used; the message says why.
    """
    for movie in (clip, dark):
        if movie is not None:
            _refuse_unusable(movie)
    if dark is not None and dark.bit_depth != clip.bit_depth:
        raise MovieError(
            f"the dark series has {dark.bit_depth} bits and the clip {clip.bit_depth}.",
            where=dark.name,
            todo="Record both with the same settings.",
        )
    scale = grey_scale_of(clip).model_copy(update={"tone_curve": tone_curve})
    still = measure_still(clip, scale)
    _refuse_empty(clip, still)
    series = None if dark is None else measure_dark(dark, scale)
    unknown = any(part.step_adu is None for part in still.pictures)
    levels = transfer_levels(still, as_if_lossless=unknown)
    ceiling, piled_up = _ceiling(clip, still, scale)
    fit = fit_transfer(
        levels,
        ceiling_adu=ceiling,
        dark=None if series is None else series.level,
        dark_clip_adu=_clip_of(series, still, clip),
        rounding_adu=_rounding(clip, scale),
    )
    if fit is None or fit.gain_e_per_adu.error > _MOST_GAIN_ERROR * fit.gain_e_per_adu.value:
        raise _not_measurable(clip, still, levels)
    if still.seems_to_move:
        raise MovieError(
            "the scene does not stand still: what changes in it is more than noise.",
            where=clip.name,
            todo="Record something fixed and out of focus, without blinking molecules.",
        )
    lossless = is_lossless(clip)
    share_left = {} if lossless else _shares(levels, fit)
    notices = tuple(_notices(clip, still, series, fit, share_left, unknown, lossless))
    camera = _as_camera(clip, dark, still, series, fit, name, scale, piled_up, unknown)
    return Calibration(
        clip.name,
        None if dark is None else dark.name,
        still,
        levels,
        fit,
        series,
        share_left,
        camera,
        notices,
    )


def _refuse_unusable(movie: Movie) -> None:
    if COLOUR_NOTICE in movie.notices:
        raise MovieError(
            "this is a colour movie, whose grey values mix the noise of three channels.",
            where=movie.name,
            todo="Record in monochrome, or give one channel as a movie of its own.",
        )


def _refuse_empty(clip: Movie, still: StillStatistics) -> None:
    if still.highest_adu == still.lowest_adu:
        value = f"{still.lowest_adu:.4g}"
        raise MovieError(
            f"there is nothing in it: every pixel of every frame is {value}.",
            where=clip.name,
            todo="Record an uneven light, from dark to bright.",
        )
    if still.share_highest > _MOST_SATURATED:
        raise MovieError(
            f"{100 * still.share_highest:.0f} % of its values are at the largest,"
            f" {still.highest_adu:.4g}: it is overexposed.",
            where=clip.name,
            todo="Record it again with less light or a shorter exposure.",
        )
    if still.share_lowest > _MOST_SATURATED:
        raise MovieError(
            f"{100 * still.share_lowest:.0f} % of its values are at the smallest,"
            f" {still.lowest_adu:.4g}: it is underexposed, or clipped at black.",
            where=clip.name,
            todo="Record it again with more light; a series without light is given by --dark.",
        )


def _ceiling(clip: Movie, still: StillStatistics, scale: Camera) -> tuple[float, bool]:
    """The value that no pixel passes, and whether pixels have piled up there."""
    values = clip.shape[1] * clip.shape[2] * still.frames
    piled = still.share_highest * values >= _LEAST_AT_CEILING and still.share_highest > 1e-6
    if clip.dtype.kind not in "iu":
        return still.highest_adu, False
    top = float(scale.to_photoelectrons(np.array([2.0**clip.bit_depth - 1.0]))[0])
    if piled and still.highest_adu > 0.5 * top:
        return still.highest_adu, True
    return top, False


def _rounding(clip: Movie, scale: Camera) -> float:
    if clip.dtype.kind not in "iu":
        return 0.0
    return 255.0 / 219.0 if scale.value_range == "limited" else 1.0


def _clip_of(series: DarkSeries | None, still: StillStatistics, clip: Movie) -> float | None:
    """Unsigned values are clipped at zero at the least, wherever noise goes there."""
    if series is not None and series.dark_clip_adu is not None:
        return series.dark_clip_adu
    reaches_zero = still.lowest_adu <= 0 or (series is not None and series.share_clipped > 0)
    return 0.0 if reaches_zero and clip.dtype.kind == "u" else None


def _not_measurable(
    clip: Movie, still: StillStatistics, levels: tuple[TransferLevels, ...]
) -> MovieError:
    usable = sum(int(one.usable.sum()) for one in levels)
    if not is_lossless(clip) and usable < 4:
        return MovieError(
            "the codec has removed the noise that a calibration needs.",
            where=clip.name,
            todo="Record at the highest bit rate, with more light, or as raw frames.",
        )
    if still.seems_to_move:
        return MovieError(
            "the scene does not stand still: what changes in it is more than noise.",
            where=clip.name,
            todo="Record something fixed and out of focus, without blinking molecules.",
        )
    low, high = np.quantile(still.mean_adu, [0.01, 0.99])
    return MovieError(
        f"brightness only goes from {low:.4g} to {high:.4g} ADU, or the clip is too short: noise"
        " over brightness cannot be told.",
        where=clip.name,
        todo="Record an uneven light from dark to bright, for ten frames or more.",
    )


def _shares(levels: tuple[TransferLevels, ...], fit: TransferFit) -> dict[str, float]:
    shares = {}
    for one in levels:
        before = fit.curve.variance_at(one.level_adu)
        left = np.sum(one.left_adu2 * one.pixels)
        # the fit is uncertain, but no codec adds noise that a still scene does not have
        shares[one.kind] = min(1.0, float(left / np.sum(np.maximum(before, 1e-9) * one.pixels)))
    return shares


def _notices(
    clip: Movie,
    still: StillStatistics,
    series: DarkSeries | None,
    fit: TransferFit,
    share_left: dict[str, float],
    unknown: bool,
    lossless: bool,
) -> list[str]:
    notices = list(clip.notices)
    if unknown:
        notices.append(
            "The codec tells no quantiser, so what it took of the noise cannot be made good: the"
            " gain is too high by an unknown amount. Record as H.264, or uncompressed."
        )
    elif not lossless:
        told = ", ".join(
            f"{100 * share:.0f} % in {kind} pictures" for kind, share in share_left.items()
        )
        notices.append(
            f"The codec left {told} of the noise's variance; the rest was made good from the"
            " quantiser. The errors say how far that can be trusted."
        )
        if min(share_left.values()) < _LITTLE_LEFT:
            notices.append(
                "More than half of the noise is gone: a higher bit rate would make this sure."
            )
    if series is None and fit.offset_from == "skewness":
        notices.append("Offset and read noise come from the skewness of the noise: give --dark.")
    elif series is None:
        notices.append(
            "Without a dark series (--dark) offset and read noise cannot be told apart; a usual"
            " read noise of 2.5 e is assumed."
        )
    if fit.knee_adu is None:
        notices.append(
            f"The clip does not reach the end of the scale: linear up to"
            f" {fit.linear_up_to_adu:.4g} ADU at least."
        )
    if fit.chi2_per_level > 4:
        notices.append(
            f"The noise does not follow the model (chi squared per level {fit.chi2_per_level:.1f});"
            " the response may be bent or the image processor denoises. The errors are scaled."
        )
    if still.frames < 10:
        notices.append(f"Only {still.frames} frames: more would make the errors smaller.")
    if series is not None:
        dips = series.dips
        if dips.period_frames is not None:
            where = ""
            if dips.share_on_key_frames is not None:
                where = f"; {100 * dips.share_on_key_frames:.0f} % of them are key frames"
            notices.append(
                f"The dark mean dips by {dips.depth_adu:.3g} ADU every {dips.period_frames}"
                f" frames{where}."
            )
        if series.dark_clip_adu is not None:
            notices.append(
                f"Values at or under {series.dark_clip_adu:g} became 0 in the dark"
                f" ({100 * series.share_clipped:.0f} % of them)."
            )
    return notices


def _as_camera(
    clip: Movie,
    dark: Movie | None,
    still: StillStatistics,
    series: DarkSeries | None,
    fit: TransferFit,
    name: str,
    scale: Camera,
    piled_up: bool,
    unknown: bool,
) -> Camera:
    gain, offset, read = fit.gain_e_per_adu, fit.offset_adu, fit.read_noise_e
    gain_error = max(gain.error, _UNKNOWN_LOSS * gain.value) if unknown else gain.error
    knee = fit.knee_adu
    saturation: float | None = None
    if knee is not None:
        saturation = knee.value
    elif piled_up:
        saturation = still.highest_adu
    curve = scale.tone_curve
    if saturation is not None and curve is not None:
        # the camera counts it on the scale before the tone curve
        saturation = float(curve.bend(np.array(saturation)))
    clip_adu = None if series is None else series.dark_clip_adu
    notes = [
        f"measured from {clip.name} ({still.frames} frames)"
        + ("" if dark is None or series is None else f" and {dark.name} ({series.frames} frames)"),
        f"gain {gain.value:.4g} +- {gain_error:.2g} e/ADU",
        f"offset {offset.value:.4g} +- {offset.error:.2g} ADU",
        f"read noise {read.value:.3g} +- {read.error:.2g} e",
    ]
    if knee is not None:
        notes.append(f"linear up to {knee.value:.4g} +- {knee.error:.2g} ADU")
    else:
        notes.append(f"linear up to {fit.linear_up_to_adu:.4g} ADU at least")
    return Camera(
        name=name,
        offset_adu=_short(offset.value),
        gain_e_per_adu=_short(gain.value),
        read_noise_e=_short(max(read.value, 0.0)),
        saturation_adu=None if saturation is None else _short(saturation),
        dark_clip_adu=clip_adu,
        tone_curve=curve,
        bit_depth=min(clip.bit_depth, 32),
        value_range=scale.value_range,
        maps=_maps(clip, dark, series, fit),
        notes="; ".join(notes),
    )


def _maps(
    clip: Movie, dark: Movie | None, series: DarkSeries | None, fit: TransferFit
) -> PixelMaps | None:
    """Offset and variance of every pixel, where a dark series is long and uncoded."""
    if (
        series is None
        or dark is None
        or series.lossy
        or not is_lossless(clip)
        or series.frames < _LEAST_FRAMES_FOR_MAPS
        or series.mean_adu.shape != clip.shape[1:]
        or series.share_clipped > _MOST_CLIPPED_FOR_MAPS
    ):
        return None
    # a clipped value hardly follows its pixel's offset
    followed = 1.0 - series.share_clipped
    offset = fit.offset_adu.value + (series.mean_adu - series.level.mean_adu.value) / followed
    variance = series.variance_adu2
    usual = float(np.median(variance))
    # the part of the differences that a series of this length cannot have made itself
    chance = 2.0 * usual**2 / max(series.frames - 1, 1)
    limited = np.clip(variance, 0.0, 3.0 * usual)
    real = max(1.0 - chance / max(float(limited.var()), 1e-12), 0.0)
    shrunk = usual + np.where(variance > 3.0 * usual, 1.0, real) * (variance - usual)
    rounding = 1.0 / 12.0
    whole = (fit.read_noise_e.value / fit.gain_e_per_adu.value) ** 2 + rounding
    scaled = shrunk * (whole / max(usual, 1e-12))
    return PixelMaps(
        offset_adu=offset.astype(np.float32),
        variance_adu2=np.maximum(scaled, rounding).astype(np.float32),
    )


def _short(value: float) -> float:
    return float(f"{value:.5g}") if math.isfinite(value) else value
