"""How wide lines are, and which of them are two."""

from cellstorm.evaluate import Profile, ProfileBox
from cellstorm.evaluate.profiles import FWHM_PER_SIGMA
from cellstorm.report.drawings import draw_profile
from cellstorm.report.line_profiles import LineProfile
from cellstorm.report.measuring import Measurements
from cellstorm.report.parts import (
    Number,
    Section,
    Untold,
    as_sentence,
    as_text,
    length,
    untold_number,
)

__all__ = ["line_section"]


def line_section(told: Measurements) -> Section:
    """A reading, the figures and the curve of each profile."""
    question = "How wide is a thin line?"
    lines = told.lines
    if isinstance(lines, Untold):
        return Section("lines", question, (), (untold_number("profiles", lines),))
    readings, numbers = [], []
    if not any(not one.is_given for one in lines):
        readings.append(
            "No thin line was found in this table: none is straight, populated all along, and"
            " alone. --profile takes a place of your choice."
        )
    for one in lines:
        name = f"profile {one.number}"
        if isinstance(one.found, Untold):
            numbers.append(untold_number(name, one.found))
            readings.append(f"{name.capitalize()}: {one.found.why}")
            continue
        readings.append(as_sentence(f"{name.capitalize()}: {one.found.reading}"))
        numbers += _numbers(name, one, one.found)
    if any(not one.is_given for one in lines):
        readings.append(_how_chosen(lines))
    shown = [one for one in lines if isinstance(one.found, Profile)]
    reported = told.reported_nm
    if shown and reported is not None:
        readings.append(
            f"Positions that are known to {as_text(reported)} nm make a line of no width some"
            f" {as_text(FWHM_PER_SIGMA * reported, 2)} nm wide; what is more is the structure, its"
            " label, and drift."
        )
    return Section(
        "lines",
        question,
        tuple(readings),
        tuple(numbers),
        tuple(
            draw_profile(one.number, one.found) for one in shown if isinstance(one.found, Profile)
        ),
    )


def _how_chosen(lines: tuple[LineProfile, ...]) -> str:
    found = [str(one.number) for one in lines if not one.is_given]
    which = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
    return (
        f"The program chose {which}: straight, populated all along, alone on empty ground, and not"
        " for being narrow. The boxes are numbered in the pictures."
    )


def _numbers(name: str, one: LineProfile, found: Profile) -> list[Number]:
    numbers = [
        length(
            f"{name}, width of {'the line' if found.lines == 1 else 'each line'} (FWHM)",
            found.fwhm_nm,
            f"{found.localizations:,} localizations, {_where(one.box)}",
            found.fwhm_error_nm,
        )
    ]
    if found.lines == 2:
        numbers += [
            length(
                f"{name}, distance of the two",
                found.separation_nm,
                "two lines beyond doubt" if found.are_separate else "perhaps one line only",
                found.separation_error_nm,
            ),
            Number(
                f"{name}, dip between them",
                as_text(100 * found.dip, 2),
                "%",
                f"of the lower one; at least {as_text(100 * max(found.dip_low, 0.0), 2)} %"
                " with 97.5 % confidence",
            ),
        ]
    numbers.append(
        Number(
            f"{name}, in no line",
            as_text(100 * found.background_share, 2),
            "%",
            "of the localizations in the box",
        )
    )
    return numbers


def _where(box: ProfileBox) -> str:
    ends = ",".join(f"{value:.0f}" for value in (*box.start_nm, *box.stop_nm, box.width_nm))
    return f"--profile {ends}"
