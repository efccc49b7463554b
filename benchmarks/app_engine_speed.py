"""How fast the app's engine localizes in a browser, by method and number of workers.

    python -m benchmarks.app_engine_speed --work FOLDER [--frames N] [--model FILE]

Chromium opens a page with the app's engine (built into FOLDER by Vite, so `make app` must
have been run once) and localizes uncoded TIFF movies in workers of one thread each. Frames
per second are those from the first to the last batch, reading the file included; processor
time is that of the browser's renderer, for a machine that does other things too.
"""

import argparse
import subprocess
import threading
import time
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import tifffile

from cellstorm.simulate import SIMULATION_PRESETS, make_clip

_WEB = Path(__file__).parents[1] / "web"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _movie(path: Path, size_px: int, frames: int, density: float) -> dict[str, Any]:
    """Write a movie of 8 bits; the camera as the app has it."""
    changes: dict[str, object] = {
        "width_px": size_px,
        "height_px": size_px,
        "frames": frames,
        "density_per_um2_frame": density,
        "crf": 18.0,
    }
    clip = make_clip(SIMULATION_PRESETS["paper-fig5"].changed(changes))
    tifffile.imwrite(path, clip.frames, photometric="minisblack")
    camera = clip.simulation.recorded_camera
    return {
        "name": camera.name,
        "offsetAdu": camera.offset_adu,
        "gainEPerAdu": camera.gain_e_per_adu,
        "readNoiseE": camera.read_noise_e,
        "excessNoiseFactor": camera.excess_noise_factor,
        "saturationAdu": camera.saturation_adu,
        "darkClipAdu": camera.dark_clip_adu,
        "toneCurve": None,
        "bitDepth": camera.bit_depth,
        "valueRange": camera.value_range,
    }


def _renderers_s() -> dict[int, float]:
    """Processor time of each renderer of a browser on this machine, by process."""
    found: dict[int, float] = {}
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        if "--type=renderer" in (process.info["cmdline"] or []):
            times = process.info["cpu_times"]
            found[process.pid] = times.user + times.system
    return found


def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--model", type=Path, help="another network than the shipped one")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    folder = arguments.work / "app_engine_speed"
    folder.mkdir(parents=True, exist_ok=True)
    vite = ["node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "error"]
    config = ["--config", "tests/pages/vite.config.ts", "--outDir", str(folder.resolve())]
    subprocess.run([*vite, *config], cwd=_WEB, check=True)
    if arguments.model is not None:
        (folder / "models" / "phone.onnx").write_bytes(arguments.model.read_bytes())
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("| method | size | molecules/um2 | workers | frames/s | processor ms/frame |")
    print("|---|---|---|---|---|---|")
    with closing(server.socket), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser)
        for size_px, density in ((64, 0.31), (64, 0.02), (256, 0.31), (256, 0.02)):
            name = f"{size_px}_{density}.tif"
            frames = arguments.frames if size_px == 64 else max(arguments.frames // 10, 48)
            camera = _movie(folder / name, size_px, frames, density)
            for method in ("net", "gaussian"):
                for workers in (1, 2):
                    page = browser.new_page()
                    page.goto(f"http://localhost:{server.server_address[1]}/")
                    page.wait_for_function("window.engine !== undefined")
                    settings: dict[str, Any] = {
                        "method": method,
                        "camera": camera,
                        "workers": workers,
                    }
                    settings |= {"workers": workers}
                    settings |= {"pixelSizeNm": 80.0, "region": None, "leastSnr": None}
                    settings |= {"sigmaPx": None, "leastMass": None, "model": None}
                    before, began = _renderers_s(), time.perf_counter()
                    done = page.evaluate("([n, s]) => engine.localize(n, s)", [name, settings])
                    took_s = time.perf_counter() - began
                    # of pages that others have open, too: the busiest is taken for ours
                    used_s = max(now - before.get(n, 0.0) for n, now in _renderers_s().items())
                    page.close()
                    if done["failure"]:
                        raise SystemExit(done["failure"])
                    # what comes before the first batch costs the processor, too
                    used_s *= done["seconds"] / took_s
                    print(
                        f"| {method} | {size_px} x {size_px} | {density} | {workers}"
                        f" | {frames / done['seconds']:.0f} | {1000 * used_s / frames:.1f} |",
                        flush=True,
                    )
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
