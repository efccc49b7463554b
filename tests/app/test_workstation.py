"""One tap sends a recording to a workstation; the result comes back to the phone."""

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
    phone.page.get_by_role("radio", name="Folders").click()
    phone.reads("blinking.y4m")
    phone.page.get_by_role("button", name="Localize blinking.y4m on the workstation").click()
    phone.reads("It is in the queue.")
    phone.page.get_by_role("radio", name="Jobs").click()
    phone.page.locator(".job .chip.good").wait_for(timeout=300_000)
