"""Everybody can use it: by keys, by screen reader, on a small screen, in light and dark."""

import re
from pathlib import Path

import pytest
from tests.app.conftest import OpenPhone, absent
from tests.app.phone import Phone

pytestmark = pytest.mark.slow

_SCREENS = ("", "record", "localize", "library", "workstation", "settings", "calibrate")
_STYLES = Path(__file__).parents[2] / "web" / "src" / "styles" / "base.css"
_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.2, 1.4.3: text
_LEAST_CONTRAST = 4.5


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_what_they_are_on(theme: str) -> None:
    """Every pair of letters and ground that the styles use."""
    blocks = re.findall(r':root(\[data-theme="dark"\])? \{(.*?)\n\}', _STYLES.read_text(), re.S)
    colours: dict[str, str] = {}
    for is_dark, block in blocks:
        if theme == "dark" or not is_dark:
            colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    pairs = [
        *((text, ground) for text in ("text", "soft") for ground in ("back", "surface", "raised")),
        *(("accent", ground) for ground in ("back", "surface", "accent-soft")),
        ("on-accent", "accent"),
        *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad")),
        *(("text", f"{tone}-soft") for tone in ("good", "warn", "bad")),
    ]
    poor = {
        (text, ground): round(_contrast(colours[text], colours[ground]), 2)
        for text, ground in pairs
        if _contrast(colours[text], colours[ground]) < _LEAST_CONTRAST
    }
    assert poor == {}


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which knows the rules for accessible pages."""
    if not _AXE.is_file():
        absent("axe-core is not there (cd web && npm ci)")
    return _AXE.read_text(encoding="utf-8")


def _objections(phone: Phone, axe: str) -> list[str]:
    """What axe-core finds on the screen that is shown."""
    phone.page.wait_for_timeout(700)
    phone.page.evaluate(axe)
    found = phone.page.evaluate("axe.run(document)")
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_objects_to_nothing_on_any_screen(open_phone: OpenPhone, axe: str, theme: str) -> None:
    """Names, roles, contrast and order, by the rules of WCAG and good practice."""
    phone = open_phone("", color_scheme=theme)
    for screen in _SCREENS:
        phone.go(screen)
        assert _objections(phone, axe) == [], screen
    phone.go("record")
    phone.start_recording()
    phone.wait_for_frames(20)
    assert _objections(phone, axe) == [], "recording"
    phone.hold_to_stop()
    phone.reads("frames recorded")
    assert _objections(phone, axe) == [], "recorded"
    phone.press("Look at it")
    phone.reads("About it")
    assert _objections(phone, axe) == [], "item"
    phone.press("Localize on this device")
    phone.page.get_by_role("radio", name="Classical").click()
    assert _objections(phone, axe) == [], "before localizing"
    phone.page.get_by_role("button", name="Localize", exact=True).last.click()
    phone.reads("Kept in the library.", timeout_s=120)
    assert _objections(phone, axe) == [], "result"


def test_every_control_is_reached_by_tab_and_is_seen_to_be(open_phone: OpenPhone) -> None:
    """From the first to the last of each screen; the one that has the focus is outlined."""
    phone = open_phone("", viewport={"width": 1280, "height": 900}, is_mobile=False)
    for screen in _SCREENS:
        phone.go(screen)
        phone.page.wait_for_timeout(700)
        expected = phone.page.evaluate(
            """() => {
              const all = [...document.querySelectorAll('a, button, input, select, summary,'
                + ' [tabindex]')];
              const able = all.filter(node => node.checkVisibility() && !node.disabled
                && node.tabIndex >= 0 && !node.closest('[inert]'));
              able.forEach((node, at) => { node.dataset.tabStop = String(at); });
              document.activeElement?.blur();
              return able.length;
            }"""
        )
        reached = set()
        for _ in range(2 * expected + 4):
            phone.page.keyboard.press("Tab")
            stop, outline = phone.page.evaluate(
                """() => {
                  const node = document.activeElement;
                  const style = getComputedStyle(node);
                  return [node.dataset.tabStop ?? null,
                    style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
                }"""
            )
            if stop is not None:
                reached.add(stop)
                assert outline, (screen, stop)
        assert len(reached) == expected, screen


def test_every_button_has_a_name_and_every_field_a_label(open_phone: OpenPhone) -> None:
    """What a screen reader says of each."""
    phone = open_phone("")
    for screen in _SCREENS:
        phone.go(screen)
        phone.page.wait_for_timeout(600)
        nameless = phone.page.evaluate(
            """() => [...document.querySelectorAll('button, a, input, select, [role]')]
                .filter(node => node.checkVisibility())
                .filter(node => {
                  const label = node.id && document.querySelector(`label[for="${node.id}"]`);
                  return !(node.getAttribute('aria-label') || node.textContent.trim() || label);
                })
                .map(node => node.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], screen


@pytest.mark.parametrize(("width", "height"), [(320, 700), (390, 844), (844, 390)])
def test_nothing_is_wider_than_the_phone(open_phone: OpenPhone, width: int, height: int) -> None:
    """No screen scrolls sideways."""
    phone = open_phone("", viewport={"width": width, "height": height})
    for screen in _SCREENS:
        phone.go(screen)
        phone.page.wait_for_timeout(600)
        wide = phone.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, screen


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844), (844, 390), (932, 430)])
def test_the_shutter_and_the_stop_button_are_in_sight_however_the_phone_is_held(
    open_phone: OpenPhone, width: int, height: int
) -> None:
    """Without scrolling, and nothing lies over them."""
    phone = open_phone("record", viewport={"width": width, "height": height})
    phone.page.wait_for_selector(".shutter:not([disabled])")
    assert _is_in_sight(phone, ".shutter")
    phone.start_recording()
    phone.wait_for_frames(10)
    assert _is_in_sight(phone, ".hold-button")
    phone.page.set_viewport_size({"width": height, "height": width})
    phone.page.wait_for_timeout(300)
    assert _is_in_sight(phone, ".hold-button")
    phone.hold_to_stop()
    phone.reads("frames recorded")


