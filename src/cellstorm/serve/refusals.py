"""What the server says when it does not do what it was asked: one JSON for all of it."""

import errno
import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from cellstorm.errors import CellstormError

__all__ = ["ErrorBody", "FieldError", "Refusal", "answer_errors", "refusals"]

_LOG = logging.getLogger(__name__)

_STATUS = {
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden_origin": 403,
    "outside_folder": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "wrong_state": 409,
    "wrong_offset": 409,
    "wrong_checksum": 409,
    "key_taken": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "wrong_host": 421,
    "invalid": 422,
    "locked": 423,
    "too_many_jobs": 429,
    "internal": 500,
    "disk_full": 507,
}
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="the way to it, with dots")
    what: str


class ErrorBody(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="for programs")
    what: str = Field(description="what was wrong, one sentence")
    todo: str | None = Field(None, description="what to do about it")
    details: list[FieldError] | None = Field(None, description="of code `invalid` only")


class Refusal(HTTPException):
    """A request that is not carried out.

    Parameters
    ----------
    code
        One of those in the documentation of the interface; it decides the status.
    what, todo
        As for `CellstormError`.
    headers
        To send along.
    """

    def __init__(
        self,
        code: str,
        what: str,
        todo: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.body = ErrorBody(code=code, what=what, todo=todo)
        super().__init__(_STATUS[code], what, dict(headers) if headers else None)

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body.model_dump(), self.status_code, headers=self.headers)


def refusals(*statuses: int) -> dict[int | str, dict[str, object]]:
    """For the OpenAPI description: the statuses that an endpoint can refuse with."""
    common = (400, 401, 403, 413, 421)
    return {
        status: {"model": ErrorBody, "description": HTTPStatus(status).phrase}
        for status in sorted({*common, *statuses})
    }


def answer_errors(app: FastAPI) -> None:
    """Turn whatever the endpoints raise into `ErrorBody`."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(CellstormError, _of_cellstorm)
    app.add_exception_handler(OSError, _of_system)
    app.add_exception_handler(Exception, _of_accident)


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, Refusal):
        return error.response()
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "bad_request")
    what = {
        "not_found": "there is nothing at this address.",
        "method_not_allowed": "this address does not take that method.",
    }.get(code, f"{error.detail}.")
    body = ErrorBody(code=code, what=what)
    return JSONResponse(body.model_dump(), error.status_code, headers=error.headers)


async def _of_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = []
    for detail in error.errors():
        place = ".".join(str(part) for part in detail["loc"] if part not in ("body", "query"))
        message = str(detail["msg"]).removeprefix("Value error, ")
        details.append(FieldError(field=place, what=message))
    told = "; ".join(f"{item.field}: {item.what}" if item.field else item.what for item in details)
    # what was sent is not sent back: it may be no valid text
    body = ErrorBody(code="invalid", what=f"{told[:500]}.", details=details)
    return JSONResponse(body.model_dump(), _STATUS["invalid"])


async def _of_cellstorm(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CellstormError)
    body = ErrorBody(code="invalid", what=error.what, todo=error.todo)
    return JSONResponse(body.model_dump(), _STATUS["invalid"])


async def _of_system(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        todo = "Remove old jobs or free some space, then go on."
        return Refusal("disk_full", "the server's disk is full.", todo).response()
    return await _of_accident(request, error)


async def _of_accident(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    todo = "Try again; if it stays so, look at what the server printed."
    return Refusal("internal", "the server made a mistake.", todo).response()
