"""The drawings of a report, one function a figure."""

import math
from typing import TYPE_CHECKING

import numpy as np

from cellstorm.evaluate import (
    BlinkStatistics,
    Decorrelation,
    EventRate,
    Frc,
    FrcMap,
    GridBias,
    Nena,
    Profile,
)
from cellstorm.refine.drift import DriftCurve
from cellstorm.report.distribution import Distribution
from cellstorm.report.parts import Drawing, as_text, error_text
from cellstorm.report.plotting import ACCENT, BAND, INK, MAIN, SOFT, Axis, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "draw_blinks",
    "draw_decorrelation",
    "draw_distribution",
    "draw_drift",
    "draw_frc",
    "draw_frc_map",
    "draw_grid",
    "draw_nena",
    "draw_profile",
    "draw_rate",
]

_FARTHEST_RESOLUTIONS = 3.0
_MOST_POINTS = 700
_PERCENT = "%"


def draw_frc(found: Frc) -> Drawing:
    """The curve, its threshold, and the interval of the resolution."""

    def paint(axes: "Axes") -> None:
        shown = found.frequency_per_nm <= _FARTHEST_RESOLUTIONS / found.resolution_nm
        step = max(1, int(shown.sum()) // _MOST_POINTS)
        frequency = 1e3 * found.frequency_per_nm[shown][::step]
        axes.plot(frequency, found.curve[shown][::step], color=SOFT, lw=0.6, alpha=0.5)
        axes.plot(
            frequency, found.smoothed_curve[shown][::step], color=MAIN, lw=1.8, label="smoothed"
        )
        axes.plot(
            frequency,
            found.threshold_curve[shown][::step],
            color=INK,
            lw=0.9,
            ls="--",
            label=f"threshold {found.threshold}",
        )
        if math.isfinite(found.error_nm) and found.low_nm > 0:
            axes.axvspan(1e3 / found.high_nm, 1e3 / found.low_nm, color=ACCENT, alpha=0.18, lw=0)
        axes.axvline(1e3 / found.resolution_nm, color=ACCENT, lw=1.2)
        axes.annotate(
            f"{as_text(found.resolution_nm)} nm",
            (1e3 / found.resolution_nm, 0.93),
            xytext=(5, 0),
            textcoords="offset points",
            color=ACCENT,
            weight="bold",
        )
        axes.set_ylim(-0.12, 1.04)
        axes.set_xlim(0, float(frequency[-1]) if frequency.size else None)
        axes.legend(loc="upper right", bbox_to_anchor=(1.0, 0.9))

    return draw(
        "Fourier ring correlation",
        alt="Curve of the Fourier ring correlation over spatial frequency: it falls under"
        f" {found.threshold} at {as_text(found.resolution_nm)} nm.",
        caption="Two halves of the table compared, detail by detail: 1 is full agreement. Where the"
        " curve falls under the threshold is the resolution; the band is its 95 % interval.",
        x=Axis("spatial frequency", "1/µm"),
        y=Axis("correlation", "1 = agreement"),
        paint=paint,
    )


def draw_frc_map(found: FrcMap) -> Drawing:
    """Resolution over the field, as a picture."""
    rows, columns = found.resolution_nm.shape
    shape = rows * found.tile_nm[1] / (columns * found.tile_nm[0])

    def paint(axes: "Axes") -> None:
        x0, y0 = (1e-3 * corner for corner in found.origin_nm)
        x1, y1 = x0 + 1e-3 * columns * found.tile_nm[0], y0 + 1e-3 * rows * found.tile_nm[1]
        told = found.resolution_nm[np.isfinite(found.resolution_nm)]
        low, high = np.quantile(told, (0.02, 0.98)).tolist()
        axes.patch.set(facecolor=BAND, alpha=0.6)
        image = axes.imshow(
            found.resolution_nm,
            extent=(x0, x1, y1, y0),
            cmap="viridis_r",
            vmin=low,
            vmax=max(high, low + 1e-6),
            interpolation="nearest",
        )
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.9)
        bar.set_label("resolution, nm")
        bar.outline.set_visible(False)

    return draw(
        "Resolution over the field",
        alt=f"Map of the resolution: {as_text(found.median_nm)} nm in the middle tile, from"
        f" {as_text(found.best_nm)} to {as_text(found.worst_nm)} nm.",
        caption="The same, tile by tile (of a huge field, its middle); empty tiles have too few"
        " molecules to tell. One tile scatters by tenths of its value: look at the whole.",
        x=Axis("x", "µm"),
        y=Axis("y", "µm"),
        paint=paint,
        grid=False,
        height=min(max(0.85 * shape, 0.7), 1.5),
    )


