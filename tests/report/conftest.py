"""Small real tables and movies, their reports, and a browser where there is one."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.report.line_table import PIXEL_NM, lines
from tests.report.report_page import Page

from cellstorm.localizations import Localizations, Metadata, write_table
from cellstorm.report import write_report
from cellstorm.simulate import Simulation


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines of molecules in cellstorm's own format, with the pixel size."""
    path = tmp_path_factory.mktemp("table") / "lines.parquet"
    write_table(Localizations(lines(), Metadata(pixel_size_nm=PIXEL_NM)), path)
    return path


@pytest.fixture(scope="session")
def page_file(table: Path) -> Path:
    """The report on it."""
    output = table.with_name("lines.report.html")
    write_report(table, output)
    return output


@pytest.fixture(scope="session")
def page(page_file: Path) -> Page:
    """The same, read."""
    return Page(page_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short phone movie."""
    made = Simulation(width_px=48, height_px=40, frames=130, seed=2).run(
        tmp_path_factory.mktemp("film") / "holiday.mp4"
    )
    return made.movie


Browser = Callable[[Path], str]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Opens a page in headless Chromium and gives the document as it is then."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        why = f"no Chromium on this machine ({', '.join(names)})"
        if os.environ.get("CI"):
            pytest.fail(f"{why}: the report has to be opened in a real browser here")
        pytest.skip(why)
    profile = tmp_path_factory.mktemp("browser")

    def opened(path: Path) -> str:
        done = subprocess.run(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                f"--user-data-dir={profile}",
                "--window-size=390,844",
                "--virtual-time-budget=4000",
                "--dump-dom",
                path.as_uri(),
            ],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert "<html" in done.stdout, f"{program} gave no document: {done.stderr[-2000:]}"
        return done.stdout

    return opened
