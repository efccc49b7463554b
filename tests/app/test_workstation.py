"""One tap sends a recording to a workstation; the result comes back to the phone."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.blinking_clip import BlinkingClip
from tests.app.conftest import OpenPhone

pytestmark = pytest.mark.slow


@pytest.fixture
def workstation(
    tmp_path: Path, site: str, numbered_clip: tuple[BlinkingClip, Path]
) -> Iterator[str]:
    """Address of a running ``cellstorm serve`` that shows one folder."""
    folder = tmp_path / "movies"
    folder.mkdir()
    (folder / "blinking.y4m").write_bytes(numbered_clip[1].read_bytes())
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "cellstorm", "serve", "--port", "0"),
            *("--state", str(tmp_path / "state"), "--folder", str(folder)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                start = line.find("http://localhost:")
                if start >= 0:
                    yield line[start:].split()[0].rstrip("/.,") + "/"
                    break
            else:
                pytest.fail("cellstorm serve ended before it said its address")
        finally:
            process.terminate()


def test_a_recording_goes_there_and_its_result_comes_back(
    open_phone: OpenPhone, workstation: str
) -> None:
    """Record, send, look at the molecules: on one phone."""
    phone = open_phone("record", address=workstation)
    phone.start_recording()
    phone.wait_for_frames(40)
    phone.hold_to_stop()
    phone.reads("frames recorded")
    phone.press("Look at it")
    phone.press("Send to the workstation")
    phone.reads("Look at the result", timeout_s=300)
    phone.press("Look at the result")
    phone.reads("From the workstation")
    phone.reads("Molecules per frame")
    phone.go("workstation")
    phone.reads("done")


# A camera of 2 photoelectrons per grey value: covered, then before a lit edge.
_NOISY_CAMERA = """
const side = 256;
const canvas = document.createElement('canvas');
canvas.width = canvas.height = side;
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random()))
  * Math.cos(2 * Math.PI * Math.random());
const film = (light) => Array.from({ length: 24 }, () => {
  const frame = new ImageData(side, side);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const grey = light * (pixel % side) / side;
    frame.data.fill(12 + grey + Math.sqrt(grey / 2 + 4) * normal(), 4 * pixel, 4 * pixel + 3);
    frame.data[4 * pixel + 3] = 255;
  }
  return frame;
});
const films = { dark: film(0), lit: film(180) };
window.shown = 'dark';
let at = 0;
const draw = () => {
  canvas.getContext('2d').putImageData(films[window.shown][at++ % 24], 0, 0);
  requestAnimationFrame(draw);
};
draw();
navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
"""


def test_the_guided_clips_become_the_camera_of_the_next_jobs(
    open_phone: OpenPhone, workstation: str
) -> None:
    """Dark, still, measured on the workstation: numbers, camera file and page come back."""
    phone = open_phone("calibrate", address=workstation, before=_NOISY_CAMERA)
    phone.press("They are set")
    phone.reads("Dark enough.")
    phone.press("Record the dark clip")
    phone.reads("3. Something still", timeout_s=90)
    phone.page.evaluate("window.shown = 'lit'")
    phone.reads("From dark to bright: good.")
    phone.press("Record the still clip")
    phone.reads("Both clips are in the library.", timeout_s=90)
    phone.press("Measure on the workstation")
    phone.reads("Jobs on the workstation use this camera.", timeout_s=200)
    row = phone.page.locator("dt", has_text=re.compile("^gain$")).locator("+ dd").inner_text()
    assert 1.7 < float(row.split()[0]) < 2.3
    assert "e/ADU" in row
    for file in ("Save camera file", "Save page"):
        assert phone.page.get_by_role("button", name=file).is_visible()
    phone.go("workstation")
    phone.reads("Calibration")
    phone.page.get_by_role("radio", name="Folders").click()
    phone.page.get_by_text("For the next movies").click()
    phone.page.wait_for_function(
        """() => [...document.querySelectorAll('.job-form select')].some(
             select => select.selectedOptions[0]?.text.startsWith('Calibrated: Still'))"""
    )


def test_a_desktop_opens_movies_of_its_folders_without_uploading(
    open_phone: OpenPhone, workstation: str
) -> None:
    """The folder that was named is shown; a movie in it becomes a job."""
    phone = open_phone(
        "workstation",
        address=workstation,
        viewport={"width": 1280, "height": 800},
        is_mobile=False,
        has_touch=False,
    )
    # there are no jobs yet: it opens on the folder that the server was started with
    phone.reads("blinking.y4m")
    phone.page.get_by_role("button", name="Localize blinking.y4m on the workstation").click()
    phone.reads("It is in the queue.")
    phone.page.get_by_role("radio", name="Jobs").click()
    phone.page.locator(".job .chip.good").wait_for(timeout=300_000)
