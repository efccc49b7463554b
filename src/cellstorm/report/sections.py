"""What comes first on a report, and its questions in their order."""

import math
from collections.abc import Iterator

from cellstorm.evaluate import Decorrelation
from cellstorm.report.artefact_sections import drift_section, grid_section
from cellstorm.report.line_section import line_section
from cellstorm.report.measuring import Measurements
from cellstorm.report.molecule_sections import light_section, molecule_section
from cellstorm.report.movie_look import MovieLook
from cellstorm.report.movie_section import movie_section
from cellstorm.report.parts import Number, Section, Untold, as_sentence, as_text, error_text
from cellstorm.report.resolution_sections import precision_section, resolution_section
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["key_numbers", "lead_sentence", "sections_of"]


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
            error_text(frc.error_nm),
        )
    reported = told.reported_nm
    if reported is not None:
        yield Number("reported precision", as_text(reported), "nm", "of a typical position")
    elif isinstance(nena, Untold):
        yield Number("precision", "", "", untold="cannot be told")
    if not isinstance(nena, Untold):
        yield Number(
            "measured precision",
            as_text(nena.precision_nm),
            "nm",
            "from frame to frame" if nena.frames_apart == 1 else f"over {nena.frames_apart} frames",
            error_text(nena.error_nm),
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
            as_text(blinks.on_s if in_seconds else blinks.on_frames, 2),
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
        resolution_section(told, sharpness),
        precision_section(told),
        line_section(told),
        molecule_section(told),
        drift_section(told),
        grid_section(told),
        light_section(told),
    ]
    if movie is not None:
        sections.append(movie_section(movie))
    return tuple(sections)
