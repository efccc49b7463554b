"""The app's engine on a page of its own, in Chromium."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.site_server import served

playwright_api = pytest.importorskip("playwright.sync_api") if "CI" not in os.environ else None
if playwright_api is None:
    import playwright.sync_api as playwright_api

_WEB = Path(__file__).parents[2] / "web"

Engine = Callable[..., Any]


def _absent(what: str) -> None:
    """Skip on a computer that cannot run these tests; CI has to."""
    reason = f"the app's engine was not tested: {what}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page; movies that are put beside it can be opened by name."""
    if not (_WEB / "node_modules" / "vite").is_dir():
        _absent("its tools are not installed (make app)")
    folder = tmp_path_factory.mktemp("engine")
    subprocess.run(
        [
            "node",
            "node_modules/vite/bin/vite.js",
            "build",
            "--config",
            "tests/pages/vite.config.ts",
            "--outDir",
            str(folder),
            "--logLevel",
            "error",
        ],
        cwd=_WEB,
        check=True,
    )
    return folder


# playwright's event loop runs in this thread as long as it is open
@pytest.fixture(scope="module")
def engine(site_folder: Path) -> Iterator[Engine]:
    """Calls a function of the page (``web/tests/pages/engine.ts``) and gives its result."""
    found = [shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome")]
    browser_path = next((path for path in found if path), None)
    if browser_path is None:
        _absent("there is no Chromium (apt-get install chromium)")
    assert playwright_api is not None
    with served(site_folder) as address, playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path)
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("window.engine !== undefined")

        def call(name: str, *arguments: object) -> Any:
            return page.evaluate("([name, rest]) => engine[name](...rest)", [name, list(arguments)])

        yield call
        browser.close()