def _is_in_sight(phone: Phone, selector: str) -> bool:
    seen: bool = phone.page.evaluate(
        """selector => {
          const node = document.querySelector(selector);
          const box = node.getBoundingClientRect();
          const within = box.left >= 0 && box.top >= 0
            && box.right <= innerWidth && box.bottom <= innerHeight;
          const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return within && node.contains(top);
        }""",
        selector,
    )
    return seen


def test_what_is_pressed_is_large_enough_for_a_finger(open_phone: OpenPhone) -> None:
    """At least 40 px high and wide, on the screens that are used at the microscope."""
    phone = open_phone("record")
    phone.page.wait_for_selector(".shutter:not([disabled])")
    small = phone.page.evaluate(
        """() => [...document.querySelectorAll('.button, .shutter, .control-chip, .nav a')]
            .filter(node => node.checkVisibility())
            .map(node => [node.textContent.trim(), node.getBoundingClientRect()])
            .filter(([, box]) => box.width < 40 || box.height < 40)
            .map(([words, box]) => `${words} ${box.width} ${box.height}`)"""
    )
    assert small == []


def test_all_of_it_works_with_keys(open_phone: OpenPhone) -> None:
    """The region moves by arrows; recording starts and stops from the keyboard."""
    phone = open_phone("record", viewport={"width": 1280, "height": 800}, is_mobile=False)
    phone.page.wait_for_selector(".shutter:not([disabled])")
    frame = phone.page.locator(".region-frame")
    frame.focus()
    before = frame.get_attribute("aria-description")
    phone.page.keyboard.press("Shift+ArrowRight")
    after = frame.get_attribute("aria-description")
    assert before != after
    phone.page.keyboard.press("+")
    assert frame.get_attribute("aria-description") != after
    phone.page.locator(".shutter").focus()
    phone.page.keyboard.press("Enter")
    phone.wait_for_frames(10)
    assert phone.page.evaluate("document.activeElement.className").startswith("hold-button")
    phone.page.keyboard.down("Enter")
    phone.page.wait_for_timeout(1000)
    phone.page.keyboard.up("Enter")
    phone.reads("frames recorded")


def test_the_theme_follows_the_device_and_the_person(open_phone: OpenPhone) -> None:
    """Dark on a dark device, light when chosen."""
    phone = open_phone("settings", color_scheme="dark")
    theme = "document.documentElement.dataset.theme"
    assert phone.page.evaluate(theme) == "dark"
    phone.page.get_by_role("radio", name="Light", exact=True).click()
    assert phone.page.evaluate(theme) == "light"
    phone.page.reload()
    phone.page.wait_for_selector(".screen")
    assert phone.page.evaluate(theme) == "light"
