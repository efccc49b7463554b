"""A person with a phone: goes to screens, presses, waits for words, saves files."""

from pathlib import Path
from typing import Any

__all__ = ["PHONE", "Phone"]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "color_scheme": "dark",
    "accept_downloads": True,
}

_HOLD_MS = 1000


class Phone:
    """One page of the app."""

    def __init__(self, page: Any, address: str, expected: tuple[str, ...] = ()) -> None:
        self.page = page
        self.address = address
        self._expected = expected
        self._problems: list[str] = []
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self._problems.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        # a static host has no /api/: the app asks for it and says that it is not there
        if message.type == "error" and "/api/" not in message.location.get("url", ""):
            self._problems.append(message.text)

    def check_console(self) -> None:
        """Fail where the page threw or complained of what the test does not know."""
        unknown = [
            problem
            for problem in self._problems
            if not any(part in problem for part in self._expected)
        ]
        assert not unknown, unknown

    def go(self, screen: str) -> None:
        """Open a screen by its address."""
        target = f"{self.address}#/{screen}"
        if self.page.url.split("#")[0] == self.address:
            self.page.evaluate("hash => { location.hash = hash }", f"#/{screen}")
        else:
            self.page.goto(target)
        self.page.wait_for_selector(".screen")

    def press(self, words: str) -> None:
        """Press the button or link with these words."""
        name = self.page.get_by_role("button", name=words, exact=True)
        link = self.page.get_by_role("link", name=words, exact=True)
        name.or_(link).first.click()

    def reads(self, words: str, timeout_s: float = 20.0) -> str:
        """Wait until these words stand on the screen; returns the whole text around them."""
        found = self.page.get_by_text(words).first
        found.wait_for(state="visible", timeout=1000 * timeout_s)
        text: str = found.inner_text()
        return text

    def start_recording(self) -> None:
        """Press the shutter, as soon as the camera is there."""
        self.page.locator(".shutter:not([disabled])").click()
        self.page.locator(".hold-button").wait_for(state="visible")

    def wait_for_frames(self, count: int) -> None:
        """Wait until so many frames are recorded."""
        self.page.wait_for_function(
            """count => {
                const rows = [...document.querySelectorAll('.recording-panel dd')];
                return Number((rows[0]?.textContent ?? '0').replaceAll(',', '')) >= count;
            }""",
            arg=count,
            timeout=60_000,
        )

    def hold_to_stop(self) -> None:
        """Hold the stop button."""
        box = self.page.locator(".hold-button").bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.wait_for_timeout(_HOLD_MS)
        self.page.mouse.up()

    def save(self, words: str, folder: Path) -> Path:
        """Press a button that saves a file; returns it."""
        with self.page.expect_download() as waiting:
            self.press(words)
        path: Path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path
