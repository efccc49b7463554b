"""The two pictures of a calibration: noise over brightness, and a series without light."""

from typing import TYPE_CHECKING

import numpy as np

from cellstorm.camera.calibration import Calibration
from cellstorm.camera.dark_series import DarkSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["dark_figure", "transfer_figure"]

_COLOURS = {"all": "#0057a8", "intra": "#c2410c", "inter": "#0057a8"}
_NAMES = {"all": "measured", "intra": "intra pictures", "inter": "inter pictures"}
_MOST_SHOWN_FRAMES = 4000
_GROUPS_SHOWN = 5
_LEVELS_SHOWN = 30


def transfer_figure(calibration: Calibration) -> "Figure":
    """Variance over mean (as Diederich et al. 2019, fig. 7), and what the fit leaves."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    whole, rest = figure.subplots(1, 2)
    _draw_transfer(whole, calibration)
    _draw_rest(rest, calibration)
    return figure


def _draw_transfer(axes: "Axes", calibration: Calibration) -> None:
    fit, curve = calibration.fit, calibration.fit.curve
    top = 0.0
    for level in calibration.levels:
        colour, name = _COLOURS[level.kind], _NAMES[level.kind]
        coded = level.kind != "all"
        if coded:
            axes.plot(
                level.level_adu,
                level.left_adu2,
                ".",
                color=colour,
                alpha=0.35,
                label=f"{name}, as recorded",
            )
        used = level.usable
        axes.errorbar(
            level.level_adu[used],
            fit.restored(level)[used],
            level.error_adu2[used],
            fmt="o",
            markersize=3,
            linewidth=0.8,
            color=colour,
            label=f"{name}, loss made good" if coded else name,
        )
        if used.any():
            top = max(top, float(fit.restored(level)[used].max()))
    last = max(float(level.level_adu.max()) for level in calibration.levels)
    shown = curve.mean_adu <= max(last * 1.02, 1.0)
    axes.plot(curve.mean_adu[shown], curve.variance_adu2[shown], color="black", label="fit")
    start, end = fit.offset_adu.value, last
    line = np.array([start, end])
    gain, read = fit.gain_e_per_adu.value, fit.read_noise_e.value
    straight = (line - start) / gain + (read / gain) ** 2
    axes.plot(line, straight, color="0.6", linestyle="--", linewidth=1, label="straight line")
    if calibration.dark is not None:
        dark = calibration.dark.level
        axes.plot(dark.mean_adu.value, dark.variance_adu2.value, "s", color="#166534", label="dark")
    if fit.knee_adu is not None:
        axes.axvline(fit.knee_adu.value, color="#b3261e", linewidth=1)
        axes.annotate(
            f"knee {fit.knee_adu.value:.4g}",
            (fit.knee_adu.value, 0.02 * top),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            color="#b3261e",
            fontsize="small",
        )
    axes.set_ylim(0, 1.15 * max(top, 1e-9))
    axes.set(
        xlabel="mean, ADU",
        ylabel="variance over time, ADU²",
        title=f"Photon transfer: {gain:.3g} e/ADU",
    )
    axes.legend(fontsize="x-small")


def _draw_rest(axes: "Axes", calibration: Calibration) -> None:
    """Levels over the fit: what the model does not explain."""
    curve = calibration.fit.curve
    for level in calibration.levels:
        used = level.usable
        model = curve.variance_at(level.level_adu[used])
        axes.errorbar(
            level.level_adu[used],
            100 * (calibration.fit.restored(level)[used] / model - 1),
            100 * level.error_adu2[used] / model,
            fmt="o",
            markersize=3,
            linewidth=0.8,
            color=_COLOURS[level.kind],
            label=_NAMES[level.kind],
        )
    axes.axhline(0, color="black", linewidth=1)
    low, high = axes.get_ylim()
    reach = min(max(abs(low), abs(high), 1.0), 60.0)
    axes.set_ylim(-reach, reach)
    axes.set(xlabel="mean, ADU", ylabel="measured over fit, %", title="What the fit leaves")
    if len(calibration.levels) > 1:
        axes.legend(fontsize="x-small")


def dark_figure(dark: DarkSeries) -> "Figure":
    """Mean over time, dips, and grey values near black (as Diederich et al. 2019, fig. 8)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    (over_time, closer), (folded, histogram) = figure.subplots(2, 2)
    _draw_over_time(over_time, dark)
    _draw_closer(closer, dark)
    _draw_folded(folded, dark)
    _draw_histogram(histogram, dark)
    return figure