def draw_decorrelation(found: Decorrelation) -> Drawing:
    """The unfiltered curve and the one that reached farthest."""

    def paint(axes: "Axes") -> None:
        axes.plot(1e3 * found.frequency_per_nm, found.curve, color=SOFT, lw=1.2, label="picture")
        axes.plot(
            1e3 * found.best_frequency_per_nm,
            found.best_curve,
            color=MAIN,
            lw=1.8,
            label="finest filter",
        )
        axes.axvline(1e3 / found.resolution_nm, color=ACCENT, lw=1.2)
        axes.set_xlim(0, min(3e3 / found.resolution_nm, 1e3 * float(found.frequency_per_nm[-1])))
        axes.set_ylim(0, None)
        axes.legend(loc="lower right")

    return draw(
        "Decorrelation of the picture",
        alt="Correlation of the picture with its own phases over spatial frequency; the last peak"
        f" lies at {as_text(found.resolution_nm)} nm.",
        caption="The picture compared with its own phases. It judges the picture as drawn, the"
        " width of its spots included; what the sample shows is told by the curve above.",
        x=Axis("spatial frequency", "1/µm"),
        y=Axis("correlation", "1 = agreement"),
        paint=paint,
    )


def draw_nena(found: Nena) -> Drawing:
    """Steps to the nearest neighbour in a later frame, and the fit."""
    near = found.frames_apart == 1
    later = "the next frame" if near else f"the frame {found.frames_apart} later"

    def paint(axes: "Axes") -> None:
        width = float(found.distance_nm[1] - found.distance_nm[0])
        edges = np.append(found.distance_nm - 0.5 * width, found.distance_nm[-1] + 0.5 * width)
        share = 100.0 * width
        axes.stairs(share * found.density, edges, fill=True, color=MAIN, alpha=0.45, label="steps")
        axes.plot(found.distance_nm, share * found.fitted, color=ACCENT, lw=1.8, label="fit")
        axes.set_xlim(0, float(edges[-1]))
        axes.set_ylim(0, None)
        axes.legend(loc="upper right")

    return draw(
        "Steps between consecutive frames" if near else f"Steps over {found.frames_apart} frames",
        alt=f"Histogram of distances to the nearest localization in {later} with its fit:"
        f" {as_text(found.precision_nm)} nm an axis.",
        caption="A molecule that is still on is found a little beside where it was: the width of"
        " the hump is the precision.",
        x=Axis(f"distance to the nearest of {later}", "nm"),
        y=Axis("share of the steps", _PERCENT),
        paint=paint,
    )


