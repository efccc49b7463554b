"""The app's files as gzip, for browsers that take it: a third of the bytes over the air."""

import gzip
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse
from starlette.types import Scope

__all__ = ["compressed"]

# under this a file fits into one or two packets anyway
_LEAST_BYTES = 1400
# what is packed already (pictures, most of a network's weights) only costs time
_LEAST_GAIN = 0.15
_MOST_KEPT = 128


def compressed(response: Response, scope: Scope) -> Response:
    """An answer's file as gzip where the browser takes it and it is worth it; else the answer.

    Parts of files (``Range``) are given as they are. Either way the answer says that it
    depends on what the browser takes, and the two have an ``ETag`` of their own.

    Parameters
    ----------
    response
        What would be answered; changed in its headers only.
    scope
        Of the request.
    """
    request = Headers(scope=scope)
    if not isinstance(response, FileResponse) or response.status_code != 200:
        return response
    path = Path(response.path)
    status = path.stat()
    packed = _packed(path, status.st_mtime_ns, status.st_size)
    if packed is None:
        return response
    response.headers["vary"] = "Accept-Encoding"
    if "range" in request or not _takes_gzip(request.get("accept-encoding", "")):
        return response
    own = ("content-length", "accept-ranges", "etag")
    headers = {name: value for name, value in response.headers.items() if name not in own}
    headers["content-encoding"] = "gzip"
    headers["etag"] = response.headers["etag"].removesuffix('"') + '-gzip"'
    known = request.get("if-none-match", "").split(",")
    if headers["etag"] in (tag.strip().removeprefix("W/") for tag in known):
        return NotModifiedResponse(Headers(headers))
    headers["content-length"] = str(len(packed))
    return Response(b"" if scope["method"] == "HEAD" else packed, headers=headers)


@lru_cache(maxsize=_MOST_KEPT)
def _packed(path: Path, modified_ns: int, size_bytes: int) -> bytes | None:
    """The content as gzip; None where that is hardly smaller."""
    if size_bytes < _LEAST_BYTES:
        return None
    packed = gzip.compress(path.read_bytes(), mtime=0)
    return packed if len(packed) < (1 - _LEAST_GAIN) * size_bytes else None


def _takes_gzip(accepted: str) -> bool:
    for word in accepted.lower().split(","):
        name, _, quality = word.partition(";")
        if name.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
