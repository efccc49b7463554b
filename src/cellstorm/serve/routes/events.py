"""Changes of jobs as they happen, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from cellstorm.serve.job import ENDED
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.services import Services, ServicesOf
from cellstorm.serve.telling import told

__all__ = ["router"]

router = APIRouter(tags=["events"])

_SECONDS_BETWEEN_EVENTS = 0.25
_SECONDS_BETWEEN_SIGNS_OF_LIFE = 15.0
_RETRY_MS = 2000
_STREAM: dict[int | str, dict[str, Any]] = {
    **refusals(404, 422),
    200: {"content": {"text/event-stream": {}}, "description": "events `job` and `deleted`"},
}
_After = Annotated[str | None, Query(max_length=30, description="revision seen last")]
_LastEventId = Annotated[str | None, Header(max_length=30)]


@router.get("/api/events", response_class=StreamingResponse, responses=_STREAM)
async def watch_jobs(
    services: ServicesOf, after: _After = None, last_event_id: _LastEventId = None
) -> StreamingResponse:
    """All jobs, then each again when it changes."""
    return _stream(_events(services, None, _seen(last_event_id or after, services)))


@router.get(
    "/api/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={**_STREAM, 204: {"description": "It has ended, and that was seen"}},
)
async def watch_job(
    job_id: str, services: ServicesOf, after: _After = None, last_event_id: _LastEventId = None
) -> Response:
    """One job, and again when it changes, until it has ended."""
    seen = _seen(last_event_id or after, services)
    job = services.store.get(job_id)
    if job is None and not _was_deleted(job_id, seen, services):
        raise Refusal("not_found", "there is no such job.")
    if job is not None and job.state in ENDED and job.revision <= seen:
        # keeps browsers from coming back for ever
        return Response(status_code=204)
    return _stream(_events(services, job_id, seen))


def _stream(events: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def _seen(text: str | None, services: Services) -> int:
    """The revision that a client saw last; 0 for nothing that could have been one."""
    if text is None or not (text.isascii() and text.isdigit()):
        return 0
    seen = int(text)
    # greater than all there were: the queue is another one now
    return seen if seen <= services.store.revision() else 0


def _was_deleted(job_id: str, seen: int, services: Services) -> bool:
    _, gone = services.store.changed_after(seen)
    return any(deleted == job_id for deleted, _ in gone)


async def _events(services: Services, job_id: str | None, seen: int) -> AsyncIterator[str]:
    first = seen == 0
    yield f"retry: {_RETRY_MS}\n\n"
    with services.changes.watch() as changed:
        while not services.changes.closing:
            changed.clear()
            texts, seen, ended = await asyncio.to_thread(_changes, services, job_id, seen, first)
            first = False
            for text in texts:
                yield text
            if ended:
                return
            await asyncio.sleep(_SECONDS_BETWEEN_EVENTS)
            try:
                await asyncio.wait_for(changed.wait(), _SECONDS_BETWEEN_SIGNS_OF_LIFE)
            except TimeoutError:
                yield ": still here\n\n"


def _changes(
    services: Services, job_id: str | None, seen: int, first: bool
) -> tuple[list[str], int, bool]:
    """The events after a revision, the revision reached, and whether the one job has ended."""
    now = services.store.revision()
    rows, gone = services.store.changed_after(seen)
    if first:
        gone = []
    if job_id is not None:
        rows = [row for row in rows if row.id == job_id]
        gone = [item for item in gone if item[0] == job_id]
    events = [
        (row.revision, _event(row.revision, "job", told(row, services).model_dump_json()))
        for row in rows
    ]
    events += [
        (revision, _event(revision, "deleted", json.dumps({"id": deleted})))
        for deleted, revision in gone
    ]
    ended = job_id is not None and (bool(gone) or any(row.state in ENDED for row in rows))
    if job_id is not None and not ended and services.store.get(job_id) is None:
        ended = True
    reached = max([now, *(revision for revision, _ in events)])
    return [text for _, text in sorted(events)], reached, ended


def _event(revision: int, kind: str, data: str) -> str:
    return f"id: {revision}\nevent: {kind}\ndata: {data}\n\n"
