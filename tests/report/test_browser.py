"""The page in a real browser: Chromium without a window."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.report.report_page import Page, attribute_of_root, with_watched_scripts

_USE = """
const viewer = document.querySelector(".viewer");
const stage = viewer.querySelector(".stage");
const told = {};
const look = () => ({
  transform: stage.querySelector(".world").style.transform,
  bar: stage.querySelector(".scale span").textContent,
});
told.before = look();
viewer.querySelector('[data-do="in"]').click();
stage.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
told.near = look();
stage.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
told.after = look();
told.wide = document.documentElement.scrollWidth;
told.seen = document.documentElement.clientWidth;
told.images = [...document.images].map((image) => image.naturalWidth);
told.bare = [...document.querySelectorAll(".figure")]
  .filter((one) => !one.querySelector(".unit")?.textContent.trim())
  .map((one) => one.dataset.name);
told.figures = document.querySelectorAll(".figure").length;
told.plots = [...document.querySelectorAll(".plot svg")].map(
  (svg) => svg.getBoundingClientRect().height,
);
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
told.clashing = ids.filter((id, place) => ids.indexOf(id) !== place);
document.documentElement.dataset.told = JSON.stringify(told);
"""


def test_no_script_fails_and_every_figure_has_its_unit(
    page_file: Path, browser: Callable[[Path], str], tmp_path: Path
) -> None:
    watched = tmp_path / "watched.html"
    source = page_file.read_text(encoding="utf-8")
    watched.write_text(with_watched_scripts(source, _USE), encoding="utf-8")
    document = browser(watched)
    assert attribute_of_root(document, "failed") is None
    assert attribute_of_root(document, "ready") == "yes"
    told = json.loads(attribute_of_root(document, "told") or "{}")
    assert told["bare"] == []
    assert told["figures"] > 30
    assert told["clashing"] == []
    assert all(width > 0 for width in told["images"])
    assert all(height > 50 for height in told["plots"])
    # nothing sticks out on a phone
    assert told["wide"] <= told["seen"]
    # enlarged and moved by button and keys, and back
    assert told["near"] != told["before"]
    assert told["near"]["bar"] != told["before"]["bar"]
    assert told["after"] == told["before"]


def test_without_scripts_the_page_still_shows_picture_and_scale_bar(page: Page) -> None:
    assert page.source.index('class="scale"') < page.source.index("<script>")
    assert "1 µm" in page.sentences or "500 nm" in page.sentences
    assert page.images