def _group(dark: DarkSeries) -> int:
    return dark.dips.period_frames or dark.dips.key_frame_period or 1


def _draw_over_time(axes: "Axes", dark: DarkSeries) -> None:
    step = max(1, dark.frames // _MOST_SHOWN_FRAMES)
    axes.plot(
        dark.time_s[::step],
        dark.frame_mean_adu[::step],
        color="0.75",
        linewidth=0.5,
        label="each frame",
    )
    group = max(2, min(_group(dark), dark.frames // 3))
    if dark.frames > 3 * group:
        smooth = np.convolve(dark.frame_mean_adu, np.ones(group) / group, mode="valid")
        first = group // 2
        axes.plot(
            dark.time_s[first : first + smooth.size],
            smooth,
            color="#0057a8",
            label=f"mean of {group} frames",
        )
    axes.set(xlabel=_time_label(dark), ylabel="mean, ADU", title="The mean over time")
    axes.legend(fontsize="x-small")


def _draw_closer(axes: "Axes", dark: DarkSeries) -> None:
    group = _group(dark)
    length = min(dark.frames, max(_GROUPS_SHOWN * group, 60))
    first = min(dark.dips.first_frame or 0, dark.frames - length)
    if dark.dips.period_frames is not None and dark.frames > 3 * length:
        first += length // group * group
    shown = slice(first, first + length)
    axes.plot(dark.time_s[shown], dark.frame_mean_adu[shown], color="#0057a8", linewidth=1)
    period = dark.dips.period_frames
    if period is not None and dark.dips.first_frame is not None:
        places = np.arange(dark.dips.first_frame, dark.frames, period)
        places = places[(places >= first) & (places < first + length)]
        axes.plot(dark.time_s[places], dark.frame_mean_adu[places], "o", color="#b3261e")
    title = "No dips" if period is None else f"Dips every {period} frames"
    axes.set(xlabel=_time_label(dark), ylabel="mean, ADU", title=f"{title} (closer)")


def _draw_folded(axes: "Axes", dark: DarkSeries) -> None:
    dips = dark.dips
    if dips.profile_adu.size:
        axes.errorbar(
            np.arange(dips.profile_adu.size),
            dips.profile_adu,
            dips.profile_error_adu,
            fmt=".-",
            color="#0057a8",
        )
    axes.axhline(0, color="black", linewidth=0.8)
    on_keys = dips.share_on_key_frames
    known = "" if on_keys is None else f" ({100 * on_keys:.0f} % are key frames)"
    what = "dip" if dips.period_frames is not None else "key frame"
    axes.set(
        xlabel=f"frame of the group (0: {what})",
        ylabel="mean less its neighbours', ADU",
        title=f"All groups on top of each other{known}",
    )


def _draw_histogram(axes: "Axes", dark: DarkSeries) -> None:
    counts = dark.histogram
    if counts.size:
        total = counts.sum()
        cumulative = np.cumsum(counts) / total
        low = int(np.searchsorted(cumulative, 0.0005))
        high = int(np.searchsorted(cumulative, 0.9995)) + 2
        high = max(min(high, counts.size), low + 2)
        step = max(1, (high - low) // (4 * _LEVELS_SHOWN))
        values = np.arange(low, min(high, counts.size), step)
        axes.bar(values, 100 * counts[values] / total, width=0.8 * step, color="#0057a8")
    if dark.dark_clip_adu is not None:
        axes.axvline(dark.dark_clip_adu + 0.5, color="#b3261e", linewidth=1)
    axes.set(xlabel="grey value", ylabel="% of pixels", title="Grey values in the dark")


def _time_label(dark: DarkSeries) -> str:
    counted = dark.frames > 1 and float(dark.time_s[1] - dark.time_s[0]) == 1.0
    return "frame" if counted else "time, s"
