"""The questions of a report and what the table answers."""

import math
from collections.abc import Iterator

from cellstorm.evaluate import Decorrelation, EventRate
from cellstorm.report.concerns import network_of
from cellstorm.report.drawings import (
    draw_blinks,
    draw_decorrelation,
    draw_distribution,
    draw_drift,
    draw_frc,
    draw_frc_map,
    draw_grid,
    draw_nena,
    draw_rate,
)
from cellstorm.report.measuring import Measurements
from cellstorm.report.movie_look import MovieLook
from cellstorm.report.movie_section import movie_section
from cellstorm.report.parts import Drawing, Number, Section, Untold, as_sentence, as_text
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["key_numbers", "lead_sentence", "sections_of"]

_SURE = 0.001
_DRAWN_PERIODS_PX = (16, 1)
_SMALL_MAP = 4


def lead_sentence(told: Measurements) -> str:
    """What the whole page comes to."""
    if isinstance(told.frc, Untold):
        return told.frc.why
    return as_sentence(told.frc.reading)


def key_numbers(table: TableAtHand, told: Measurements) -> tuple[Number, ...]:
    """The few that come first."""
    return tuple(_key_numbers(table, told))


def _key_numbers(table: TableAtHand, told: Measurements) -> Iterator[Number]:
    frc, nena, rate, density, blinks = told.frc, told.nena, told.rate, told.density, told.blinks
    if isinstance(frc, Untold):
        yield Number("resolution", "", "", untold="cannot be told")
    else:
        yield Number(
            "resolution",
            as_text(frc.resolution_nm),
            "nm",
            "finest detail to believe",
            _error(frc.error_nm),
        )
    reported = _reported_nm(told)
    if reported is not None:
        yield Number("reported precision", as_text(reported), "nm", "of a typical position")
    elif isinstance(nena, Untold):
        yield Number("precision", "", "", untold="cannot be told")
    if not isinstance(nena, Untold) and _context_frames(table) == 1:
        yield Number(
            "measured precision",
            as_text(nena.precision_nm),
            "nm",
            "from frame to frame",
            _error(nena.error_nm),
        )
    yield Number("localizations", f"{table.count:,}", "rows", "in the table")
    if not isinstance(rate, Untold):
        yield Number("at a time", as_text(rate.per_frame), "per frame", "localizations")
    if not isinstance(density, Untold) and math.isfinite(density.nyquist_nm):
        yield Number(
            "sampling carries", as_text(density.nyquist_nm), "nm", "at best, by molecule density"
        )
    if not isinstance(blinks, Untold):
        in_seconds = math.isfinite(blinks.on_s)
        yield Number(
            "molecules stay on",
            as_text(blinks.on_s if in_seconds else blinks.on_frames),
            "s" if in_seconds else "frames",
            "a blink",
        )


def sections_of(
    table: TableAtHand,
    told: Measurements,
    sharpness: Decorrelation | Untold,
    movie: MovieLook | None,
) -> tuple[Section, ...]:
    """All sections, in the order of the page."""
    sections = [
        _resolution(told, sharpness),
        _precision(table, told),
        _molecules(told),
        _drift(told),
        _grid(told),
        _light(told),
    ]
    if movie is not None:
        sections.append(movie_section(movie))
    return tuple(sections)


def _error(value: float) -> str:
    return as_text(value, 2) if math.isfinite(value) else ""


def _nm(name: str, value: float, meaning: str, error: float = math.nan) -> Number:
    if not math.isfinite(value):
        return Number(name, "", "", meaning, untold="The curve does not tell it.")
    return Number(name, as_text(value), "nm", meaning, _error(error))


def _untold(name: str, why: Untold) -> Number:
    return Number(name, "", "", untold=" ".join(filter(None, (why.why, why.todo))))


def _reported_nm(told: Measurements) -> float | None:
    for shown, spread in told.distributions:
        if shown.column == "uncertainty_nm" and not isinstance(spread, Untold):
            return spread.median
    return None


def _context_frames(table: TableAtHand) -> int:
    """Frames that the localizer looked at for one."""
    network = network_of(table)
    return 1 if network is None else network.context_frames