def draw_profile(number: int, found: Profile) -> Drawing:
    """Molecules along a profile, the fit, and the width or distance that it gives."""
    edges = np.linspace(0.0, found.length_nm, found.counts.size + 1)
    bin_nm = float(edges[1] - edges[0])
    middle = 0.5 * (found.position_nm[0] + found.position_nm[-1])

    def paint(axes: "Axes") -> None:
        shown = edges - middle
        axes.stairs(found.counts, shown, fill=True, color=MAIN, alpha=0.45, label="molecules")
        axes.plot(found.middle_nm - middle, found.fitted, color=ACCENT, lw=1.8, label="fit")
        highest = float(max(found.counts.max(), found.fitted.max()))
        ground = found.background_share * found.localizations / found.counts.size
        if found.lines == 1:
            left, right = -0.5 * found.fwhm_nm, 0.5 * found.fwhm_nm
            level = 0.5 * (float(found.fitted.max()) + ground)
            value, error = found.fwhm_nm, found.fwhm_error_nm
        else:
            left, right = (place - middle for place in found.position_nm)
            level = 1.06 * highest
            value, error = found.separation_nm, found.separation_error_nm
        axes.annotate(
            "",
            (left, level),
            (right, level),
            arrowprops={"arrowstyle": "<->", "color": INK, "shrinkA": 0, "shrinkB": 0},
        )
        axes.annotate(
            f"{as_text(value)}{f' ± {error_text(error)}' if error_text(error) else ''} nm",
            (right, level),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            weight="bold",
        )
        axes.set_xlim(float(shown[0]), float(shown[-1]))
        axes.set_ylim(0, 1.3 * highest)
        axes.legend(loc="upper right", ncols=2)

    what = (
        f"one line {as_text(found.fwhm_nm)} nm wide at half its height"
        if found.lines == 1
        else f"two lines {as_text(found.separation_nm)} nm apart"
    )
    return draw(
        f"Profile {number}",
        alt=f"Histogram of molecules across box {number} of the pictures, with its fit: {what}.",
        caption=f"Molecules across box {number} of the pictures, counted every"
        f" {as_text(bin_nm, 2)} nm; the fit is to their positions, not to the bars.",
        x=Axis("across the line", "nm"),
        y=Axis("localizations", "per bar"),
        paint=paint,
    )


def draw_rate(found: EventRate) -> Drawing:
    """Localizations per frame over the movie."""
    in_seconds = bool(np.isfinite(found.time_s).all())
    edges = found.time_s if in_seconds else found.frame.astype(float)
    per_frame = found.rate_per_um2_frame * found.area_um2
    error = found.error_per_um2_frame * found.area_um2

    def paint(axes: "Axes") -> None:
        axes.stairs(per_frame, edges, fill=True, color=MAIN, alpha=0.3)
        axes.stairs(per_frame, edges, color=MAIN, lw=1.5)
        middle = 0.5 * (edges[1:] + edges[:-1])
        axes.errorbar(middle, per_frame, error, fmt="none", ecolor=SOFT, elinewidth=0.8)
        axes.axhline(found.per_frame, color=ACCENT, lw=1.0, ls="--", label="mean")
        axes.set_xlim(float(edges[0]), float(edges[-1]))
        axes.set_ylim(0, None)
        axes.legend(loc="best")

    return draw(
        "Molecules per frame over time",
        alt=f"Localizations per frame over the movie, {as_text(found.per_frame)} in the mean.",
        caption="It falls as molecules bleach and as the imaging buffer ages; a jump is a change"
        " of light or focus.",
        x=Axis("time", "s") if in_seconds else Axis("time", "frames"),
        y=Axis("localizations", "per frame"),
        paint=paint,
    )


def draw_blinks(found: BlinkStatistics) -> Drawing:
    """How many blinks lasted how many frames."""

    def paint(axes: "Axes") -> None:
        lasting = np.flatnonzero(found.blinks_on)
        last = int(lasting[-1]) + 1 if lasting.size else 1
        share = 100.0 * found.blinks_on[:last] / max(found.blinks, 1)
        axes.bar(found.frames_on[:last], share, width=0.85, color=MAIN, alpha=0.6)
        axes.axvline(found.on_frames, color=ACCENT, lw=1.2, label="mean")
        axes.set_ylim(0, None)
        axes.legend(loc="upper right")

    return draw(
        "How long molecules are on",
        alt=f"Histogram of the lengths of blinks, {as_text(found.on_frames)} frames in the mean.",
        caption="Localizations of consecutive frames at one place make a blink.",
        x=Axis("length of a blink", "frames"),
        y=Axis("share of the blinks", _PERCENT),
        paint=paint,
    )


