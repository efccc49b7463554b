"""A movie that comes in pieces and can be cut off at any of them."""

import asyncio
from typing import Annotated, Self

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field, model_validator

from cellstorm.serve.job import Job, Part
from cellstorm.serve.job_store import JobRow
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.requested import StrictRoute
from cellstorm.serve.services import Services, ServicesOf
from cellstorm.serve.telling import told
from cellstorm.serve.uploads import PARTS, Checksum

__all__ = ["router"]

router = APIRouter(prefix="/api/jobs/{job_id}/upload", route_class=StrictRoute, tags=["upload"])

_CONTENT_TYPE = "application/offset+octet-stream"
_HEX = r"^[0-9A-Fa-f]{64}$"


_WhichPart = Annotated[Part, Query(description="the dark clip of a calibration, or the movie")]


class FileChecksums(BaseModel):
    """What the bytes of a file must be; one of them at least."""

    sha256: str | None = Field(None, pattern=_HEX, description="of the whole file")
    sha256_of_pieces: str | None = Field(
        None, pattern=_HEX, description="of the joined SHA-256 of its pieces of 4194304 bytes"
    )

    @model_validator(mode="after")
    def _one_is_there(self) -> Self:
        if not self._is_any():
            raise ValueError("give sha256 or sha256_of_pieces")
        return self

    def _is_any(self) -> bool:
        return self.sha256 is not None or self.sha256_of_pieces is not None

    def checksum(self) -> Checksum:
        """As it is looked at."""
        return Checksum(self.sha256, self.sha256_of_pieces)


class Checksums(FileChecksums):
    """What the bytes of a job's files must be."""

    dark: FileChecksums | None = Field(None, description="of the dark clip of a calibration")

    def _is_any(self) -> bool:
        return self.dark is not None or super()._is_any()


@router.head("", responses=refusals(404, 409))
def get_upload_offset(job_id: str, services: ServicesOf, part: _WhichPart = "movie") -> Response:
    """How many bytes are there."""
    job = _uploading(job_id, services)
    size_bytes = _size(job, part, services)
    return Response(headers=_offset_headers(services.uploads.offset(job, part), size_bytes))


@router.patch(
    "",
    status_code=204,
    responses=refusals(404, 408, 409, 415, 422, 423, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {_CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def append_to_upload(
    job_id: str,
    request: Request,
    services: ServicesOf,
    upload_offset: Annotated[int, Header(ge=0, le=1 << 53)],
    part: _WhichPart = "movie",
) -> Response:
    """Send bytes from an offset on."""
    job = _uploading(job_id, services)
    size_bytes = _size(job, part, services)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _CONTENT_TYPE:
        raise Refusal("unsupported_media_type", f"bytes are sent as {_CONTENT_TYPE}.")
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() else None
    there = await services.uploads.append(job, part, upload_offset, announced, request.stream())
    await asyncio.to_thread(services.store.touch, job_id)
    return Response(status_code=204, headers=_offset_headers(there, size_bytes))


@router.post("/complete", responses=refusals(404, 409, 422))
async def complete_upload(job_id: str, checksums: Checksums, services: ServicesOf) -> Job:
    """Say what the bytes must be; the job then waits for its turn."""
    job = services.job(job_id)
    is_sent = any(services.uploads.size_bytes(job, part) is not None for part in PARTS)
    if not is_sent or job.state in ("failed", "cancelled"):
        raise Refusal("wrong_state", f"the job is {job.state}: nothing is being sent.")
    if job.state == "uploading":
        try:
            given: dict[Part, Checksum] = {"movie": checksums.checksum()}
            if checksums.dark is not None:
                given["dark"] = checksums.dark.checksum()
            await services.uploads.complete(job, given)
        except Refusal as refusal:
            # asked twice at once: the other one did it
            if refusal.body.code != "wrong_state" or _ended_badly(services.job(job_id)):
                raise
    return told(services.job(job_id), services)


def _ended_badly(job: JobRow) -> bool:
    return job.state in ("uploading", "failed", "cancelled")


def _uploading(job_id: str, services: Services) -> JobRow:
    job = services.job(job_id)
    if job.state != "uploading":
        raise Refusal("wrong_state", f"the job is {job.state}: nothing is being sent.")
    return job


def _size(job: JobRow, part: Part, services: Services) -> int:
    size_bytes = services.uploads.size_bytes(job, part)
    if size_bytes is None:
        raise Refusal("not_found", f"the job has no {part} that is sent.")
    return size_bytes


def _offset_headers(offset: int, size_bytes: int) -> dict[str, str]:
    return {
        "upload-offset": str(offset),
        "upload-length": str(size_bytes),
        "cache-control": "no-store",
    }
