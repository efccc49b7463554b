"""What is in a picture and not in the sample: drift, the grid of pixels, the codec's blocks."""

import math

from cellstorm.report.drawings import draw_drift, draw_grid
from cellstorm.report.measuring import Measurements
from cellstorm.report.parts import Drawing, Number, Section, Untold, as_text, untold_number

__all__ = ["drift_section", "grid_section"]

_SURE = 0.001
_DRAWN_PERIODS_PX = (16, 1)


def drift_section(told: Measurements) -> Section:
    readings, numbers = [], []
    drawings: list[Drawing] = []
    taken, left = told.drift_taken, told.drift_left
    if taken is None:
        readings.append("No drift was taken out of this table.")
    elif isinstance(taken, Untold):
        readings.append("Drift was taken out of this table before.")
        numbers.append(untold_number("drift taken out", taken))
    else:
        spans = ", ".join(f"{name} {as_text(span)} nm" for name, span in taken.span_nm.items())
        readings.append(f"Drift was taken out of this table before: {spans}.")
        numbers += [
            Number(f"taken out along {name}", as_text(span), "nm", "smallest to largest shift")
            for name, span in taken.span_nm.items()
        ]
        drawings.append(
            draw_drift(taken, "Drift that was taken out", "The band is two standard errors.")
        )
    if isinstance(left, Untold):
        readings.append(f"No drift to take out was found: {left.why[0].lower()}{left.why[1:]}")
    else:
        test = left.held_out
        spans = ", ".join(f"{name} {as_text(span)} nm" for name, span in left.curve.span_nm.items())
        readings.append(
            f"Drift is left: {spans} from the smallest to the largest shift. Without it, molecules"
            " that the curve was not found from would meet"
            f" {test.sharpening:.3f} ± {test.sharpening_error:.1g} times as often."
        )
        for name, span in left.curve.span_nm.items():
            numbers.append(
                Number(
                    f"left along {name}",
                    as_text(span),
                    "nm",
                    f"smallest to largest shift, from {told.drift_left_from:,} localizations",
                )
            )
        numbers += [
            Number(
                f"two halves of the molecules differ along {name}",
                as_text(value, 2),
                "nm",
                "RMS; what is not known of the curve",
            )
            for name, value in test.disagreement_nm.items()
        ]
        drawings.append(
            draw_drift(
                left.curve,
                "Drift that is left",
                "Found by intersections of molecules (AIM). The band is two standard errors.",
            )
        )
    return Section(
        "drift", "Did the sample hold still?", tuple(readings), tuple(numbers), tuple(drawings)
    )


def grid_section(told: Measurements) -> Section:
    grid = told.grid
    question = "Does the grid of pixels or of the codec show?"
    if isinstance(grid, Untold):
        return Section("grid", question, (), (untold_number("traces of the grid", grid),))
    numbers: list[Number] = []
    for one in grid.histograms:
        what = "a pixel" if one.period_px == 1 else f"{one.period_px} px"
        name = f"along {one.axis}, period of {what}"
        if not math.isfinite(one.p_value):
            numbers.append(
                Number(name, "", "", untold="Too few localizations, or too small a field.")
            )
            continue
        numbers.append(
            Number(
                name,
                as_text(100 * one.amplitude, 2),
                "%",
                f"more and fewer than even; {as_text(100 * one.amplitude_elsewhere, 2)} % at"
                f" periods beside it; by chance once in {_times(one.p_value)}",
            )
        )
    chance = grid.p_value
    if not math.isfinite(chance):
        reading = "Too few localizations, or too small a field, to tell."
    elif chance < _SURE:
        sure = max(
            (one for one in grid.histograms if one.p_value < _SURE),
            key=lambda one: one.amplitude,
            default=grid.strongest,
        )
        what = "pixel grid" if sure.period_px == 1 else f"block grid of {sure.period_px} px"
        reading = (
            f"The {what} shows along {sure.axis}: {100 * sure.amplitude:.2g} % more and fewer"
            " localizations with its period."
        )
    else:
        reading = (
            "No grid shows: as much of one would be seen by chance once in"
            f" {_times(chance)} tables."
        )
    return Section(
        "grid",
        question,
        (reading,),
        tuple(numbers),
        tuple(draw_grid(grid, period) for period in _DRAWN_PERIODS_PX),
    )


def _times(chance: float) -> str:
    return f"{1 / max(chance, 1e-12):,.0f}" if chance > 1e-12 else "a million million"
