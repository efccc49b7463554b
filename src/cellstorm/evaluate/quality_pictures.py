"""Grid bias and coverage drawn for a person."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellstorm.atomic_file import atomic_file
from cellstorm.evaluate.bias_field import BiasField
from cellstorm.evaluate.coverage import Coverage
from cellstorm.evaluate.grid_bias import PERIODS_PX, GridBias, PhaseHistogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_bias_field", "draw_coverage", "draw_grid_bias", "draw_phase_histogram"]

_BARS, _LINE, _ACCENT, _BAND = "#5b7da3", "#222222", "#c8501e", "#d9d9d9"
_DPI = 110


def draw_grid_bias(result: GridBias, path: Path | str, *, title: str = "") -> None:
    """Draw the eight histograms and, with truth, the bias against the phase.

    Parameters
    ----------
    result
        Of `grid_bias`.
    path
        The picture; its extension chooses the format.
    title
        Written over it all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    rows = 3 if result.fields else 2
    figure = _figure(13.0, 0.5 + (2.7 * 2 + (3.5 if rows == 3 else 0.0)))
    axes = figure.subplots(
        rows, len(PERIODS_PX), squeeze=False, height_ratios=[1.0, 1.0, 1.35][:rows]
    )
    shown = [h for h in result.histograms if math.isfinite(h.p_value)]
    reach = max((float(np.abs(_relative(h) - 1.0).max()) for h in shown), default=0.0)
    reach = max(0.1, 1.1 * reach)
    for c, period in enumerate(PERIODS_PX):
        for r, axis in enumerate(("x", "y")):
            draw_phase_histogram(axes[r, c], result.histogram(axis, period), reach=reach)
        if rows == 3:
            draw_bias_field(axes[2, c], result.field(period))
    for r in range(2):
        axes[r, 0].set_ylabel("localizations / expected")
    against = f", {result.pairs:,} of them matched with the truth" if result.fields else ""
    headline = f"{title}: " if title else ""
    figure.suptitle(f"{headline}{result.localizations:,} localizations{against}", fontsize=11)
    _save(figure, path)


