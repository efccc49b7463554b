"""How fast the app is in Chromium: the network, a live camera with recording, its start.

Run ``make app`` before, and on a computer that does nothing else:
``python -m benchmarks.app_speed``.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
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


@dataclass(frozen=True)
class _Moment:
    """A run at one time."""

    frames: float
    s: float
    used_s: float
    """processor time of all of the browser"""
    heap_mb: float
    """JavaScript's heap of the page"""
    resident_mb: float
    """memory of the page's process: workers, WebAssembly and pictures, too"""


def _moment(phone: Phone, frames: float) -> _Moment:
    heap = float(phone.page.evaluate("performance.memory.usedJSHeapSize"))
    used_s = 0.0
    resident = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            command = process.cmdline()
            if not command or "chrom" not in command[0]:
                continue
            times = process.cpu_times()
            used_s += times.user + times.system
            if "--type=renderer" in command:
                resident = max(resident, process.memory_info().rss)
    return _Moment(frames, time.perf_counter(), used_s, heap / 1e6, resident / 1e6)


def _localize(phone: Phone, movie: Path, method: str, frames: int) -> list[_Moment]:
    """Open a movie in the app and localize it; the begin, and about each tenth."""
    phone.go("localize")
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(movie)
    phone.page.get_by_role("radio", name=method, exact=True).click()
    phone.press("Localize")
    moments: list[_Moment] = []
    done = 0.0
    while done < frames:
        phone.page.wait_for_timeout(200)
        done = _numbers(phone).get("Frames", 0.0)
        # loading the network and looking at the movie are not part of it
        if done > 0 and done >= frames * len(moments) / 10:
            moments.append(_moment(phone, done))
    return moments


def _speed(first: _Moment, last: _Moment) -> float:
    """Frames per second from one moment to another."""
    return (last.frames - first.frames) / max(last.s - first.s, 1e-9)


def _flatness(moments: list[_Moment]) -> str:
    """What a long run says of time and memory; its first fifth is left to warm up."""
    early, half = (moments[len(moments) * share // 10] for share in (2, 6))
    last = moments[-1]
    return (
        f"{_speed(early, half):.0f}, then {_speed(half, last):.0f} frames/s;"
        f" heap {early.heap_mb:.0f}, {half.heap_mb:.0f}, {last.heap_mb:.0f} MB;"
        f" process {early.resident_mb:.0f}, {half.resident_mb:.0f}, {last.resident_mb:.0f} MB"
    )


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
    parser.add_argument(
        "--live", type=int, default=600, help="frames of the live recording; 0: none"
    )
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
            moments = _localize(phone, movie, "Network", options.frames)
            first, last = moments[0], moments[-1]
            cost_ms = 1000.0 * (last.used_s - first.used_s) / (last.frames - first.frames)
            table.add(
                f"network, 64 x 64 px, {workers} worker(s)",
                f"{_speed(first, last):.0f} frames/s, {cost_ms:.1f} ms of processor time a frame",
            )
            browser.close()

        if options.live > 0:
            browser, phone = _Browser(playwright, address, y4m, 2).phone()
            preferred = "JSON.stringify({method: 'gaussian'})"
            phone.page.add_init_script(
                f"localStorage.setItem('cellstorm-preferences', {preferred})"
            )
            dropped, skipped, speed = _live(phone, options.live)
            table.add(
                f"live 256 x 256 px, classical, recording, {options.live} frames",
                f"{dropped} dropped, {skipped} skipped, {speed:.1f} frames/s",
            )
            browser.close()

        movie = _movie(folder, options.long, _NETWORK_PX)
        for method in ("Network", "Classical"):
            browser, phone = _Browser(playwright, address, y4m, 2).phone()
            moments = _localize(phone, movie, method, options.long)
            table.add(f"{method.lower()}, {options.long} frames of 64 x 64 px", _flatness(moments))
            browser.close()


if __name__ == "__main__":
    main()
