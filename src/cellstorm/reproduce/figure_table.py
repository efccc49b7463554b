"""A table of a figure: the same values as CSV, on a terminal and in Markdown."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FigureTable", "Value"]

Value = str | float | int | None
"""What a cell holds; None where there is no value."""

_NOTHING = "–"


@dataclass(frozen=True)
class FigureTable:
    """Rows of values under headings.

    Attributes
    ----------
    title
        What it shows.
    columns
        Headings, with units.
    rows
        As many values each.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{len(row)} values under {len(self.columns)} headings: {row}")

    def to_csv(self) -> str:
        """All digits; nothing where there is no value."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow(["" if _is_nothing(value) else value for value in row])
        return text.getvalue()

    def to_markdown(self) -> str:
        """As `texts`, for a page."""
        lines = [_line(self.columns), _line(["---"] * len(self.columns))]
        return "\n".join(lines + [_line(row) for row in self.texts()]) + "\n"

    def texts(self) -> list[tuple[str, ...]]:
        """The values as a person reads them."""
        return [tuple(map(value_text, row)) for row in self.rows]


def value_text(value: Value) -> str:
    """Three digits and more where there are, nothing for what is not finite."""
    if _is_nothing(value):
        return _NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value and abs(value) < 1e-3:
            return f"{value:.1e}"
        if abs(value) >= 100:
            return f"{value:,.0f}"
        return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
    return str(value)


def _is_nothing(value: Value) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
