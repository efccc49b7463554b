"""Everybody can use it: by keys, by screen reader, on a small screen, in light and dark."""

import re
from pathlib import Path

import pytest
from tests.app.conftest import OpenPhone

pytestmark = pytest.mark.slow

_SCREENS = ("", "record", "localize", "library", "workstation", "settings", "calibrate")
_STYLES = Path(__file__).parents[2] / "web" / "src" / "styles" / "base.css"
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


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_the_phone(open_phone: OpenPhone, width: int) -> None:
    """No screen scrolls sideways."""
    phone = open_phone("", viewport={"width": width, "height": 700})
    for screen in _SCREENS:
        phone.go(screen)
        phone.page.wait_for_timeout(600)
        wide = phone.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, screen


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
    before = frame.get_attribute("aria-valuetext")
    phone.page.keyboard.press("Shift+ArrowRight")
    after = frame.get_attribute("aria-valuetext")
    assert before != after
    phone.page.keyboard.press("+")
    assert frame.get_attribute("aria-valuetext") != after
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
