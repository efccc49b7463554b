"""A figure that was made again, and its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellstorm.atomic_file import atomic_file
from cellstorm.reproduce.figure_table import FigureTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawn", "Reproduction", "write_reproduction"]

_DOTS_PER_INCH = 130
QUICK_LABEL = "quick version: small movies, not the paper's"


@dataclass(frozen=True, eq=False)
class Drawn:
    """What making a figure gives.

    Attributes
    ----------
    title
        What the figure shows.
    canvas
        The picture.
    tables
        The first belongs to the picture, others add to it.
    sentences
        Where we agree with the paper and where not.
    notices
        What the user should know, a sentence each.
    """

    title: str
    canvas: "Figure"
    tables: tuple[FigureTable, ...]
    sentences: tuple[str, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reproduction:
    """A figure on disk.

    Attributes
    ----------
    name
        ``fig5``, ...
    title
        What it shows; says so where it is the quick version.
    picture
        PNG.
    csv
        One file a table.
    page
        Tables and sentences as Markdown.
    tables, sentences, notices
        As in `Drawn`.
    """

    name: str
    title: str
    picture: Path
    csv: tuple[Path, ...]
    page: Path
    tables: tuple[FigureTable, ...]
    sentences: tuple[str, ...]
    notices: tuple[str, ...]


def write_reproduction(name: str, drawn: Drawn, folder: Path, *, quick: bool) -> Reproduction:
    """Write picture, tables and page.

    Parameters
    ----------
    name
        Of the figure: files begin with it, quick ones with ``NAME-quick``.
    drawn
        What was made.
    folder
        Where to.
    quick
        Label all of it as the quick version.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    stem = f"{name}-quick" if quick else name
    title = f"{drawn.title} ({QUICK_LABEL})" if quick else drawn.title
    drawn.canvas.suptitle(title, fontsize=11, color="#b3261e" if quick else "black")
    picture = folder / f"{stem}.png"
    with atomic_file(picture) as temporary:
        drawn.canvas.savefig(temporary, dpi=_DOTS_PER_INCH)
    tables = tuple(_labelled(table, quick=quick) for table in drawn.tables)
    written = []
    for number, table in enumerate(tables, start=1):
        path = folder / (f"{stem}.csv" if number == 1 else f"{stem}-{number}.csv")
        with atomic_file(path) as temporary:
            temporary.write_text(table.to_csv(), encoding="utf-8")
        written.append(path)
    page = folder / f"{stem}.md"
    with atomic_file(page) as temporary:
        temporary.write_text(_page(title, picture, tables, drawn), encoding="utf-8")
    return Reproduction(
        name, title, picture, tuple(written), page, tables, drawn.sentences, drawn.notices
    )


def _labelled(table: FigureTable, *, quick: bool) -> FigureTable:
    if not quick:
        return table
    return FigureTable(
        f"{table.title} ({QUICK_LABEL})",
        (*table.columns, "version"),
        tuple((*row, "quick") for row in table.rows),
    )


def _page(title: str, picture: Path, tables: tuple[FigureTable, ...], drawn: Drawn) -> str:
    parts = [f"# {title}\n", f"![{drawn.title}]({picture.name})\n"]
    for table in tables:
        parts += [f"{table.title}:\n", table.to_markdown()]
    parts += [f"{sentence}\n" for sentence in (*drawn.sentences, *drawn.notices)]
    return "\n".join(parts)
