"""What the server is, and how a client shows that it may ask."""

import asyncio
import socket

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse

from cellstorm import __version__
from cellstorm.camera import PRESETS
from cellstorm.serve.gate import is_authorized, is_token
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.requested import StrictRoute
from cellstorm.serve.services import Services, ServicesOf
from cellstorm.serve.uploads import PIECE_BYTES

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["server"])

_COOKIE_SECONDS = 90 * 24 * 3600
_API_VERSION = 1


class Limits(BaseModel):
    """What may be sent."""

    most_upload_bytes: int
    free_bytes: int = Field(description="what the disk has left for uploads")
    piece_bytes: int = Field(description="of sha256_of_pieces")


class ServerFacts(BaseModel):
    """What the server is."""

    name: str
    version: str
    api_version: int
    needs_token: bool
    authorized: bool
    secure: bool
    host: str
    limits: Limits | None = None
    cameras: list[str] | None = None
    report: bool | None = None


class Session(BaseModel):
    """A client that knows the token."""

    token: str = Field(max_length=1000)


@router.get("/api/server", responses=refusals())
async def describe_server(request: Request, services: ServicesOf) -> ServerFacts:
    """What the server is, and whether this client may ask more."""
    rules = services.rules
    facts = ServerFacts(
        name="cellstorm",
        version=__version__,
        api_version=_API_VERSION,
        needs_token=rules.token is not None,
        authorized=is_authorized(rules, request.headers),
        secure=services.settings.encrypts,
        host=socket.gethostname(),
    )
    if not facts.authorized:
        return facts
    limits = Limits(
        most_upload_bytes=services.settings.most_upload_bytes,
        free_bytes=await asyncio.to_thread(services.uploads.free_bytes),
        piece_bytes=PIECE_BYTES,
    )
    more = {
        "limits": limits,
        "cameras": list(PRESETS),
        "report": True,
    }
    return facts.model_copy(update=more)


@router.post("/api/session", status_code=204, responses=refusals(422))
async def open_session(session: Session, services: ServicesOf) -> Response:
    """Give the token once and have it kept in a cookie."""
    _check(session.token, services)
    return _with_cookie(Response(status_code=204), services)


@router.delete("/api/session", status_code=204, responses=refusals())
async def close_session(services: ServicesOf) -> Response:
    """Forget the cookie."""
    response = Response(status_code=204)
    response.delete_cookie(services.rules.cookie, path="/")
    return response


@router.get("/open", include_in_schema=False)
async def open_link(services: ServicesOf, token: str = "") -> Response:
    """Where the link and the code lead that the server prints."""
    _check(token, services)
    response = RedirectResponse("/", status_code=303)
    return _with_cookie(response, services)


def _check(token: str, services: Services) -> None:
    if not is_token(services.rules, token):
        raise Refusal(
            "unauthorized",
            "the token is wrong.",
            "Take the link that the server printed when it was last started.",
        )


def _with_cookie(response: Response, services: Services) -> Response:
    if services.rules.token is not None:
        response.set_cookie(
            services.rules.cookie,
            services.rules.token,
            max_age=_COOKIE_SECONDS,
            path="/",
            secure=services.settings.encrypts,
            httponly=True,
            samesite="strict",
        )
    return response
