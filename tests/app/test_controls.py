"""What a phone's camera offers is offered, sent together, and shown as it was really set."""

import pytest
from tests.app.conftest import OpenPhone

pytestmark = pytest.mark.slow

# a camera like that of an Android phone, which takes ISO in steps of 100
_PHONE_CAMERA = """
const offered = {
  exposureMode: ['continuous', 'manual'],
  exposureTime: { min: 1, max: 10000, step: 1 },
  iso: { min: 50, max: 3200, step: 1 },
  focusMode: ['continuous', 'manual'],
  focusDistance: { min: 0.05, max: 3, step: 0.01 },
  whiteBalanceMode: ['continuous', 'manual'],
  colorTemperature: { min: 2800, max: 6500, step: 50 },
  zoom: { min: 1, max: 8, step: 0.1 },
  torch: true,
  frameRate: { min: 1, max: 60 },
};
window.asked = [];
const state = { exposureMode: 'continuous', focusMode: 'continuous',
  whiteBalanceMode: 'continuous', exposureTime: 333, iso: 400, focusDistance: 0.5,
  colorTemperature: 4500, zoom: 1, torch: false };
const prototype = MediaStreamTrack.prototype;
const { getCapabilities, getSettings } = prototype;
prototype.getCapabilities = function () {
  return { ...getCapabilities.call(this), ...offered };
};
prototype.getSettings = function () { return { ...getSettings.call(this), ...state }; };
prototype.applyConstraints = async function (constraints) {
  window.asked.push(JSON.parse(JSON.stringify(constraints)));
  const set = constraints.advanced?.[0] ?? {};
  for (const [name, value] of Object.entries(set)) {
    if (name in state) state[name] = name === 'iso' ? 100 * Math.round(value / 100) : value;
  }
};
"""


def test_every_control_has_its_unit_and_what_the_camera_is_at(open_phone: OpenPhone) -> None:
    """Read back from the camera, in units of a person."""
    phone = open_phone("record", before=_PHONE_CAMERA)
    chips = phone.page.locator(".control-chip")
    chips.first.wait_for()
    shown = {
        chip.locator(".control-name").inner_text(): chip.locator(".control-value").inner_text()
        for chip in chips.all()
    }
    assert shown["Exposure"] == "33.3 ms"
    assert shown["ISO"] == "400"
    assert shown["Focus"] == "0.5 m"
    assert shown["White"] == "4500 K"
    assert shown["Zoom"] == "1 ×"
    assert shown["Torch"] == "off"
    assert shown["Rate"].endswith("fps")


def test_all_settings_are_sent_each_time(open_phone: OpenPhone) -> None:
    """A second setting does not undo the first: each call replaces the whole set."""
    phone = open_phone("record", before=_PHONE_CAMERA)
    for name in ("exposureTime", "focusDistance"):
        phone.page.locator(f"[data-control={name}]").click()
        phone.page.locator("#control-slider").fill("300")
        phone.page.wait_for_timeout(300)
    last = phone.page.evaluate("asked.at(-1)")
    (sent,) = last["advanced"]
    assert sent["exposureMode"] == sent["focusMode"] == "manual"
    assert sent["exposureTime"] > 0
    assert sent["focusDistance"] > 0
    assert last["resizeMode"] == {"ideal": "none"}


def test_what_the_camera_does_not_take_is_said(open_phone: OpenPhone) -> None:
    """Asked for one ISO, given another: the one given is shown."""
    phone = open_phone("record", before=_PHONE_CAMERA)
    phone.page.locator("[data-control=iso]").click()
    phone.page.locator("#control-slider").fill("20")
    phone.reads("the camera took 100")
    assert phone.page.locator("[data-control=iso] .control-mode").inner_text() == "not taken"


def test_automatic_gives_the_camera_its_choice_back(open_phone: OpenPhone) -> None:
    """The mode is sent as continuous and the value is no longer sent."""
    phone = open_phone("record", before=_PHONE_CAMERA)
    phone.page.locator("[data-control=iso]").click()
    phone.page.locator("#control-slider").fill("500")
    phone.page.wait_for_timeout(300)
    phone.press("Automatic")
    phone.page.wait_for_timeout(300)
    (sent,) = phone.page.evaluate("asked.at(-1)")["advanced"]
    assert sent["exposureMode"] == "continuous"
    assert "iso" not in sent
