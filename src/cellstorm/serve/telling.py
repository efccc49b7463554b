"""A kept job as it is told about: with what lies on disk."""

from pathlib import Path

from cellstorm.serve.job import Job, JobResult, UploadSource, UploadState
from cellstorm.serve.job_store import JobRow
from cellstorm.serve.services import Services
from cellstorm.serve.work import RESULT_FILES, SO_FAR, so_far_picture, table_path

__all__ = ["result_path", "shown_results", "told"]


def told(job: JobRow, services: Services) -> Job:
    """The job as its clients see it."""
    upload = None
    if job.state == "uploading" and isinstance(job.source, UploadSource):
        upload = UploadState(
            offset_bytes=services.uploads.offset(job), size_bytes=job.source.size_bytes
        )
    return Job(
        id=job.id,
        key=job.key,
        name=job.name,
        state=job.state,
        created=job.created,
        changed=job.changed,
        revision=job.revision,
        source=job.source,
        settings=job.settings,
        upload=upload,
        queue_position=services.store.queue_position(job),
        attempts=job.attempts,
        cancelling=job.cancelling,
        progress=job.progress,
        error=job.error,
        summary=job.summary,
        notices=job.notices,
        results=_results(job, services),
    )


def result_path(job: JobRow, name: str, services: Services) -> Path:
    """Where a result is, or would be."""
    folder = services.state.job(job.id)
    if name == "recording.json":
        return folder.recording
    if name == SO_FAR:
        return so_far_picture(folder.results, job.name)
    if name == "table.parquet":
        return table_path(folder.results, job.name)
    return folder.results / name


def shown_results(job: JobRow) -> list[str]:
    """Names of the results that a job of this state can have."""
    if job.state == "running":
        return ["recording.json", SO_FAR]
    if job.state == "done":
        return [name for name in RESULT_FILES if name != SO_FAR]
    return ["recording.json"]


def _results(job: JobRow, services: Services) -> list[JobResult]:
    found = []
    for name in shown_results(job):
        try:
            size_bytes = result_path(job, name, services).stat().st_size
        except OSError:
            continue
        found.append(
            JobResult(
                name=name,
                media_type=RESULT_FILES[name],
                size_bytes=size_bytes,
                url=f"/api/jobs/{job.id}/results/{name}",
            )
        )
    return found
