"""What a network that was just trained is worth."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cellstorm.localize.model_file import FactsInside

__all__ = ["print_efficiencies"]


def print_efficiencies(facts: FactsInside, model: Path) -> None:
    """Print the efficiency on each simulated movie, under the model's name and file."""
    table = Table("simulated movie", "efficiency", title=f"{facts.name}: {model}")
    for movie, efficiency in facts.figures.items():
        table.add_row(movie, f"{efficiency:.3f}")
    Console(width=None if sys.stdout.isatty() else 80).print(table)
