"""Facts about a file, a line each, and notices under them."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_facts"]


def print_facts(lines: Iterable[tuple[str, str]], notices: Iterable[str]) -> None:
    """Print names with their values, then the notices."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in lines:
        # Text, so that brackets in file names are not taken for markup
        grid.add_row(name, Text(value))
    console = Console(highlight=False)
    console.print(grid)
    for notice in notices:
        console.print(Text(f"Note: {notice}", style="yellow"))