def _resolution(told: Measurements, sharpness: Decorrelation | Untold) -> Section:
    readings, numbers, drawings = [], [], []
    frc, by_tile = told.frc, told.frc_map
    if isinstance(frc, Untold):
        numbers.append(_untold("resolution (Fourier ring correlation)", frc))
    else:
        readings.append(as_sentence(frc.reading))
        numbers.append(
            _nm(
                "resolution (Fourier ring correlation)",
                frc.resolution_nm,
                f"threshold {frc.threshold}; halves of {frc.blocks} blocks of frames that share no"
                " molecule",
                frc.error_nm,
            )
        )
        if math.isfinite(frc.low_nm):
            numbers.append(
                Number(
                    "95 % interval",
                    f"{as_text(frc.low_nm)} to {as_text(frc.high_nm)}",
                    "nm",
                    "for other frames of the same sample",
                )
            )
        for name, value in frc.by_threshold_nm.items():
            if name != frc.threshold:
                numbers.append(_nm(f"by the {name} threshold", value, "depends on the field"))
        if math.isfinite(frc.four_times_the_molecules_nm):
            numbers += [
                _nm("with four times the molecules", frc.four_times_the_molecules_nm, "expected"),
                _nm("with half the error", frc.half_the_error_nm, "expected; four times the light"),
            ]
        drawings.append(draw_frc(frc))
    if not isinstance(by_tile, Untold):
        readings.append(as_sentence(by_tile.reading))
        numbers.append(_nm("in the middle tile of the field", by_tile.median_nm, "see the map"))
        numbers.append(
            Number(
                "best and worst tenth of the field",
                f"{as_text(by_tile.best_nm)} and {as_text(by_tile.worst_nm)}",
                "nm",
            )
        )
        if by_tile.resolution_nm.size >= _SMALL_MAP:
            drawings.append(draw_frc_map(by_tile))
    elif not isinstance(frc, Untold):
        numbers.append(_untold("resolution over the field", by_tile))
    if isinstance(sharpness, Untold):
        numbers.append(_untold("sharpness of the picture (decorrelation)", sharpness))
    else:
        readings.append(
            f"The picture as drawn is sharp down to {as_text(sharpness.resolution_nm, 2)} nm"
            " (decorrelation); it cannot know which of its spots are one molecule seen again."
        )
        numbers.append(
            _nm(
                "sharpness of the picture (decorrelation)",
                sharpness.resolution_nm,
                "of the picture as drawn",
                sharpness.error_nm,
            )
        )
        drawings.append(draw_decorrelation(sharpness))
    return Section(
        "resolution", "How fine are the details?", tuple(readings), tuple(numbers), tuple(drawings)
    )


def _precision(table: TableAtHand, told: Measurements) -> Section:
    readings, numbers = [], []
    drawings: list[Drawing] = []
    nena, bound, reported = told.nena, told.bound, _reported_nm(told)
    context = _context_frames(table)
    if reported is None:
        numbers.append(
            Number("reported uncertainty", "", "", untold="The table reports no uncertainties.")
        )
    else:
        numbers.append(_nm("reported uncertainty", reported, "median standard error along an axis"))
        readings.append(
            f"The table knows a typical position to {as_text(reported)} nm along an axis."
        )
    if isinstance(nena, Untold):
        numbers.append(_untold("scatter from frame to frame (NeNA)", nena))
    else:
        numbers.append(
            _nm(
                "scatter from frame to frame (NeNA)",
                nena.precision_nm,
                f"{nena.pairs:,} steps",
                nena.error_nm,
            )
        )
        if context > 1:
            readings.append(
                f"From frame to frame positions scatter by {as_text(nena.precision_nm)} nm only,"
                f" because the network looks at {context} frames at a time: its errors in"
                " consecutive frames are alike. Here the reported uncertainty is the one to"
                " believe."
            )
        else:
            readings.append(as_sentence(nena.reading))
        drawings.append(draw_nena(nena))
    if isinstance(bound, Untold):
        numbers.append(_untold("best possible (Cramér-Rao)", bound))
    else:
        noise = [
            word
            for word, known in (
                ("light", True),
                ("camera", bound.with_camera),
                ("codec", bound.with_codec),
            )
            if known
        ]
        numbers.append(
            _nm(
                "best possible (Cramér-Rao)",
                bound.bound_nm,
                f"one molecule alone of {as_text(bound.photons)} photons on"
                f" {as_text(bound.background_photons)} per pixel, {as_text(bound.sigma_nm)} nm"
                f" wide; noise of {' and '.join(noise)}",
            )
        )
        readings.append(
            f"With this much light no method could know a typical molecule better than to"
            f" {as_text(bound.bound_nm)} nm in one frame."
        )
    return Section(
        "precision",
        "How exact are the positions?",
        tuple(readings),
        tuple(numbers),
        tuple(drawings),
    )


def _molecules(told: Measurements) -> Section:
    readings, numbers = [], []
    drawings: list[Drawing] = []
    rate, density, blinks = told.rate, told.density, told.blinks
    if isinstance(density, Untold):
        numbers.append(_untold("density", density))
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
            _nm("finest detail that this carries", density.nyquist_nm, "Nyquist; at best"),
        ]
    if isinstance(rate, Untold):
        numbers.append(_untold("localizations over time", rate))
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
        numbers.append(_untold("blinks", blinks))
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
                _error(blinks.on_frames_error),
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


def _drift(told: Measurements) -> Section:
    readings, numbers = [], []
    drawings: list[Drawing] = []
    taken, left = told.drift_taken, told.drift_left
    if taken is None:
        readings.append("No drift was taken out of this table.")
    elif isinstance(taken, Untold):
        readings.append("Drift was taken out of this table before.")
        numbers.append(_untold("drift taken out", taken))
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
            f"Drift is left: {spans} from the smallest to the largest shift. Molecules that the"
            f" curve was not found from would meet {test.sharpening:.2f} times as often without"
            " it."
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


def _grid(told: Measurements) -> Section:
    grid = told.grid
    question = "Does the grid of pixels or of the codec show?"
    if isinstance(grid, Untold):
        return Section("grid", question, (), (_untold("traces of the grid", grid),))
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


def _light(told: Measurements) -> Section:
    numbers: list[Number] = []
    drawings: list[Drawing] = []
    readings: list[str] = []
    for shown, spread in told.distributions:
        if isinstance(spread, Untold):
            numbers.append(_untold(shown.name, spread))
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
        text = f"A typical molecule gives {as_text(told_of['photons'].median)} photons in a frame"
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
