"""A report as it is read, and as a browser shows it."""

import html
import re
from html.parser import HTMLParser

__all__ = ["Page", "attribute_of_root", "with_watched_scripts"]


class Page(HTMLParser):
    """What is on a page: its text, its links, its figures with their units."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.links: list[str] = []
        self.figures: dict[str, tuple[str, str]] = {}
        self.plots: list[str] = []
        self.images: list[str] = []
        self.drawings: list[str] = []
        self.text = ""
        self._figure: tuple[str, str] | None = None
        self._value = ""
        self._depth = 0
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.links += [given[name] for name in ("src", "href", "xlink:href") if name in given]
        self._hidden = tag in ("style", "script")
        if tag == "img":
            self.images.append(given.get("alt", ""))
        # boxes on a picture are told beside it
        if tag == "svg" and given.get("aria-hidden") != "true":
            self.drawings.append(given.get("aria-label", ""))
        if given.get("class", "").startswith("plot") and tag == "figure":
            self.plots.append(given.get("data-units", ""))
        if tag == "span":
            if given.get("class") == "figure":
                self._figure = (given.get("data-name", ""), given.get("data-unit", ""))
                self._value, self._depth = "", 0
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag == "span" and self._figure is not None:
            self._depth -= 1
            if self._depth == 0:
                name, unit = self._figure
                self.figures[name] = (" ".join(self._value.split()), unit)
                self._figure = None

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.text += data
        if self._figure is not None:
            self._value += data

    @property
    def sentences(self) -> str:
        """All text with single spaces."""
        return " ".join(self.text.split())


def with_watched_scripts(page: str, script: str = "") -> str:
    """The page with all that goes wrong in it written into its root, and a script at its end."""
    watching = (
        "<script>addEventListener('error', (event) => {"
        " document.documentElement.dataset.failed = event.message || 'something was not loaded';"
        "}, true);</script>"
    )
    return page.replace("<head>", f"<head>{watching}").replace(
        "</body>", f"<script>{script}</script></body>"
    )


def attribute_of_root(document: str, name: str) -> str | None:
    """A data attribute of the root of a dumped document."""
    root = re.search(r"<html[^>]*>", document)
    found = None if root is None else re.search(rf'data-{name}="([^"]*)"', root[0])
    return None if found is None else html.unescape(found[1])
