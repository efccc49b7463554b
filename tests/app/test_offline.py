"""The app is installed like any other and works without a connection."""

import json
from pathlib import Path

import pytest
from tests.app.conftest import OpenPhone

pytestmark = pytest.mark.slow


def test_the_app_can_be_installed(open_phone: OpenPhone, tmp_path: Path) -> None:
    """Chromium finds nothing that stands against it."""
    phone = open_phone("", profile=tmp_path / "profile")
    session = phone.page.context.new_cdp_session(phone.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    facts = json.loads(manifest["data"])
    assert facts["display"] == "standalone"
    assert {icon["sizes"] for icon in facts["icons"]} >= {"192x192", "512x512"}
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors] == []


def test_it_reloads_without_a_connection(open_phone: OpenPhone, tmp_path: Path) -> None:
    """All screens open offline once the app was seen."""
    phone = open_phone("", profile=tmp_path / "profile")
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.page.wait_for_function("navigator.serviceWorker.controller !== null")
    phone.page.context.set_offline(True)
    phone.page.reload()
    phone.reads("Blinking molecules in")
    for screen, words in (
        ("record", "Record"),
        ("localize", "Open a movie"),
        ("library", "Nothing here yet."),
        ("settings", "What this device can do"),
        ("calibrate", "1. Set the camera as for your movies"),
    ):
        phone.go(screen)
        phone.reads(words)


def test_the_network_is_kept_when_asked_for(open_phone: OpenPhone, tmp_path: Path) -> None:
    """One press in the settings, and the network works offline as well."""
    phone = open_phone("settings", profile=tmp_path / "profile")
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.press("Keep everything for offline use")
    phone.reads("everything works without a connection now", timeout_s=60)
    phone.page.context.set_offline(True)
    size = phone.page.evaluate(
        "fetch('models/phone.onnx').then(answer => answer.arrayBuffer()).then(b => b.byteLength)"
    )
    assert size > 1_000_000
