"""Reading a request's JSON: nothing that could not be written again."""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from cellstorm.serve.refusals import Refusal

__all__ = ["StrictRoute"]

_MOST_LEVELS = 32


class StrictRoute(APIRoute):
    """A route whose JSON bodies hold only finite numbers and whole characters.

    Python's reader takes NaN, 1e999 and halves of surrogate pairs, none of which can be
    stored or sent back.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with a request of our own."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = _parsed(await self.body())
        return self._json


def _parsed(body: bytes) -> Any:
    try:
        value = json.loads(body, parse_constant=_refuse, parse_float=_finite)
        _check_depth(value)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "its levels are too many" if isinstance(error, RecursionError) else str(error)
        raise Refusal(
            "bad_request", f"the body is not JSON that can be used ({reason[:200]})."
        ) from error
    return value


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _MOST_LEVELS:
            raise RecursionError
        level = [
            item
            for part in level
            if isinstance(part, dict | list)
            for item in (part.values() if isinstance(part, dict) else part)
        ]
