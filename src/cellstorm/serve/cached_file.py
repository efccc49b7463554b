"""A file as an answer, or word that the client has it already."""

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

__all__ = ["CachedFile"]

_KEPT = ("etag", "cache-control", "last-modified")


class CachedFile(FileResponse):
    """A file with an ``ETag``; 304 to whoever names that one in ``If-None-Match``."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        known = Headers(scope=scope).get("if-none-match", "")
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        if self.headers.get("etag") in tags or tags == {"*"}:
            headers = {name: self.headers[name] for name in _KEPT if name in self.headers}
            await Response(status_code=304, headers=headers)(scope, receive, send)
            return
        await super().__call__(scope, receive, send)
