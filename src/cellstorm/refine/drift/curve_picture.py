"""A drift curve drawn for a person."""

from __future__ import annotations

from pathlib import Path

from cellstorm.atomic_file import atomic_file
from cellstorm.refine.drift.curve import DriftCurve

__all__ = ["draw_curve"]

_COLOURS = {"x": "#5b7da3", "y": "#c8501e", "z": "#5f8f4e"}
_DPI = 110


def draw_curve(curve: DriftCurve, path: Path | str, *, title: str = "") -> None:
    """Draw shifts against frames with a band of two standard errors, and the way in x and y.

    Parameters
    ----------
    curve
        The curve.
    path
        The picture; its extension chooses the format.
    title
        Written over it.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    course, way = figure.subplots(1, 2, width_ratios=[1.7, 1.0])
    errors = dict(curve.uncertainties())
    for name, values in curve.axes():
        colour = _COLOURS[name]
        course.plot(curve.frame, values, color=colour, linewidth=1.1, label=name)
        course.fill_between(
            curve.frame,
            values - 2.0 * errors[name],
            values + 2.0 * errors[name],
            color=colour,
            alpha=0.25,
            linewidth=0,
        )
    course.set_xlabel("frame")
    course.set_ylabel("shift, nm (band: ± 2 standard errors)")
    course.margins(x=0)
    course.legend(frameon=False, loc="best")
    course.grid(alpha=0.2)

    # every frame of a long movie would be drawn over and over
    every = max(1, curve.frame.size // 3000)
    x_nm, y_nm, frame = (values[::every] for values in (curve.x_nm, curve.y_nm, curve.frame))
    pieces = [[(x_nm[k], y_nm[k]), (x_nm[k + 1], y_nm[k + 1])] for k in range(x_nm.size - 1)]
    lines = LineCollection(pieces, cmap="viridis", linewidth=1.4)
    lines.set_array(frame[:-1])
    way.add_collection(lines)
    way.plot(x_nm[0], y_nm[0], "o", color="#222222", markersize=5, label="first frame")
    way.set_aspect("equal", adjustable="datalim")
    way.autoscale_view()
    way.invert_yaxis()
    way.set_xlabel("x, nm")
    way.set_ylabel("y, nm (downwards)")
    way.grid(alpha=0.2)
    way.legend(frameon=False, loc="best", fontsize=8)
    figure.colorbar(lines, ax=way, label="frame")
    spans = ", ".join(f"{name} {span:.0f} nm" for name, span in curve.span_nm.items())
    headline = " · ".join(part for part in (title, curve.method, f"range: {spans}") if part)
    figure.suptitle(headline, fontsize=11)
    with atomic_file(Path(path)) as temporary:
        figure.savefig(temporary, dpi=_DPI)
