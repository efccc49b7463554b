"""Jobs: asked for, listed, cancelled, taken up again, removed."""

import asyncio
import hashlib
import json
import shutil
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from cellstorm.errors import ConfigurationError
from cellstorm.localize import GaussianMethod
from cellstorm.serve.camera_shelf import keep_camera
from cellstorm.serve.job import (
    ENDED,
    DarkClip,
    FolderSource,
    Job,
    JobRequest,
    JobState,
    UploadSource,
    safe_name,
)
from cellstorm.serve.job_settings import JobSettings
from cellstorm.serve.job_store import new_job_id
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.requested import StrictRoute
from cellstorm.serve.services import Services, ServicesOf
from cellstorm.serve.telling import told

__all__ = ["router"]

router = APIRouter(prefix="/api/jobs", route_class=StrictRoute, tags=["jobs"])

_MOST_RECORDING_BYTES = 900_000


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[Job]
    revision: int


@router.post(
    "",
    status_code=201,
    responses={
        200: {"model": Job, "description": "There was a job with this key already"},
        **refusals(403, 404, 409, 422, 429, 507),
    },
)
def make_job(request: JobRequest, response: Response, services: ServicesOf) -> Job:
    """Ask for a job: of a movie that will be sent, or of one in a folder."""
    digest = _digest(request)
    if request.key is not None:
        known = services.store.with_key(request.key)
        if known is not None:
            response.status_code = 200
            return _same(known.id, known.request_digest == digest, services)
    _check_model(request, services)
    unfinished = len(services.store.unfinished())
    if unfinished >= services.settings.most_unfinished_jobs:
        raise Refusal(
            "too_many_jobs",
            f"{unfinished} jobs are waiting already.",
            "Wait for some to end, or remove those that are not needed.",
        )
    name = _checked_name(request.source, request.name, services)
    dark = _checked_dark(request, services)
    _check_room(request, services)
    job_id = new_job_id()
    folder = services.state.job(job_id)
    # before the job itself: a folder without a job is swept away
    folder.path.mkdir()
    try:
        _keep_recording(request, job_id, services)
        keep_camera(request.settings, folder, services)
        job, is_new = services.store.add(
            job_id=job_id,
            name=name,
            source=request.source,
            dark=dark,
            settings=request.settings,
            request_digest=digest,
            key=request.key,
        )
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    if not is_new:
        # the same request came twice at once
        shutil.rmtree(folder.path, ignore_errors=True)
        response.status_code = 200
        return _same(job.id, job.request_digest == digest, services)
    return told(job, services)


@router.get("", responses=refusals(422))
def list_jobs(
    services: ServicesOf,
    state: Annotated[list[JobState] | None, Query(description="only these")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[str | None, Query(max_length=64, description="id; only older ones")] = None,
) -> JobList:
    """All jobs, the newest first."""
    revision = services.store.revision()
    rows = services.store.listed(state or (), limit=limit, before=before)
    return JobList(jobs=[told(job, services) for job in rows], revision=revision)


@router.get("/{job_id}", responses=refusals(404))
def get_job(job_id: str, services: ServicesOf) -> Job:
    """One job."""
    return told(services.job(job_id), services)


@router.delete("/{job_id}", status_code=204, responses=refusals(404, 423))
async def delete_job(job_id: str, services: ServicesOf) -> Response:
    """Stop a job and remove it with its upload and results."""
    services.job(job_id)
    await services.remove_job(job_id)
    return Response(status_code=204)


@router.post("/{job_id}/cancel", responses=refusals(404, 409))
async def cancel_job(job_id: str, services: ServicesOf) -> Job:
    """Stop a job; what it has done is kept for a retry."""
    job = services.job(job_id)
    if not await asyncio.to_thread(services.store.ask_to_cancel, job_id):
        raise Refusal("wrong_state", f"the job is {job.state} and cannot be cancelled.")
    await services.uploads.stop(job_id)
    await services.runner.stop_job(job_id)
    return told(services.job(job_id), services)


@router.post("/{job_id}/retry", responses=refusals(404, 409))
def retry_job(job_id: str, services: ServicesOf) -> Job:
    """Go on with a job that failed or was cancelled."""
    job = services.job(job_id)
    if job.state not in ENDED or job.state == "done":
        raise Refusal("wrong_state", f"the job is {job.state}: there is nothing to try again.")
    complete = services.uploads.missing_bytes(job) == 0
    if not services.store.again(job_id, complete=complete):
        raise Refusal("wrong_state", "the job was taken up again already.")
    return told(services.job(job_id), services)


def _same(job_id: str, same: bool, services: Services) -> Job:
    if not same:
        raise Refusal(
            "key_taken", "another job has this key.", "Choose another key for another job."
        )
    return told(services.job(job_id), services)


def _digest(request: JobRequest) -> str:
    # what is left out means the same in a later version that has more fields
    content = request.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _check_model(request: JobRequest, services: Services) -> None:
    if not isinstance(request.settings, JobSettings):
        return
    method = request.settings.method
    if isinstance(method, GaussianMethod) or method.model is None:
        return
    try:
        services.models.find(str(method.model), method.method)
    except ConfigurationError as error:
        raise Refusal("invalid", error.what, error.todo) from error


def _checked_name(source: UploadSource | FolderSource, name: str | None, services: Services) -> str:
    if isinstance(source, FolderSource):
        found = services.folders.find(source.folder, source.path)
        if not (found.is_file() or found.is_dir()):
            raise Refusal("not_found", "this is neither a file nor a folder.")
        return safe_name(found.name)
    if name is None:
        raise Refusal("invalid", "an upload needs a name: that of its file.")
    return name


def _checked_dark(request: JobRequest, services: Services) -> DarkClip | None:
    if request.dark is None:
        return None
    name = _checked_name(request.dark.source, request.dark.name, services)
    return request.dark.model_copy(update={"name": name})


def _check_room(request: JobRequest, services: Services) -> None:
    sources = [request.source, *([request.dark.source] if request.dark is not None else [])]
    sizes = [source.size_bytes for source in sources if isinstance(source, UploadSource)]
    if sizes:
        services.uploads.check_room(sum(sizes))


def _keep_recording(request: JobRequest, job_id: str, services: Services) -> None:
    if request.recording is None:
        return
    content = json.dumps(request.recording, indent=1).encode()
    if len(content) > _MOST_RECORDING_BYTES:
        raise Refusal("too_large", f"recording takes more than {_MOST_RECORDING_BYTES} bytes.")
    services.state.job(job_id).recording.write_bytes(content)
