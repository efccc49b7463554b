"""Who may ask, how much a request may hold, and the headers that every answer has."""

import hmac
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cellstorm.serve.refusals import Refusal
from cellstorm.serve.settings import is_loopback

__all__ = ["APP_POLICY", "Gate", "GateRules", "is_authorized", "is_token"]

APP_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob: mediastream:",
        "connect-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}
_EXPOSED = "Upload-Offset, Upload-Length, ETag, Content-Range, Content-Disposition, Location"
_MOST_BODY_BYTES = 1 << 20
_OPEN_TO_ALL = frozenset({"/api/server", "/api/openapi.json", "/api/session"})
_COMMON_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class GateRules:
    """What is let in.

    Attributes
    ----------
    hosts
        Names, in small letters, that the server is reached by besides its loopback names.
    any_address
        Also numbers: no foreign page can get at these by having its own name resolved to them.
    origins
        Foreign pages that may ask.
    token
        What a client must know; None: nothing.
    cookie
        Name of the cookie that holds it.
    """

    hosts: Collection[str] = ()
    any_address: bool = False
    origins: Collection[str] = ()
    token: str | None = field(default=None, repr=False)
    cookie: str = "cellstorm"


def is_authorized(rules: GateRules, headers: Headers) -> bool:
    """Whether a request brings the token (or none is asked for); in constant time."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    given = [bearer.strip()] if scheme.lower() == "bearer" else []
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(rules.cookie)
    except CookieError:
        cookie = None
    if cookie is not None:
        given.append(cookie.value)
    return is_token(rules, *given)


def is_token(rules: GateRules, *given: str) -> bool:
    """Whether one of some words is the token (or none is asked for); in constant time."""
    if rules.token is None:
        return True
    wanted = rules.token.encode()
    return any(hmac.compare_digest(word.encode("utf-8", "replace"), wanted) for word in given)


class Gate:
    """Everything that is checked before an endpoint sees a request.

    A page of another site that the user has open can send requests to this computer, and with
    a name that it lets resolve to 127.0.0.1 (DNS rebinding) even read the answers. Against the
    first the origin is checked, against the second the host.
    """

    def __init__(self, app: ASGIApp, rules: GateRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # there is nothing here that speaks WebSocket
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        headers = Headers(scope=scope)
        origin = self._foreign_origin(headers)
        finish = self._finishing(send, scope, origin)
        try:
            self._check_host(headers)
            self._check_origin(scope, headers, origin)
            if origin is not None and self._is_preflight(scope, headers):
                await _preflight_answer(headers)(scope, receive, finish)
                return
            self._check_token(scope, headers)
            limited = _limited(scope, headers, receive)
        except Refusal as refusal:
            await refusal.response()(scope, receive, finish)
            return
        await self._app(scope, limited, finish)

    def _check_host(self, headers: Headers) -> None:
        host = _name_of(headers.get("host", ""))
        if is_loopback(host) or host in self._rules.hosts:
            return
        if self._rules.any_address and _is_address(host):
            return
        raise Refusal(
            "wrong_host",
            "the server is not known by this name.",
            "Use the address that it printed, or start it with --allow-host NAME.",
        )

    def _foreign_origin(self, headers: Headers) -> str | None:
        """The origin of the page that asks, where it is not the server's own."""
        origin = headers.get("origin")
        if origin is None:
            return None
        scheme, _, place = origin.lower().partition("://")
        own = headers.get("host", "").lower()
        common = _COMMON_PORTS.get(scheme, "")
        return None if place and place.removesuffix(common) == own.removesuffix(common) else origin

    def _check_origin(self, scope: Scope, headers: Headers, origin: str | None) -> None:
        refused = origin is not None and origin.lower() not in self._rules.origins
        if origin is None and scope["path"].startswith("/api/"):
            # pictures and forms of other sites come without an origin
            refused = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if refused:
            raise Refusal(
                "forbidden_origin",
                "pages of other sites may not ask this server.",
                "Open the app at the address that the server printed,"
                " or start it with --allow-origin.",
            )

    def _is_preflight(self, scope: Scope, headers: Headers) -> bool:
        return scope["method"] == "OPTIONS" and "access-control-request-method" in headers

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        if not path.startswith("/api/") or path in _OPEN_TO_ALL:
            return
        if not is_authorized(self._rules, headers):
            raise Refusal(
                "unauthorized",
                "the server's token is missing or wrong.",
                "Open the link (or scan the code) that the server printed when it started.",
                {"www-authenticate": "Bearer"},
            )

    def _finishing(self, send: Send, scope: Scope, origin: str | None) -> Send:
        is_api = scope["path"].startswith("/api/")
        allowed = origin is not None and origin.lower() in self._rules.origins

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                policy = _API_POLICY if is_api else APP_POLICY
                headers.setdefault("content-security-policy", policy)
                sharing = "cross-origin" if allowed else "same-origin"
                headers.setdefault("cross-origin-resource-policy", sharing)
                if is_api:
                    headers.setdefault("cache-control", "no-store")
                if self._rules.origins:
                    headers.add_vary_header("Origin")
                if allowed and origin is not None:
                    headers["access-control-allow-origin"] = origin
                    headers["access-control-expose-headers"] = _EXPOSED
            await send(message)

        return finish


def _preflight_answer(headers: Headers) -> Response:
    answer = {
        "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE",
        "access-control-allow-headers": "Authorization, Content-Type, Upload-Offset, Last-Event-ID,"
        " Range, If-None-Match",
        "access-control-max-age": "600",
    }
    if headers.get("access-control-request-private-network") == "true":
        answer["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=answer)


def _limited(scope: Scope, headers: Headers, receive: Receive) -> Receive:
    """Hold the body within bounds; uploads look after themselves."""
    if scope["method"] == "PATCH":
        return receive
    too_large = Refusal("too_large", f"the body is larger than {_MOST_BODY_BYTES} bytes.")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _MOST_BODY_BYTES:
        raise too_large
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > _MOST_BODY_BYTES:
            raise too_large
        return message

    return counted


def _name_of(host: str) -> str:
    """A Host header without its port, in small letters."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
