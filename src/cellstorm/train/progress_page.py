"""Parts of the page that is looked at while a network learns: curves and pictures."""

import base64
import html
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellstorm.atomic_file import atomic_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PAGE_FILE", "embedded_picture", "loss_curves", "progress_rows", "write_page"]

PAGE_FILE = "progress.html"
"""What a browser opens, in the folder of a run."""


def progress_rows(path: Path) -> list[dict[str, Any]]:
    """The reports of a run, from its ``progress.jsonl``."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def loss_curves(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> str:
    """Losses over steps, as a picture that a page can hold.

    Parameters
    ----------
    rows
        Reports with ``step`` and the losses.
    names
        The losses to draw, a panel each.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3), layout="tight")
    steps = np.array([row["step"] for row in rows])
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axis, name in zip(panels, names, strict=True):
        values = np.array([row[name] for row in rows])
        axis.plot(steps, values, color="0.8", linewidth=0.7)
        width = max(1, len(values) // 30)
        smooth = np.convolve(values, np.full(width, 1.0 / width), "valid")
        axis.plot(steps[width - 1 :], smooth, color="C0")
        settled = values[len(values) // 10 :]
        low, high = np.quantile(settled, (0.0, 0.98))
        if low < high:
            axis.set_ylim(low, high)
        axis.set_xlabel("step")
        axis.set_title(name)
    return embedded_picture(figure)


def embedded_picture(figure: "Figure") -> str:
    """A figure as an address that holds it all."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def write_page(
    path: Path, title: str, facts: Mapping[str, str], pictures: Sequence[tuple[str, str, str]]
) -> None:
    """Write a page that a browser loads anew every minute.

    Parameters
    ----------
    path
        The file.
    title
        Of the page.
    facts
        Shown as a table on top.
    pictures
        What each shows, for those who cannot see it; a sentence under or over it, may be
        empty; and its address.

    Raises
    ------
    OutputError
        The page cannot be written.
    """
    table = " ".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
        for name, value in facts.items()
    )
    shown = "".join(
        f"<p>{html.escape(text)}<p><img alt='{html.escape(alt)}' src='{address}'>"
        for alt, text, address in pictures
    )
    page = (
        "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=60>"
        f"<title>{html.escape(title)}</title>"
        "<style>body{font:15px sans-serif;margin:2em}img{max-width:100%}"
        "td{padding-right:2em}</style>"
        f"<table>{table}</table>{shown}"
    )
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
