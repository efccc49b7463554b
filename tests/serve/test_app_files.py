"""The app's files: right types, ages and policies; a sentence where there are none."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localize.net import SHIPPED_MODEL
from cellstorm.serve import ServeSettings, StateFolder, create_app
from cellstorm.serve.static_app import write_app

Ask = Callable[..., httpx.Response]


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    for name in (
        "index.html",
        "service_worker.js",
        "manifest.webmanifest",
        "assets/index-1a2b3c.js",
        "assets/index-1a2b3c.css",
        "models/phone.onnx",
        "ort/ort-wasm-simd-threaded.mjs",
        "ort/ort-wasm-simd-threaded.wasm",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks an application that has the app's files in a folder."""
    with StateFolder(tmp_path / "state") as state, contextlib.ExitStack() as stack:

        def request(folder: Path, method: str, path: str, **options: Any) -> httpx.Response:
            app = create_app(ServeSettings(), state, app_folder=folder)
            stack.callback(app.state.services.store.close)

            async def send() -> httpx.Response:
                transport = httpx.ASGITransport(app)
                url = "http://localhost:8000"
                async with httpx.AsyncClient(transport=transport, base_url=url) as client:
                    return await client.request(method, path, **options)

            return asyncio.run(send())

        yield request


@pytest.mark.parametrize(
    ("name", "kind", "age"),
    [
        ("", "text/html; charset=utf-8", "no-cache"),
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        ("service_worker.js", "text/javascript; charset=utf-8", "no-cache"),
        ("manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("assets/index-1a2b3c.js", "text/javascript; charset=utf-8", "immutable"),
        ("assets/index-1a2b3c.css", "text/css; charset=utf-8", "immutable"),
        ("models/phone.onnx", "application/octet-stream", "no-cache"),
        ("ort/ort-wasm-simd-threaded.mjs", "text/javascript; charset=utf-8", "no-cache"),
        ("ort/ort-wasm-simd-threaded.wasm", "application/wasm", "no-cache"),
    ],
)
def test_each_file_has_its_type_its_age_and_the_policies(
    ask: Ask, app_folder: Path, name: str, kind: str, age: str
) -> None:
    answer = ask(app_folder, "GET", f"/{name}")
    assert answer.text == (name or "index.html")
    headers = answer.headers
    assert headers["content-type"] == kind
    assert age in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert "script-src 'self' 'wasm-unsafe-eval';" in headers["content-security-policy"]
    known = {"If-None-Match": headers["etag"]}
    again = ask(app_folder, "GET", f"/{name}", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert age in again.headers["cache-control"]


@pytest.fixture
def script(app_folder: Path) -> bytes:
    """Content of a script that is worth compressing."""
    content = b"const molecules = []; // " + b"blinking " * 2000
    (app_folder / "assets" / "index-1a2b3c.js").write_bytes(content)
    return content


def test_scripts_come_compressed_and_are_the_same(
    ask: Ask, app_folder: Path, script: bytes
) -> None:
    name = "/assets/index-1a2b3c.js"
    packed = ask(app_folder, "GET", name, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    plain = ask(app_folder, "GET", name, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(script) / 10
    assert "content-encoding" not in plain.headers
    # httpx has unpacked it
    assert packed.content == plain.content == script
    for answer in (packed, plain):
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
    assert packed.headers["etag"] != plain.headers["etag"]
    head = ask(app_folder, "HEAD", name, headers={"Accept-Encoding": "gzip"})
    assert head.headers["content-length"] == packed.headers["content-length"]
    for answer in (packed, plain):
        known = {"If-None-Match": answer.headers["etag"], "Accept-Encoding": "gzip"}
        again = ask(app_folder, "GET", name, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    # another file under the old name is not taken for the old one
    (app_folder / "assets" / "index-1a2b3c.js").write_bytes(script + b"more")
    known = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"}
    assert ask(app_folder, "GET", name, headers=known).content == script + b"more"


def test_parts_of_a_file_are_parts_of_the_file_as_it_is(
    ask: Ask, app_folder: Path, script: bytes
) -> None:
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=6-14"}
    part = ask(app_folder, "GET", "/assets/index-1a2b3c.js", headers=headers)
    assert (part.status_code, part.content) == (206, b"molecules")
    assert "content-encoding" not in part.headers
    assert part.headers["content-range"] == f"bytes 6-14/{len(script)}"


@pytest.mark.parametrize(
    ("content", "accepted"),
    [(b"x" * 100, "gzip"), (None, "gzip"), (b"x" * 9000, "gzip;q=0, identity"), (b"x" * 9000, "")],
)
def test_what_is_not_worth_it_or_not_wanted_is_not_compressed(
    ask: Ask, app_folder: Path, content: bytes | None, accepted: str
) -> None:
    if content is None:
        content = np.random.default_rng(1).bytes(9000)
    (app_folder / "models" / "phone.onnx").write_bytes(content)
    answer = ask(app_folder, "GET", "/models/phone.onnx", headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.content == content


def test_without_the_apps_files_a_sentence_says_what_to_do_and_the_interface_works(
    ask: Ask, tmp_path: Path
) -> None:
    nothing = tmp_path / "not-built"
    answer = ask(nothing, "GET", "/")
    assert answer.status_code == 404
    assert "install Node.js" in answer.text and "make app" in answer.text
    assert ask(nothing, "GET", "/api/server").json()["name"] == "cellstorm"
    missing = ask(nothing, "GET", "/assets/none.js")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("DELETE", "/api/server", 405), ("POST", "/", 405), ("GET", "/api/none", 404)],
)
def test_a_wrong_method_is_told_from_a_wrong_address(
    ask: Ask, app_folder: Path, method: str, path: str, status: int
) -> None:
    assert ask(app_folder, method, path).status_code == status


def test_the_network_of_the_package_is_given_where_the_app_has_none(
    ask: Ask, app_folder: Path
) -> None:
    (app_folder / "models" / "phone.onnx").unlink()
    answer = ask(app_folder, "GET", "/models/phone.onnx")
    assert answer.content == SHIPPED_MODEL.read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert ask(app_folder, "GET", "/models/other.onnx").status_code == 404


def test_the_app_can_be_written_for_any_host_and_again_but_over_nothing_else(
    app_folder: Path, tmp_path: Path
) -> None:
    (app_folder / "models" / "phone.onnx").unlink()
    written = tmp_path / "site"
    for _ in range(2):
        assert write_app(written, app_folder=app_folder) > SHIPPED_MODEL.stat().st_size
    assert (written / "assets" / "index-1a2b3c.js").is_file()
    assert (written / "models" / "phone.onnx").read_bytes() == SHIPPED_MODEL.read_bytes()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(OutputError, match="something else"):
        write_app(tmp_path / "mine", app_folder=app_folder)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "all of it"
    with pytest.raises(ConfigurationError, match="not built"):
        write_app(tmp_path / "other", app_folder=tmp_path / "nothing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "mine", "site"]
