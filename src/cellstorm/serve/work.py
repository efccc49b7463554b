"""What passes between the server and its workers, and the files that come out of a job."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from cellstorm.serve.job import CalibrationSummary, JobError, JobProgress, JobSummary
from cellstorm.serve.job_settings import SettingsOfJob

__all__ = [
    "CAMERA_PAGE",
    "REPORT_FILE",
    "RESULT_FILES",
    "SO_FAR",
    "SUMMARY_FILE",
    "Answer",
    "Done",
    "Failed",
    "Order",
    "Working",
    "answers",
    "camera_path",
    "result_name",
    "so_far_picture",
    "table_path",
]

SUMMARY_FILE = "summary.json"
REPORT_FILE = "report.html"
SO_FAR = "so_far.png"
CAMERA_PAGE = "camera.html"
RESULT_FILES = {
    "table.parquet": "application/vnd.apache.parquet",
    "table.csv": "text/csv; charset=utf-8",
    "picture.png": "image/png",
    SUMMARY_FILE: "application/json",
    "recording.json": "application/json",
    REPORT_FILE: "text/html; charset=utf-8",
    SO_FAR: "image/png",
    "camera.yaml": "application/yaml",
    "camera.npz": "application/octet-stream",
    CAMERA_PAGE: "text/html; charset=utf-8",
}
"""Names and content types of what a job can give."""


def result_name(movie: str, name: str) -> str:
    """What a result is called outside: ``holiday.locs.parquet``, as on the command line."""
    stem, (kind, _, suffix) = Path(movie).stem, name.partition(".")
    return f"{stem}.locs.{suffix}" if kind in ("table", "picture") else f"{stem}.{name}"


def table_path(results: Path, movie: str) -> Path:
    """The native table in a job's folder of results, under the name that it has outside."""
    return results / result_name(movie, "table.parquet")


def camera_path(results: Path, clip: str) -> Path:
    """The camera in a calibration's folder of results, under the name that it has outside.

    Its maps lie beside it, and it names them.
    """
    return results / result_name(clip, "camera.yaml")


def so_far_picture(results: Path, movie: str) -> Path:
    """The picture that grows while a job runs."""
    table = table_path(results, movie)
    return table.with_name(f"{table.name}.partial") / "picture.png"


class Order(BaseModel):
    """What a worker shall do: one line of its standard input."""

    job_id: str
    name: str = Field(description="of the movie, for messages")
    movie: Path
    results: Path = Field(description="folder; what is there already is gone on with")
    dark: Path | None = Field(description="dark clip of a calibration")
    camera: Path | None = Field(description="the camera, where it was given in a file")
    recording: Path = Field(description="what was told of the recording; need not be there")
    settings: SettingsOfJob
    workers: int | None = Field(description="threads; None: one per processor")


class Working(BaseModel):
    """How far it has come."""

    kind: Literal["working"] = "working"
    progress: JobProgress


class Done(BaseModel):
    """All results are there."""

    kind: Literal["done"] = "done"
    summary: JobSummary | CalibrationSummary
    notices: list[str]


class Failed(BaseModel):
    """It cannot be done."""

    kind: Literal["failed"] = "failed"
    error: JobError


Answer = Working | Done | Failed
answers: TypeAdapter[Answer] = TypeAdapter(
    Annotated[Working | Done | Failed, Field(discriminator="kind")]
)
"""Reads one line of a worker's standard output."""
