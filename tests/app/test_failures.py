"""Whatever is missing, the person is told what is wrong and what to do."""

from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from tests.app.blinking_clip import BlinkingClip, make_clip
from tests.app.conftest import OpenPhone

pytestmark = pytest.mark.slow


def _write_video(path: Path, codec: str, frames: int = 40) -> Path:
    clip = make_clip(frames=frames, width=128, height=128, region_px=128, numbered=False)
    with av.open(str(path), "w") as container:
        stream = cast("av.VideoStream", container.add_stream(codec, rate=30))
        stream.width, stream.height = 128, 128
        stream.pix_fmt = "yuv420p"
        for index in range(frames):
            planes = np.concatenate([clip.frames[index], np.full((64, 128), 128, np.uint8)], axis=0)
            for packet in stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_without_a_camera_a_movie_can_be_opened(open_phone: OpenPhone) -> None:
    """No camera."""
    phone = open_phone("record", camera=None)
    phone.reads("This device has no camera that a page can use.")
    phone.press("Open a movie")
    phone.reads("It is read on this device and not sent anywhere.")


def test_a_refused_permission_says_where_to_allow_it(open_phone: OpenPhone) -> None:
    """No permission."""
    phone = open_phone(
        "record",
        before="""
        navigator.mediaDevices.getUserMedia = () =>
          Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
        """,
    )
    phone.reads("The app may not use the camera.")
    phone.reads("Allow it: tap the lock")
    assert phone.page.get_by_role("button", name="Try again").is_visible()


def test_a_camera_that_the_browser_refuses_can_be_allowed_and_tried_again(
    open_phone: OpenPhone, numbered_clip: tuple[BlinkingClip, Path]
) -> None:
    """The browser itself says no, then yes."""
    phone = open_phone(
        "record",
        camera=None,
        arguments=(
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={numbered_clip[1]}",
        ),
    )
    phone.reads("The app may not use the camera.")
    phone.reads("Allow it: tap the lock")
    phone.page.context.grant_permissions(["camera"])
    phone.press("Try again")
    phone.page.wait_for_selector(".shutter:not([disabled])")


def test_plain_http_says_how_to_reach_the_app(open_phone: OpenPhone, site: str) -> None:
    """Insecure origin: the same app by the workstation's name in the network."""
    port = site.rstrip("/").rsplit(":", 1)[1]
    phone = open_phone(
        "",
        address=f"http://labpc.test:{port}/",
        arguments=("--host-resolver-rules=MAP labpc.test 127.0.0.1",),
        expected=("Cross-Origin-Opener-Policy",),
    )
    phone.reads("The browser gives the camera only to pages from https or localhost.")
    phone.go("record")
    phone.reads("adb reverse tcp:8000 tcp:8000")


def test_without_webcodecs_settings_and_opening_say_so(
    open_phone: OpenPhone, tmp_path: Path
) -> None:
    """No WebCodecs."""
    phone = open_phone(
        "localize",
        before="delete window.VideoEncoder; delete window.VideoDecoder;",
    )
    movie = _write_video(tmp_path / "movie.mp4", "libx264")
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(movie)
    phone.page.locator(".notice.bad").wait_for()
    assert "cannot decode video" in phone.page.locator(".notice.bad").inner_text()
    phone.go("settings")
    phone.reads("missing: record with the phone's camera app")


def test_hevc_that_cannot_be_decoded_names_the_ways_out(
    open_phone: OpenPhone, tmp_path: Path
) -> None:
    """HEVC not supported by this browser."""
    phone = open_phone("localize")
    movie = _write_video(tmp_path / "movie.mp4", "libx265")
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(movie)
    problem = phone.page.locator(".notice.bad")
    problem.wait_for()
    assert "HEVC" in problem.inner_text()
    assert "workstation" in problem.inner_text()


