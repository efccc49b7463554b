"""A kept job as it is told about: with what lies on disk."""

from pathlib import Path

from cellstorm.serve.job import Job, JobResult, Part, UploadState
from cellstorm.serve.job_store import JobRow
from cellstorm.serve.services import Services
from cellstorm.serve.work import RESULT_FILES, SO_FAR, camera_path, so_far_picture, table_path

__all__ = ["result_path", "shown_results", "told"]


def told(job: JobRow, services: Services) -> Job:
    """The job as its clients see it."""
    return Job(
        id=job.id,
        key=job.key,
        name=job.name,
        state=job.state,
        created=job.created,
        changed=job.changed,
        revision=job.revision,
        source=job.source,
        dark=job.dark,
        settings=job.settings,
        upload=_upload(job, "movie", services),
        dark_upload=_upload(job, "dark", services),
        queue_position=services.store.queue_position(job),
        attempts=job.attempts,
        cancelling=job.cancelling,
        progress=job.progress,
        error=job.error,
        summary=job.summary,
        notices=job.notices,
        results=_results(job, services),
    )


def _upload(job: JobRow, part: Part, services: Services) -> UploadState | None:
    size_bytes = services.uploads.size_bytes(job, part)
    if job.state != "uploading" or size_bytes is None:
        return None
    return UploadState(offset_bytes=services.uploads.offset(job, part), size_bytes=size_bytes)


def result_path(job: JobRow, name: str, services: Services) -> Path:
    """Where a result is, or would be."""
    folder = services.state.job(job.id)
    if name == "recording.json":
        return folder.recording
    if name == SO_FAR:
        return so_far_picture(folder.results, job.name)
    if name == "table.parquet":
        return table_path(folder.results, job.name)
    if name in ("camera.yaml", "camera.npz"):
        return camera_path(folder.results, job.name).with_suffix(Path(name).suffix)
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