def draw_grid(found: GridBias, period_px: int) -> Drawing:
    """Where localizations lie within a period of the grid, along both axes."""

    def paint(axes: "Axes") -> None:
        for name, colour in (("x", MAIN), ("y", ACCENT)):
            histogram = found.histogram(name, period_px)
            expected = np.maximum(histogram.expected, 1e-300)
            edges = np.linspace(0.0, period_px, histogram.counts.size + 1)
            if name == "x" and math.isfinite(histogram.overdispersion):
                noise = 200.0 * np.sqrt(histogram.overdispersion / expected)
                noise = np.append(noise, noise[-1])
                axes.fill_between(edges, -noise, noise, step="post", color=BAND, lw=0)
            relative = 100.0 * (histogram.counts / expected - 1.0)
            axes.stairs(relative, edges, color=colour, lw=1.6, label=name)
        axes.axhline(0.0, color=INK, lw=0.8)
        low, high = axes.get_ylim()
        reach = max(10.0, 1.1 * max(abs(low), abs(high)))
        axes.set_ylim(-reach, reach)
        axes.set_xlim(0, period_px)
        axes.legend(loc="upper right", ncols=2)

    what = "a pixel" if period_px == 1 else f"a block of {period_px} pixels"
    return draw(
        f"Positions within {what}",
        alt=f"Localizations over the place within {what}, relative to an even spread, along x and"
        " along y.",
        caption="Without a grid both lines are flat but for noise (the band).",
        x=Axis(f"place within {what}", "px"),
        y=Axis("more or fewer than even", _PERCENT),
        paint=paint,
    )


def draw_drift(curve: DriftCurve, title: str, caption: str) -> Drawing:
    """Shifts over the frames with twice their standard errors."""

    def paint(axes: "Axes") -> None:
        every = max(1, curve.frame.size // _MOST_POINTS)
        errors = dict(curve.uncertainties())
        frame = curve.frame[::every]
        for (name, values), colour in zip(curve.axes(), (MAIN, ACCENT, INK), strict=False):
            middle, reach = values[::every], 2.0 * errors[name][::every]
            if np.isfinite(reach).all():
                axes.fill_between(
                    frame, middle - reach, middle + reach, color=colour, alpha=0.2, lw=0
                )
            axes.plot(frame, middle, color=colour, lw=1.5, label=name)
        axes.set_xlim(float(curve.frame[0]), float(curve.frame[-1]))
        axes.legend(loc="best", ncols=3)

    spans = ", ".join(f"{name} {as_text(span)} nm" for name, span in curve.span_nm.items())
    return draw(
        title,
        alt=f"{title} over the frames: {spans} from the smallest to the largest shift.",
        caption=caption,
        x=Axis("time", "frames"),
        y=Axis("shift", "nm"),
        paint=paint,
    )


def draw_distribution(found: Distribution) -> Drawing:
    """Histogram of a column with its median."""
    shown = found.shown

    def paint(axes: "Axes") -> None:
        share = 100.0 * found.counts / max(int(found.counts.sum()), 1)
        axes.stairs(share, found.edges, fill=True, color=MAIN, alpha=0.55)
        axes.axvline(found.median, color=ACCENT, lw=1.4, label=f"median {as_text(found.median)}")
        axes.set_xlim(float(found.edges[0]), float(found.edges[-1]))
        axes.set_ylim(0, None)
        axes.legend(loc="upper right")

    title = shown.name[0].upper() + shown.name[1:]
    return draw(
        title,
        alt=f"Histogram of the {shown.name}: median {as_text(found.median)} {shown.unit}.",
        caption=f"{shown.meaning[0].upper()}{shown.meaning[1:]}. The outermost bars hold what lies"
        " beyond.",
        x=Axis(shown.name, shown.unit),
        y=Axis("share of the localizations", _PERCENT),
        paint=paint,
    )
