"""The app's own files, as the build left them in the package."""

import os
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from cellstorm.localize.net import SHIPPED_MODEL
from cellstorm.serve.compressed_file import compressed
from cellstorm.serve.refusals import Refusal
from cellstorm.serve.services import ServicesOf

__all__ = ["APP_FOLDER", "MODELS_OF_THE_PACKAGE", "AppFiles", "router"]

APP_FOLDER = Path(__file__).parent.parent / "app"
"""Where ``make app`` puts what it builds from ``web/``."""

MODELS_OF_THE_PACKAGE = {"models/phone.onnx": SHIPPED_MODEL}
"""Files of the app that a wheel has elsewhere already, by their place in the app."""

# not left to what the computer's registry of types happens to know
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>cellstorm</title>
<p>The app is not built into this copy of cellstorm: install Node.js 20 or newer and run
<code>make app</code> in its source folder, then load this page again; the interface under
<code>/api/</code> works without it.</p></html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/certificate.crt")
def get_certificate_authority(services: ServicesOf) -> Response:
    """What a phone must trust so that it trusts the server."""
    path = services.state.certificates / "authority.crt"
    if not (services.settings.encrypts and services.settings.certificate is None):
        raise Refusal("not_found", "the server has no certificate of its own making.")
    return Response(
        path.read_bytes(),
        media_type="application/x-x509-ca-cert",
        headers={"content-disposition": 'attachment; filename="cellstorm.crt"'},
    )


class AppFiles(StaticFiles):
    """Files of a folder that may be built only later, with our own types and ages."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._folder = folder
        self.config_checked = True

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where a file is; the network's is where Python has it."""
        found, status = super().lookup_path(path)
        elsewhere = MODELS_OF_THE_PACKAGE.get(Path(path).as_posix())
        if status is None and elsewhere is not None and (self._folder / "index.html").is_file():
            return str(elsewhere), elsewhere.stat()
        return found, status

    async def get_response(self, path: str, scope: object) -> Response:
        """One file, or what to do where there are none."""
        assert isinstance(scope, dict)
        is_page = path in (".", "index.html")
        if is_page and not (self._folder / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, 404)
        response = await super().get_response(path, scope)
        if response.status_code in (200, 206, 304):
            name = Path("index.html") if path == "." else Path(path)
            if "content-type" in response.headers and response.status_code != 304:
                kind = _TYPES.get(name.suffix.lower(), "application/octet-stream")
                response.headers["content-type"] = kind
            hashed = name.parts[:1] == ("assets",)
            response.headers["cache-control"] = (
                "public, max-age=31536000, immutable" if hashed else "no-cache"
            )
        return await run_in_threadpool(compressed, response, scope)
