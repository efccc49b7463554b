"""``cellstorm report``: a table or a movie, its picture and how good it is, on one page."""

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from cellstorm.cli.progress import shown_progress
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.evaluate import ProfileBox
from cellstorm.parameters import describe_validation_error
from cellstorm.report import (
    ReportOptions,
    ReportProgress,
    check_report_path,
    is_table,
    table_of_movie,
    write_report,
)

__all__ = ["report"]

# what is shorter needs no word
_SECONDS_WITHOUT_A_WORD = 2.0


def report(
    source: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    movie: Path | None = None,
    profile: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    pixel_size_nm: float | None = None,
    trust_units: bool = False,
) -> None:
    """Write one page about a table: its picture, how good it is, what to doubt.

    The page (HTML) holds all it needs and can be sent to others. A movie is localized first,
    with no option at all, unless its table is there already.

    Parameters
    ----------
    source
        A table of any known format, or a movie.
    output
        The page; TABLE.report.html when not given.
    movie
        The movie that the table was made from, for a look at it beside the picture; found by
        itself where it lies beside the table.
    profile
        X0,Y0,X1,Y1,WIDTH in nm: a profile from (X0, Y0) to (X1, Y1) over molecules up to half
        of WIDTH (600 when left out) beside it; may be repeated. Profiles across a few thin
        lines are taken anyway.
    pixel_size_nm
        Pixel of the movie, when the table (or the movie) does not say.
    trust_units
        Do not ask whether the table is in nanometres.
    """
    if pixel_size_nm is not None and not 0 < pixel_size_nm < float("inf"):
        raise ConfigurationError("--pixel-size-nm must be over 0.")
    if output is not None:
        check_report_path(output)
    options = ReportOptions(profiles=tuple(map(_box, profile)))
    table = source
    if source.is_dir() or (source.exists() and not is_table(source)):
        if movie is not None:
            raise ConfigurationError("--movie is for a table; this is a movie.", where=source)
        with shown_progress() as listener:
            table, was_there = table_of_movie(
                source, pixel_size_nm=pixel_size_nm, progress=listener
            )
        print(f"{table}: {'there already, taken as it is' if was_there else 'the molecules'}")
        movie = source
    page = output if output is not None else table.with_suffix(".report.html")
    if page.exists() and page.samefile(table):
        raise OutputError("the page would replace the table.", where=page)
    with _shown_steps() as progress:
        written = write_report(
            table,
            page,
            options,
            movie=movie,
            pixel_size_nm=pixel_size_nm,
            trust_units=trust_units,
            command=_command(source, output, movie, profile, pixel_size_nm, trust_units),
            progress=progress,
        )
    print(written.lead)
    for concern in written.concerns:
        if concern.level == "warning":
            print(f"Look at this: {concern.title}. {concern.text}")
    print(f"{written.path}: the page, {written.path.stat().st_size / 1e6:.1f} MB")


def _box(text: str) -> ProfileBox:
    """The box of ``X0,Y0,X1,Y1,WIDTH``."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 5):
        raise ConfigurationError(
            f"{text!r} is not a profile.", where="--profile", todo="Write it as X0,Y0,X1,Y1,WIDTH."
        )
    x0, y0, x1, y1, *width = numbers
    values = {"start_nm": (x0, y0), "stop_nm": (x1, y1)}
    try:
        return ProfileBox.model_validate(values | ({"width_nm": width[0]} if width else {}))
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error), where="--profile") from error


def _command(
    source: Path,
    output: Path | None,
    movie: Path | None,
    profile: tuple[str, ...],
    pixel_size_nm: float | None,
    trust_units: bool,
) -> str:
    words = ["cellstorm", "report", str(source)]
    if output is not None:
        words += ["--output", str(output)]
    if movie is not None and movie != source:
        words += ["--movie", str(movie)]
    for text in profile:
        words += ["--profile", text]
    if pixel_size_nm is not None:
        words += ["--pixel-size-nm", f"{pixel_size_nm:g}"]
    if trust_units:
        words.append("--trust-units")
    return shlex.join(words)


@contextmanager
def _shown_steps() -> Iterator[ReportProgress]:
    """A bar on a terminal, a line a step anywhere else."""
    console = Console(stderr=True)
    if not console.is_terminal:
        began = time.monotonic()

        def line(what: str, done: int, total: int) -> None:
            if time.monotonic() - began > _SECONDS_WITHOUT_A_WORD or "longest" in what:
                print(f"{done + 1} of {total}: {what}", file=sys.stderr, flush=True)

        yield line
        return
    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("opening the table", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )
