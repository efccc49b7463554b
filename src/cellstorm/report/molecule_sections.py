"""Whether there are enough molecules, how they come and go, and what they look like."""

import math

from cellstorm.evaluate import EventRate
from cellstorm.report.drawings import draw_blinks, draw_distribution, draw_rate
from cellstorm.report.measuring import Measurements
from cellstorm.report.parts import (
    Drawing,
    Number,
    Section,
    Untold,
    as_sentence,
    as_text,
    error_text,
    length,
    untold_number,
)

__all__ = ["light_section", "molecule_section"]


def molecule_section(told: Measurements) -> Section:
    readings, numbers = [], []
    drawings: list[Drawing] = []
    rate, density, blinks = told.rate, told.density, told.blinks
    if isinstance(density, Untold):
        numbers.append(untold_number("density", density))
    else:
        readings.append(as_sentence(density.reading))
        numbers += [
            Number(
                "blinks where the structure is",
                as_text(density.around_per_um2),
                "per µm²",
                f"median, in squares of {density.cell_nm:g} nm",
            ),
            Number("blinks in the field", as_text(density.field_per_um2), "per µm²", "mean"),
            length("finest detail that this carries", density.nyquist_nm, "Nyquist; at best"),
        ]
    if isinstance(rate, Untold):
        numbers.append(untold_number("localizations over time", rate))
    else:
        readings.append(as_sentence(rate.reading))
        numbers += [
            Number("localizations", as_text(rate.per_frame), "per frame", "mean"),
            Number(
                "events per area and frame",
                as_text(rate.per_um2_frame),
                "per µm² and frame",
                f"in {as_text(rate.area_um2)} µm²",
            ),
            Number("in the first fifth", as_text(rate.first_fifth), "per µm² and frame"),
            Number("in the last fifth", as_text(rate.last_fifth), "per µm² and frame"),
            Number("movie", f"{rate.frames:,}", "frames", "from the first to the last"),
            Number("empty frames", f"{rate.empty_frames:,}", "frames"),
        ]
        drawings.append(draw_rate(rate))
    if isinstance(blinks, Untold):
        numbers.append(untold_number("blinks", blinks))
    else:
        all_there = rate.localizations if isinstance(rate, EventRate) else told.blinks_from
        some = (
            f"; from {told.blinks_from:,} localizations in the middle of the movie"
            if told.blinks_from < all_there
            else ""
        )
        readings.append(as_sentence(blinks.reading))
        numbers += [
            Number("blinks", f"{blinks.blinks:,}", "blinks", f"linked from frame to frame{some}"),
            Number(
                "length of a blink",
                as_text(blinks.on_frames),
                "frames",
                "mean",
                error_text(blinks.on_frames_error),
            ),
            Number(
                "localizations of a blink",
                as_text(blinks.localizations_per_blink),
                "per blink",
                "mean",
            ),
        ]
        if math.isfinite(blinks.decay_frames):
            numbers.append(
                Number("switching off", as_text(blinks.decay_frames), "frames", "time constant")
            )
        if math.isfinite(blinks.chance_share):
            numbers.append(
                Number(
                    "links by chance",
                    as_text(100 * blinks.chance_share, 2),
                    "%",
                    "of all links from frame to frame",
                )
            )
        drawings.append(draw_blinks(blinks))
    return Section(
        "molecules", "Are there enough molecules?", tuple(readings), tuple(numbers), tuple(drawings)
    )


def light_section(told: Measurements) -> Section:
    numbers: list[Number] = []
    drawings: list[Drawing] = []
    readings: list[str] = []
    for shown, spread in told.distributions:
        if isinstance(spread, Untold):
            numbers.append(untold_number(shown.name, spread))
            continue
        numbers += [
            Number(shown.name, as_text(spread.median), shown.unit, f"median, {shown.meaning}"),
            Number(
                f"{shown.name}, most",
                f"{as_text(spread.low)} to {as_text(spread.high)}",
                shown.unit,
                "10 % are below and 10 % above",
            ),
        ]
        drawings.append(draw_distribution(spread))
    told_of = {
        shown.column: spread
        for shown, spread in told.distributions
        if not isinstance(spread, Untold)
    }
    if "photons" in told_of:
        text = (
            f"A typical molecule gives {as_text(told_of['photons'].median)} photons"
            f"{' in all' if told.is_linked else ' in a frame'}"
        )
        if "background_photons" in told_of:
            background = told_of["background_photons"].median
            text += f", on {as_text(background)} photons per pixel of background"
        readings.append(f"{text}.")
    return Section(
        "light",
        "Do the molecules look like molecules?",
        tuple(readings),
        tuple(numbers),
        tuple(drawings),
    )
