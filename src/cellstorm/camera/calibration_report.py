"""A calibration as one HTML page that needs nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cellstorm import __version__
from cellstorm.camera.calibration import Calibration
from cellstorm.camera.calibration_pictures import dark_figure, transfer_figure
from cellstorm.camera.dark_series import DarkSeries
from cellstorm.camera.transfer_fit import Measured, TransferFit
from cellstorm.html_page import figure_svg, svg_uri, write_html_page

__all__ = ["Quantity", "measured_quantities", "write_calibration_report"]

_TEMPLATE = "calibration.html.jinja"
_SHOWN_HOT_PIXELS = 12
_TOLD_BY = {
    "dark": "dark series",
    "skewness": "skewness of the noise",
    "usual read noise": "assumed read noise",
}


@dataclass(frozen=True)
class Quantity:
    """A row of the table: what, how much, how sure, in which unit, from what."""

    name: str
    value: str
    error: str
    unit: str
    source: str


def measured_quantities(calibration: Calibration) -> tuple[Quantity, ...]:
    """All that was measured, for people."""
    rows = list(_of_response(calibration.fit))
    rows += [
        Quantity(
            f"noise kept, {kind}",
            f"{100 * share:.0f}",
            "",
            "%",
            "quantisers",
        )
        for kind, share in calibration.share_left.items()
    ]
    if calibration.dark is not None:
        rows += _of_dark(calibration.dark)
    return tuple(rows)


def _of_response(fit: TransferFit) -> Iterator[Quantity]:
    told = _TOLD_BY[fit.offset_from]
    yield _row("gain", fit.gain_e_per_adu, "e/ADU", "noise")
    yield _row("offset", fit.offset_adu, "ADU", told)
    yield _row("read noise", fit.read_noise_e, "e RMS", told)
    if fit.knee_adu is not None:
        yield _row("linear up to (knee)", fit.knee_adu, "ADU", "noise")
    else:
        yield Quantity(
            "linear up to", f"> {fit.linear_up_to_adu:.4g}", "", "ADU", "brightest level"
        )


def _of_dark(dark: DarkSeries) -> Iterator[Quantity]:
    source = "dark series"
    yield _row("fall of the dark mean", dark.fall_adu, "ADU", source)
    dips = dark.dips
    if dips.period_frames is None:
        yield Quantity("dips", "none", "", "", source)
    else:
        yield Quantity("dips: period", str(dips.period_frames), "", "frames", source)
        depth = Measured(dips.depth_adu, dips.depth_error_adu)
        yield _row("dips: depth", depth, "ADU", source)
        if dips.share_on_key_frames is not None:
            share = f"{100 * dips.share_on_key_frames:.0f}"
            yield Quantity("dips: on key frames", share, "", "%", source)
    clip = "none" if dark.dark_clip_adu is None else f"≤ {dark.dark_clip_adu:g}"
    yield Quantity("clipped to 0", clip, "", "" if clip == "none" else "ADU", source)
    if dark.dark_clip_adu is not None:
        yield Quantity("values clipped", f"{100 * dark.share_clipped:.3g}", "", "%", source)
    yield Quantity("fixed pattern", f"{dark.fixed_pattern_adu:.2g}", "", "ADU RMS", source)
    yield Quantity("hot pixels", str(dark.hot_pixel_count), "", "", source)


def _row(name: str, number: Measured, unit: str, source: str) -> Quantity:
    return Quantity(name, _like(number.value, number.error), f"{number.error:.2g}", unit, source)


def _like(value: float, error: float) -> str:
    """A number with the digits that its error leaves a meaning."""
    if not error > 0:
        return f"{value:.4g}"
    _, exponent = f"{error:.1e}".split("e")
    digits = max(0, 1 - int(exponent))
    return f"{value:.{min(digits, 6)}f}"


def write_calibration_report(calibration: Calibration, path: Path, *, command: str) -> None:
    """Write the page.

    Parameters
    ----------
    calibration
        What to show.
    path
        The HTML file.
    command
        Line that makes it again.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    write_html_page(path, _TEMPLATE, _content(calibration, command), package="cellstorm.camera")


def _content(calibration: Calibration, command: str) -> dict[str, Any]:
    dark = calibration.dark
    camera = calibration.camera.model_copy(update={"maps": None})
    return {
        "title": f"Camera: {calibration.camera.name}",
        "version": __version__,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
        "clip": calibration.clip_name,
        "clip_frames": calibration.still.frames,
        "dark": calibration.dark_name,
        "dark_frames": None if dark is None else dark.frames,
        "rows": measured_quantities(calibration),
        "notices": calibration.notices,
        "transfer": svg_uri(figure_svg(transfer_figure(calibration))),
        "dark_picture": None if dark is None else svg_uri(figure_svg(dark_figure(dark))),
        "hot_pixels": () if dark is None else dark.hot_pixels[:_SHOWN_HOT_PIXELS],
        "hot_pixel_count": 0 if dark is None else dark.hot_pixel_count,
        "has_maps": calibration.camera.maps is not None,
        "configuration": camera.to_yaml(),
    }
