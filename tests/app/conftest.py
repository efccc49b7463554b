"""Chromium with a fake camera, and the built app served to it."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.app.blinking_clip import BlinkingClip, make_clip
from tests.app.phone import PHONE, Phone
from tests.app.site_server import served

import cellstorm

_HAS_PLAYWRIGHT = importlib.util.find_spec("playwright") is not None
if _HAS_PLAYWRIGHT:
    import playwright.sync_api as playwright_api

_APP = Path(cellstorm.__file__).parent / "serve" / "app"

OpenPhone = Callable[..., Phone]


def absent(what: str) -> NoReturn:
    """Skip on a computer that cannot run these tests; CI has to."""
    reason = f"the app was not tested: {what}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _close(context: Any) -> None:
    # a test may have killed the browser
    with suppress(playwright_api.Error):
        context.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    absent("there is no Chromium (apt-get install chromium)")


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the app, from a static host."""
    if not (_APP / "index.html").is_file():
        absent("it is not built (make app)")
    with served(_APP) as address:
        yield address


# its event loop runs in this thread as long as it is open: no other test could have one
@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Playwright."""
    if not _HAS_PLAYWRIGHT:
        absent("playwright is not installed")
    with playwright_api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def numbered_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[BlinkingClip, Path]:
    """Blinking molecules with the number of every frame in the region, and its y4m."""
    clip = make_clip()
    return clip, clip.write_y4m(tmp_path_factory.mktemp("clip") / "blinking.y4m")


@pytest.fixture
def open_phone(
    driver: Any, chromium: str, site: str, numbered_clip: tuple[BlinkingClip, Path]
) -> Iterator[OpenPhone]:
    """Opens the app as on a phone of 390 x 844 px: ``open_phone("record")``.

    ``camera=None`` is a device without one; ``arguments`` go to the browser, ``before``
    is a script that runs before the app's; ``context`` are playwright's context options.
    ``profile`` is a folder that the browser keeps its storage in. ``expected`` are parts of
    messages in the console that belong to the test.
    """
    with ExitStack() as stack:

        def open_(
            screen: str = "",
            *,
            camera: Path | None = numbered_clip[1],
            address: str = site,
            arguments: tuple[str, ...] = (),
            before: str = "",
            profile: Path | None = None,
            expected: tuple[str, ...] = (),
            **context: Any,
        ) -> Phone:
            switches = ["--no-sandbox", "--disable-gpu", *arguments]
            if camera is not None:
                switches += [
                    "--use-fake-device-for-media-stream",
                    "--use-fake-ui-for-media-stream",
                    f"--use-file-for-fake-video-capture={camera}",
                ]
            options = {**PHONE, **context}
            if profile is None:
                browser = driver.chromium.launch(executable_path=chromium, args=switches)
                stack.callback(browser.close)
                made = browser.new_context(**options)
            else:
                made = driver.chromium.launch_persistent_context(
                    str(profile), executable_path=chromium, args=switches, **options
                )
                stack.callback(_close, made)
            if before:
                made.add_init_script(before)
            phone = Phone(made.new_page(), address, expected)
            stack.callback(phone.check_console)
            phone.go(screen)
            return phone

        yield open_
