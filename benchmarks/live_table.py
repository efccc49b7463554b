"""Markdown tables that are printed row by row, for whoever waits for them."""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["LiveTable", "write_tables"]


class LiveTable:
    """A table whose rows appear on the screen as they come.

    Parameters
    ----------
    headings
        Of the columns.
    title
        A sentence above it.
    """

    def __init__(self, headings: Sequence[str], *, title: str = "") -> None:
        self._lines = [title, ""] if title else []
        self._lines += [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
        print("\n" + "\n".join(self._lines), flush=True)

    def add(self, *cells: str) -> None:
        """Add a row."""
        self._lines.append(f"| {' | '.join(cells)} |")
        print(self._lines[-1], flush=True)

    @property
    def markdown(self) -> str:
        """The whole table."""
        return "\n".join(self._lines) + "\n"


def write_tables(path: Path | None, *tables: LiveTable) -> None:
    """Write tables into one file; None writes nothing."""
    if path is not None:
        path.write_text("\n".join(table.markdown for table in tables), encoding="utf-8")