def test_a_file_cut_short_says_so(open_phone: OpenPhone, tmp_path: Path) -> None:
    """A video that ends in the middle."""
    movie = _write_video(tmp_path / "movie.mp4", "libx264")
    content = movie.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) // 2])
    phone = open_phone("localize")
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(cut)
    problem = phone.page.locator(".notice.bad")
    problem.wait_for()
    assert "cut.mp4" in problem.inner_text()
    assert "was cut off before its end" in problem.inner_text()
    assert "Copy it again" in problem.inner_text()


def test_something_else_is_not_taken_for_a_movie(open_phone: OpenPhone, tmp_path: Path) -> None:
    """A text file."""
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear camera, " * 100)
    phone = open_phone("localize")
    with phone.page.expect_file_chooser() as chooser:
        phone.press("Open a movie")
    chooser.value.set_files(letter)
    problem = phone.page.locator(".notice.bad")
    problem.wait_for()
    assert "letter.mp4" in problem.inner_text()


_TURNING_CAMERA = """
const canvas = document.createElement('canvas');
canvas.width = 640; canvas.height = 480;
let hidden = false;
const draw = () => {
  if (hidden) return;
  const context = canvas.getContext('2d');
  context.fillStyle = `rgb(${performance.now() % 80}, 40, 40)`;
  context.fillRect(0, 0, canvas.width, canvas.height);
  requestAnimationFrame(draw);
};
draw();
window.turn = () => { canvas.width = 480; canvas.height = 640; };
window.hide = (is) => {
  hidden = is;
  Object.defineProperty(document, 'visibilityState',
    { configurable: true, get: () => (hidden ? 'hidden' : 'visible') });
  document.dispatchEvent(new Event('visibilitychange'));
  draw();
};
window.silence = (quiet) =>
  window.fakeTrack.dispatchEvent(new Event(quiet ? 'mute' : 'unmute'));
window.unplug = () => { window.fakeTrack.dispatchEvent(new Event('ended')); };
navigator.mediaDevices.getUserMedia = async () => {
  const stream = canvas.captureStream(30);
  window.fakeTrack = stream.getVideoTracks()[0];
  return stream;
};
"""


def test_a_turned_phone_ends_the_recording_and_keeps_it(open_phone: OpenPhone) -> None:
    """The camera's picture changes its shape in the middle."""
    phone = open_phone("record", before=_TURNING_CAMERA)
    phone.start_recording()
    phone.wait_for_frames(20)
    phone.page.evaluate("turn()")
    phone.reads("because the phone was turned")
    phone.press("Look at it")
    phone.reads("Frames")


def test_an_app_in_the_background_says_that_no_frames_come(open_phone: OpenPhone) -> None:
    """Phones take the camera away from hidden pages."""
    phone = open_phone("record", before=_TURNING_CAMERA)
    phone.page.wait_for_selector(".shutter:not([disabled])")
    phone.page.evaluate("silence(true)")
    phone.reads("No frames come from the camera.")
    phone.page.evaluate("silence(false)")
    phone.page.get_by_text("No frames come from the camera.").wait_for(state="hidden")


def test_frames_that_are_missing_from_the_background_are_told_and_the_rest_is_kept(
    open_phone: OpenPhone,
) -> None:
    """Another app in front for a while, in the middle of a recording."""
    phone = open_phone("record", before=_TURNING_CAMERA)
    phone.start_recording()
    phone.wait_for_frames(30)
    phone.page.evaluate("hide(true)")
    phone.page.wait_for_timeout(1500)
    phone.page.evaluate("hide(false)")
    phone.wait_for_frames(60)
    phone.hold_to_stop()
    phone.reads("frames recorded")
    phone.reads("frames are missing from when the app was in the background.")
    phone.press("Look at it")
    phone.reads("About it")


def test_a_camera_that_goes_away_can_be_opened_again(open_phone: OpenPhone) -> None:
    """Unplugged, or taken by another app."""
    phone = open_phone("record", before=_TURNING_CAMERA)
    phone.page.wait_for_selector(".shutter:not([disabled])")
    phone.page.evaluate("unplug()")
    phone.reads("The camera went away.")
    phone.press("Open it again")
    phone.page.wait_for_selector(".shutter:not([disabled])")
