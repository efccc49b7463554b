"""How fast the app is in Chromium: the network, a live camera with recording, its start.

Run ``make app`` before, and on a computer that does nothing else:
``python -m benchmarks.app_speed``.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from benchmarks.live_table import LiveTable
from playwright.sync_api import sync_playwright
from tests.app.blinking_clip import make_clip
from tests.app.phone import PHONE, Phone
from tests.app.site_server import served

import cellstorm

_APP = Path(cellstorm.__file__).parent / "serve" / "app"
_NETWORK_PX = 64
_LIVE_PX = 256
_PATIENCE_MS = 1_200_000


def _movie(folder: Path, frames: int, size_px: int) -> Path:
    """A TIFF stack of blinking molecules."""
    clip = make_clip(
        frames=min(frames, 600),
        width=size_px,
        height=size_px,
        region_px=size_px,
        molecules_per_frame=2.0,
        numbered=False,
    )
    path = folder / f"blinking_{frames}.tif"
    repeats = -(-frames // len(clip.frames))
    stack = np.concatenate([clip.frames] * repeats)[:frames]
    tifffile.imwrite(path, stack, photometric="minisblack")
    return path


class _Browser:
    """Chromium that is opened anew for every measurement."""

    def __init__(self, playwright: Any, address: str, clip: Path, cores: int) -> None:
        self._playwright = playwright
        self._address = address
        self._clip = clip
        self._cores = cores

    def phone(self) -> tuple[Any, Phone]:
        browser = self._playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--enable-precise-memory-info",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={self._clip}",
            ],
        )
        context = browser.new_context(**PHONE)
        # the number of workers follows what the browser says of the computer
        context.add_init_script(
            f"Object.defineProperty(navigator, 'hardwareConcurrency', {{ value: {self._cores} }})"
        )
        return browser, Phone(context.new_page(), self._address)


def _numbers(phone: Phone) -> dict[str, float]:
    """What stands under the picture: frames, molecules, speed, skipped."""
    rows = phone.page.evaluate(
        """() => [...document.querySelectorAll('.analysis-numbers .numbers > div')].map(
             row => [row.querySelector('dt').textContent,
                     parseFloat(row.querySelector('dd').textContent.replaceAll(',', ''))])"""
    )
    return {name: value for name, value in rows if value is not None}


def _heap_mb(phone: Phone) -> float:
    return float(phone.page.evaluate("performance.memory.usedJSHeapSize")) / 1e6


def _localize(phone: Phone, movie: Path, method: str, frames: int) -> tuple[float, list[float]]:
    """Frames per second over the whole run, and the heap in MB at each tenth of it."""
    phone.go("localize")
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(movie)
    phone.page.get_by_role("radio", name=method, exact=True).click()
    phone.press("Localize")
    heaps: list[float] = []
    began = None
    done = 0.0
    while done < frames:
        phone.page.wait_for_timeout(200)
        done = _numbers(phone).get("Frames", 0.0)
        if began is None and done > 0:
            # loading the network and looking at the movie are not part of it
            began = (time.perf_counter(), done)
        if done >= frames * (len(heaps) + 1) / 10:
            heaps.append(_heap_mb(phone))
    ended = time.perf_counter()
    assert began is not None
    return (frames - began[1]) / max(ended - began[0], 1e-9), heaps


def _live(phone: Phone, frames: int) -> tuple[int, int, float]:
    """Frames dropped while recording and localizing live, frames skipped, frames per second."""
    phone.go("record/live")
    phone.page.get_by_role("button", name="Localize").wait_for()
    phone.page.wait_for_function(
        "() => [...document.querySelectorAll('.analysis-numbers dd')].length === 4"
    )
    phone.page.wait_for_timeout(3000)
    phone.start_recording()
    phone.wait_for_frames(frames)
    dropped = int(
        phone.page.evaluate(
            "document.querySelectorAll('.recording-panel dd')[1].textContent.replaceAll(',', '')"
        )
    )
    found = _numbers(phone)
    phone.hold_to_stop()
    return dropped, int(found.get("Skipped", 0)), found.get("Speed", 0.0)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2000, help="of the network's movie")
    parser.add_argument("--long", type=int, default=6000, help="frames for time and memory")
    parser.add_argument("--live", type=int, default=600, help="frames of the live recording")
    options = parser.parse_args()
    if not (_APP / "index.html").is_file():
        sys.exit("The app is not built: make app")
    table = LiveTable(["what", "value"], title="The app in Chromium")
    with (
        tempfile.TemporaryDirectory() as name,
        served(_APP) as address,
        sync_playwright() as playwright,
    ):
        folder = Path(name)
        clip = make_clip(frames=300, region_px=_LIVE_PX, numbered=False)
        y4m = clip.write_y4m(folder / "clip.y4m")

        browser, phone = _Browser(playwright, address, y4m, 2).phone()
        began = time.perf_counter()
        phone.go("")
        phone.reads("Blinking molecules in")
        table.add("first screen", f"{time.perf_counter() - began:.2f} s")
        browser.close()

        movie = _movie(folder, options.frames, _NETWORK_PX)
        for workers in (1, 2):
            browser, phone = _Browser(playwright, address, y4m, workers).phone()
            speed, _ = _localize(phone, movie, "Network", options.frames)
            table.add(f"network, 64 x 64 px, {workers} worker(s)", f"{speed:.0f} frames/s")
            browser.close()

        browser, phone = _Browser(playwright, address, y4m, 2).phone()
        phone.page.add_init_script(
            "localStorage.setItem('cellstorm-preferences', JSON.stringify({method: 'gaussian'}))"
        )
        dropped, skipped, speed = _live(phone, options.live)
        table.add(
            f"live 256 x 256 px, classical, recording, {options.live} frames",
            f"{dropped} dropped, {skipped} skipped, {speed:.1f} frames/s",
        )
        browser.close()

        browser, phone = _Browser(playwright, address, y4m, 2).phone()
        movie = _movie(folder, options.long, _NETWORK_PX)
        speed, heaps = _localize(phone, movie, "Classical", options.long)
        table.add(
            f"classical, {options.long} frames of 64 x 64 px",
            f"{speed:.0f} frames/s; heap {heaps[0]:.0f} MB at a tenth,"
            f" {heaps[-1]:.0f} MB at the end",
        )
        browser.close()


if __name__ == "__main__":
    main()
