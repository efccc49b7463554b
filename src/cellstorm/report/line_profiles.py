"""Profiles across lines: those that were asked for, and those that were found."""

from dataclasses import dataclass
from functools import partial

from cellstorm.evaluate import Profile, ProfileBox, profile, thin_lines
from cellstorm.localizations import Localizations
from cellstorm.report.options import ReportOptions
from cellstorm.report.parts import Untold, told_or_why

__all__ = ["LineProfile", "line_profiles"]

# so many more lines are looked at for one that is two
_LOOKED_AT = 4


@dataclass(frozen=True, eq=False)
class LineProfile:
    """A profile and where it was taken.

    Attributes
    ----------
    number
        In the pictures, from 1.
    box
        Where.
    found
        What it shows.
    is_given
        Whether a person chose the place.
    """

    number: int
    box: ProfileBox
    found: Profile | Untold
    is_given: bool


def line_profiles(table: Localizations, options: ReportOptions) -> tuple[LineProfile, ...]:
    """Take profiles across the boxes given and across thin lines.

    Of the lines that `thin_lines` finds the first ``options.lines.most_lines`` are taken; if
    none of them is a pair, the first pair beyond doubt of three times as many more as well.
    """
    told: list[tuple[ProfileBox, Profile | Untold, bool]] = [
        (box, told_or_why(partial(profile, table, box)), True) for box in options.profiles
    ]
    most = options.lines.most_lines
    search = options.lines.model_copy(update={"most_lines": min(_LOOKED_AT * most, 24)})
    for place, line in enumerate(thin_lines(table, search)):
        has_pair = any(isinstance(one, Profile) and one.are_separate for _, one, _ in told)
        if place >= most and has_pair:
            break
        found = told_or_why(partial(profile, table, line.box))
        if isinstance(found, Untold):
            continue
        if place < most or found.are_separate:
            told.append((line.box, found, False))
    return tuple(
        LineProfile(number, box, found, is_given)
        for number, (box, found, is_given) in enumerate(told, 1)
    )
