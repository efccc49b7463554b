"""Pages that need nothing but themselves: a template filled in, every picture inside."""

import base64
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellstorm.atomic_file import atomic_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_svg", "png_uri", "svg_uri", "write_html_page"]


def write_html_page(path: Path, template: str, content: Mapping[str, Any], *, package: str) -> None:
    """Fill in a template and write it; what was at ``path`` is replaced only by a whole page.

    Whatever the content holds is text: it cannot bring tags with it. A name that the template
    uses and the content lacks is an error, not a blank.

    Parameters
    ----------
    path
        The HTML file.
    template
        File name of a Jinja template; the filter ``inline_svg`` makes a drawing's text an
        address.
    content
        Values by the names that the template uses.
    package
        Dotted name of the package whose folder holds the template.

    Raises
    ------
    OutputError
        The page cannot be written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader(package, ""),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline_svg"] = svg_uri
    text = environment.get_template(template).render(**content)
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def png_uri(content: bytes) -> str:
    """The bytes of a PNG file as an address that holds them all."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def svg_uri(text: str) -> str:
    """A drawing's SVG text as an address that holds it all."""
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def figure_svg(figure: "Figure") -> str:
    """A drawing as SVG text: its words stay words, the same drawing gives the same text."""
    from matplotlib import rc_context

    memory = StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "cellstorm"}):
        figure.savefig(memory, format="svg", metadata={"Date": None})
    return memory.getvalue()