def draw_coverage(result: Coverage, path: Path | str, *, title: str = "") -> None:
    """Draw the calibration curve, the z-scores, and reported against actual errors.

    Parameters
    ----------
    result
        Of `coverage`.
    path
        The picture; its extension chooses the format.
    title
        Written over it all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    figure = _figure(13.0, 4.4)
    calibration, scores, deciles = figure.subplots(1, 3)
    _draw_calibration(calibration, result)
    _draw_scores(scores, result)
    _draw_deciles(deciles, result)
    headline = f"{title}: " if title else ""
    figure.suptitle(f"{headline}{result.pairs:,} matched molecules", fontsize=11)
    _save(figure, path)


def _figure(width_in: float, height_in: float) -> Figure:
    # the object, not pyplot: no window system, no global state
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def _save(figure: Figure, path: Path | str) -> None:
    with atomic_file(Path(path)) as temporary:
        figure.savefig(temporary, dpi=_DPI)


def _relative(histogram: PhaseHistogram) -> np.ndarray:
    relative: np.ndarray = histogram.counts / np.maximum(histogram.expected, 1e-300)
    return relative


def draw_phase_histogram(axes: Axes, histogram: PhaseHistogram, *, reach: float) -> None:
    """Draw one histogram relative to what is expected, with what is noise in grey.

    Parameters
    ----------
    axes
        Where to draw.
    histogram
        What to draw.
    reach
        Half the height of the axis; 0.1 is a tenth of what is expected.
    """
    period = histogram.period_px
    edges = np.linspace(0.0, period, histogram.counts.size + 1)
    axes.set_xlim(0, period)
    axes.set_xlabel(f"{histogram.axis} modulo {period} px", fontsize=9)
    axes.tick_params(labelsize=8)
    if not math.isfinite(histogram.p_value):
        axes.text(0.5, 0.5, "too few, or too small a field", ha="center", transform=axes.transAxes)
        return
    noise = 2.0 * np.sqrt(
        max(histogram.overdispersion, 1e-12) / np.maximum(histogram.expected, 1e-300)
    )
    noise = np.append(noise, noise[-1])
    axes.fill_between(edges, 1 - noise, 1 + noise, step="post", color=_BAND, lw=0)
    axes.stairs(_relative(histogram), edges, baseline=1.0, fill=True, color=_BARS, alpha=0.85)
    axes.axhline(1.0, color=_LINE, lw=0.8)
    axes.set_ylim(1 - reach, 1 + reach)
    sure = histogram.p_value < 0.001
    axes.set_title(
        f"peak to trough {histogram.peak_to_trough:.2f}, p {_p_text(histogram.p_value)}\n"
        f"fundamental {histogram.amplitude:.3f} (beside it {histogram.amplitude_elsewhere:.3f})",
        fontsize=8,
        color=_ACCENT if sure else _LINE,
    )


def draw_bias_field(axes: Axes, field: BiasField, *, longest_nm: float | None = None) -> None:
    """Draw the bias as arrows over the phase.

    Parameters
    ----------
    axes
        Where to draw.
    field
        What to draw.
    longest_nm
        The bias that an arrow as long as a cell stands for; the field's longest when None.
    """
    cells = field.pairs.shape[0]
    period = field.period_px
    step = period / cells
    centres = (np.arange(cells) + 0.5) * step
    length = np.hypot(field.bias_x_nm, field.bias_y_nm)
    known = np.isfinite(length)
    longest = float(length[known].max()) if known.any() else 0.0
    x, y = np.meshgrid(centres, centres)
    axes.set_xlim(0, period)
    # rows go down, as in the movie
    axes.set_ylim(period, 0)
    axes.set_aspect("equal")
    axes.set_xlabel(f"true x modulo {period} px", fontsize=9)
    axes.set_ylabel(f"true y modulo {period} px", fontsize=9)
    axes.tick_params(labelsize=8)
    if not longest > 0:
        axes.text(0.5, 0.5, "too few pairs", ha="center", transform=axes.transAxes)
        return
    noise = float(np.nanmedian(np.hypot(field.error_x_nm, field.error_y_nm)))
    axes.quiver(
        x[known],
        y[known],
        field.bias_x_nm[known],
        field.bias_y_nm[known],
        angles="xy",
        scale_units="xy",
        scale=(longest_nm or longest) / step,
        width=0.007,
        color=_ACCENT if field.p_value < 0.001 else _BARS,
        pivot="mid",
    )
    axes.set_title(
        f"longest {field.largest_nm:.1f} ± {field.largest_error_nm:.1f} nm (noise {noise:.1f})\n"
        f"fundamental x {field.amplitude_x_nm:.1f}, y {field.amplitude_y_nm:.1f} "
        f"± {field.amplitude_error_nm:.1f} nm, p {_p_text(field.p_value)}",
        fontsize=8,
        color=_ACCENT if field.p_value < 0.001 else _LINE,
    )


def _draw_calibration(axes: Axes, result: Coverage) -> None:
    promised = [0.0] + [100 * one.level for one in result.curve] + [100.0]
    axes.plot([0, 100], [0, 100], color=_LINE, lw=0.8, ls="--", label="as promised")
    for name, colour in (("interval", _BARS), ("ellipse", _ACCENT)):
        share = [100 * getattr(one, name) for one in result.curve]
        low = [100 * getattr(one, f"{name}_low") for one in result.curve]
        high = [100 * getattr(one, f"{name}_high") for one in result.curve]
        label = "intervals in x and y" if name == "interval" else "ellipses"
        axes.plot(promised, [0, *share, 100], color=colour, label=label)
        axes.fill_between(promised[1:-1], low, high, color=colour, alpha=0.25, lw=0)
    told = ", ".join(f"{100 * one.level:.0f}: {100 * one.interval:.1f}" for one in result.levels)
    axes.set_title(f"coverage, % promised: found   {told}", fontsize=9)
    axes.set_xlabel("promised, %")
    axes.set_ylabel("true position inside, %")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _draw_scores(axes: Axes, result: Coverage) -> None:
    edges = result.histogram_edges
    fine = np.linspace(edges[0], edges[-1], 300)
    axes.stairs(result.histogram, edges, fill=True, color=_BARS, alpha=0.85, label="found")
    normal = np.exp(-0.5 * fine**2) / math.sqrt(2 * math.pi)
    axes.plot(fine, normal, color=_LINE, lw=1.0, ls="--", label="normal, as promised")
    axes.set_title(
        f"sd x {result.x.sd:.2f}, y {result.y.sd:.2f}; "
        f"robust x {result.x.robust_sd:.2f}, y {result.y.robust_sd:.2f}; "
        f"mean {result.x.mean:+.2f}, {result.y.mean:+.2f}",
        fontsize=9,
    )
    axes.set_xlabel("z: error / reported uncertainty")
    axes.set_ylabel("density")
    axes.set_xlim(edges[0], edges[-1])
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _draw_deciles(axes: Axes, result: Coverage) -> None:
    reported = np.array([one.reported_nm for one in result.deciles])
    rmse = np.array([one.rmse_nm for one in result.deciles])
    robust = np.array([one.robust_nm for one in result.deciles])
    spread = np.array([one.rmse_error_nm for one in result.deciles])
    axes.set_xlabel("reported uncertainty of an axis, nm, by decile")
    axes.set_ylabel("actual error of an axis, nm")
    if not reported.size:
        return
    top = 1.08 * float(max(reported.max(), rmse.max()))
    axes.plot([0, top], [0, top], color=_LINE, lw=0.8, ls="--", label="as promised")
    axes.errorbar(
        reported, rmse, 2 * spread, fmt="o-", color=_BARS, ms=4, capsize=2, label="RMSE ± 2 s.e."
    )
    axes.plot(reported, robust, "s:", color=_ACCENT, ms=3.5, label="from the median")
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_title("reported against actual", fontsize=9)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _p_text(value: float) -> str:
    if not math.isfinite(value):
        return "unknown"
    return "< 1e-30" if value < 1e-30 else f"{value:.2g}"
