"""The whole way from a table to its page."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from cellstorm import __version__
from cellstorm.atomic_file import output_error
from cellstorm.errors import OutputError
from cellstorm.evaluate import Decorrelation, decorrelation
from cellstorm.html_page import write_html_page
from cellstorm.report.concerns import concerns_about
from cellstorm.report.measuring import MEASURING_STEPS, measure
from cellstorm.report.movie_look import MovieLook, find_movie, look_at_movie
from cellstorm.report.options import ReportOptions
from cellstorm.report.parts import Concern, Untold, as_text, told_or_why
from cellstorm.report.pictures import ReportPictures, draw_pictures
from cellstorm.report.repeating import how_to_repeat, versions
from cellstorm.report.sections import key_numbers, lead_sentence, sections_of
from cellstorm.report.table_at_hand import TableAtHand, open_table

__all__ = ["ReportProgress", "WrittenReport", "check_report_path", "write_report"]

_TEMPLATE = "report.html.jinja"
_SUFFIXES = (".html", ".htm")

ReportProgress = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""


@dataclass(frozen=True)
class WrittenReport:
    """A finished report.

    Attributes
    ----------
    path
        The page.
    lead
        What it comes to, in a sentence.
    concerns
        What to look at.
    localizations
        Reported on.
    """

    path: Path
    lead: str
    concerns: tuple[Concern, ...]
    localizations: int


def write_report(
    table: Path | str,
    output: Path | str,
    options: ReportOptions | None = None,
    *,
    movie: Path | str | None = None,
    pixel_size_nm: float | None = None,
    trust_units: bool = False,
    command: str | None = None,
    progress: ReportProgress | None = None,
) -> WrittenReport:
    """Write all that a table tells without the truth as one HTML page.

    The page holds its pictures, drawings and scripts; it loads nothing. Of the table only
    frames, positions and uncertainties are held, some 28 bytes a row; pictures and spreads of
    values are read on their own.

    Parameters
    ----------
    table
        A table of any known format.
    output
        The page; ends in ``.html``. Replaced only when the new one is whole.
    options
        The defaults of `ReportOptions` when None.
    movie
        The movie that the table was made from; looked for beside the table when None.
    pixel_size_nm
        Pixel of the movie, where the table does not say.
    trust_units
        Leave out the question whether the table is in nanometres.
    command
        Line that makes the report again; told from the other arguments when None.
    progress
        Told now and then how far it has come.

    Raises
    ------
    TableError
        The table cannot be read, is empty, or seems to be in other units.
    MovieError
        The movie that was given cannot be opened.
    OutputError
        The page cannot be written.
    """
    table, output = Path(table), Path(output)
    options = ReportOptions() if options is None else options
    check_report_path(output)
    at_hand = open_table(table, pixel_size_nm=pixel_size_nm, trust_units=trust_units)
    known = find_movie(table, at_hand.metadata) if movie is None else Path(movie)
    steps = MEASURING_STEPS + (4 if known is not None else 3)
    done = 0

    def listener(what: str) -> None:
        nonlocal done
        if progress is not None:
            progress(what, done, steps)
        done += 1

    look: MovieLook | None = None
    if known is not None:
        listener("the movie's frames")
        frame = at_hand.values("frame").to_numpy()
        look = look_at_movie(known, at_hand.metadata, frame, options)
    listener("pictures")
    widefield = None if look is None or isinstance(look.widefield, Untold) else look.widefield
    pictures = draw_pictures(at_hand, widefield, options)
    listener("sharpness of the picture")
    sharpness = _sharpness(pictures, options)
    told = measure(at_hand, options, listener)
    if not isinstance(pictures, Untold):
        pictures = pictures.with_profiles(told.lines)
    listener("the page")
    concerns = concerns_about(at_hand, told, look)
    lead = lead_sentence(told)
    repetition = how_to_repeat(at_hand, command or f"cellstorm report {table.name}")
    content: dict[str, Any] = {
        "title": table.name,
        "subtitle": _subtitle(at_hand),
        "lead": lead,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": __version__,
        "key_numbers": key_numbers(at_hand, told),
        "concerns": concerns,
        "warnings": [one for one in concerns if one.level == "warning"],
        "notes": [one for one in concerns if one.level == "note"],
        "views": () if isinstance(pictures, Untold) else pictures.views,
        "no_picture": pictures.why if isinstance(pictures, Untold) else "",
        "no_widefield": _no_widefield(at_hand, look),
        "sections": sections_of(at_hand, told, sharpness, look),
        "repetition": repetition,
        "versions": versions(),
        "metadata": _metadata_text(at_hand),
        "options": options.to_yaml(),
    }
    write_html_page(output, _TEMPLATE, content, package="cellstorm.report")
    return WrittenReport(output, lead, concerns, at_hand.count)


def check_report_path(path: Path) -> None:
    """Raise `OutputError` unless a page can be written here, before any work is done for it.

    Raises
    ------
    OutputError
        The name is not that of a page, or its folder cannot be written to.
    """
    if path.is_dir():
        raise OutputError(
            "this is a folder.", where=path, todo="Give the page a name that ends in .html."
        )
    if path.suffix.lower() not in _SUFFIXES:
        raise OutputError(
            "a report is a page and ends in .html.",
            where=path,
            todo=f"Give --output {path.with_suffix('.html')}.",
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise output_error(OSError(errno.ENOENT, ""), path)
    if not os.access(folder, os.W_OK):
        raise output_error(OSError(errno.EACCES, ""), path)


def _sharpness(pictures: ReportPictures | Untold, options: ReportOptions) -> Decorrelation | Untold:
    if isinstance(pictures, Untold):
        return Untold("There is no picture to judge.")
    judged = pictures.judged
    return told_or_why(
        lambda: decorrelation(
            judged.values, pixel_nm=judged.pixel_nm or 1.0, options=options.decorrelation
        )
    )


def _subtitle(table: TableAtHand) -> str:
    metadata = table.metadata
    parts = [f"{table.count:,} localizations"]
    if metadata.movie is not None:
        parts[0] += f" of {metadata.movie.name}"
    if metadata.frames is not None:
        frames = metadata.frames[1] - metadata.frames[0]
        rate = None if metadata.movie is None else metadata.movie.frame_rate_hz
        time = "" if not rate else f" ({as_text(frames / rate)} s at {as_text(rate)} per second)"
        parts.append(f"{frames:,} frames{time}")
    if metadata.pixel_size_nm is not None:
        parts.append(f"pixels of {as_text(metadata.pixel_size_nm)} nm")
    if metadata.software is not None:
        parts.append(
            f"made by {' '.join(filter(None, (metadata.software, metadata.software_version)))}"
        )
    return " · ".join(parts)


def _no_widefield(table: TableAtHand, look: MovieLook | None) -> str:
    if look is None:
        facts = table.metadata.movie
        named = "" if facts is None else f" ({facts.name}; it does not lie beside the table)"
        return f"Give the movie{named} with --movie to see what it showed beside this."
    return look.widefield.why if isinstance(look.widefield, Untold) else ""


def _metadata_text(table: TableAtHand) -> str:
    stored = table.metadata.model_dump(mode="json", exclude={"history", "notices"})
    known = {name: value for name, value in stored.items() if value is not None}
    return yaml.safe_dump(known, sort_keys=False, allow_unicode=True)
