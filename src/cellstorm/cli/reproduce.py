"""``cellstorm reproduce``: the paper's figures made again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from cellstorm.cli.progress import Pace, kept_when_stopped
from cellstorm.errors import ConfigurationError
from cellstorm.reproduce import (
    FIGURE_NAMES,
    FigureTable,
    Reproduction,
    Request,
    StepListener,
)
from cellstorm.reproduce import reproduce as make_again

__all__ = ["reproduce"]

_MOVIE_FIGURE = "fig2"

FigureName = Literal["fig2", "fig3", "fig4", "fig5", "fig7", "fig8", "speed", "all"]


def reproduce(
    name: FigureName,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("reproduce"),
    model: str | None = None,
    movie: Path | None = None,
    pixel_size_nm: Annotated[
        float | None, Parameter(name=["--pixel-size-nm", "--pixel-size"])
    ] = None,
    quick: Annotated[bool, Parameter(negative=())] = False,
    frames: Annotated[int | None, Parameter(validator=Number(gte=20))] = None,
    workers: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
) -> None:
    """Make figures of the cellSTORM paper again, from simulated movies.

    Each gives a picture (PNG), tables (CSV) beside the paper's numbers, and a page with both and
    with what agrees and what does not. Movies and tables of molecules are kept in the folder: a
    run that was stopped goes on when the same command is given again.

    Parameters
    ----------
    name
        fig2: widefield, the network's sum, localizations; fig3: events and a filament's profile
        beside an emCCD; fig4, fig5: light and video quality; fig7: photon transfer; fig8: dark
        series; speed; all.
    output
        Folder for all that is made.
    model
        File or name of the image-to-image network (gan); the one that comes along when not given.
    movie
        A real video to add to fig2.
    pixel_size_nm
        Edge of its pixels in the sample, nm; the file's own, or 100, when not given.
    quick
        Small movies, minutes instead of hours; said in picture and table.
    frames
        Length of the movies, instead of each figure's own.
    workers
        Threads that localize; one per processor when not given.
    """
    names = FIGURE_NAMES if name == "all" else (name,)
    if movie is not None and _MOVIE_FIGURE not in names:
        raise ConfigurationError("--movie is for fig2.", where=f"reproduce {name}")
    if pixel_size_nm is not None and movie is None:
        raise ConfigurationError("--pixel-size-nm is that of a --movie, and none is given.")
    if movie is not None and not movie.exists():
        raise ConfigurationError("there is no such file.", where=movie)
    if pixel_size_nm is not None and not 0 < pixel_size_nm < float("inf"):
        raise ConfigurationError("--pixel-size-nm must be over 0.")
    request = Request(
        quick=quick,
        model=model,
        movie=movie,
        pixel_size_nm=pixel_size_nm,
        frames=frames,
        workers=workers,
    )
    told: set[str] = set()
    for one in names:
        with _shown(one, output) as listener:
            done = make_again(one, output, request, listener=listener)
        _print(done, told)


def _print(done: Reproduction, told: set[str]) -> None:
    # a file or a pipe has no width of its own
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(done.title, style="bold", highlight=False, markup=False)
    for table in done.tables:
        console.print(_rich(table), highlight=False)
    for sentence in done.sentences:
        console.print(sentence, highlight=False, markup=False)
    for notice in done.notices:
        if notice not in told:
            print(f"Note: {notice}", file=sys.stderr)
    told.update(done.notices)
    print(f"picture  {done.picture}")
    for path in done.csv:
        print(f"table    {path}")
    print(f"page     {done.page}", flush=True)


def _rich(table: FigureTable) -> Table:
    shown = Table(title=table.title, box=SIMPLE, title_justify="left")
    for number, heading in enumerate(table.columns):
        texts = any(isinstance(row[number], str) for row in table.rows)
        shown.add_column(heading, justify="left" if texts else "right")
    for cells in table.texts():
        shown.add_row(*cells)
    return shown


@contextmanager
def _shown(name: str, folder: Path) -> Iterator[StepListener]:
    """A bar on a terminal, a line now and then elsewhere; a word on how to go on when stopped."""
    console = Console(stderr=True)
    with kept_when_stopped(folder):
        if not console.is_terminal:
            yield _Lines(name)
            return
        with Bar(
            TextColumn(f"{name}: {{task.description}}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("", total=None)
            seen = ""

            def show(doing: str, done: int, total: int) -> None:
                nonlocal seen
                if doing != seen:
                    bar.reset(task)
                    seen = doing
                bar.update(task, description=doing, completed=done, total=total)

            yield show


class _Lines:
    """A line when something else begins, and every ten seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._doing = ""
        self._pace = Pace()

    def __call__(self, doing: str, done: int, total: int) -> None:
        if doing != self._doing:
            self._doing = doing
            self._pace.begin(done)
        elif not self._pace.is_due():
            return
        ahead = self._pace.ahead(done, total)
        print(f"{self._name}: {doing}: {done} of {total}{ahead}", file=sys.stderr, flush=True)
