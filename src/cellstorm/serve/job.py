"""What a job is: as it is asked for, and as it is told about."""

import os
import re
import unicodedata
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    model_validator,
)

from cellstorm.parameters import Parameters
from cellstorm.run.progress import Stage
from cellstorm.serve.job_settings import CalibrationSettings, JobSettings, SettingsOfJob

__all__ = [
    "ENDED",
    "CalibrationSummary",
    "DarkClip",
    "FolderSource",
    "Job",
    "JobError",
    "JobProgress",
    "JobRequest",
    "JobResult",
    "JobState",
    "JobSummary",
    "MeasuredQuantity",
    "Part",
    "UploadSource",
    "UploadState",
    "safe_name",
    "summaries",
]

JobState = Literal["uploading", "queued", "running", "done", "failed", "cancelled"]
ENDED: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})
Part = Literal["movie", "dark"]
"""Which of a job's files."""

_MOST_INTEGER = 1 << 53
_LONGEST_NAME_BYTES = 150
# reserved by Windows whatever the ending
_DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """The last part of a file's name, fit for any file system; its ending is kept.

    Letters and digits of any script stay; what could mean something to a system becomes ``_``.

    Raises
    ------
    ValueError
        Nothing of it is left.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(c if c.isalnum() or c in " ._-+()[]=,@" else "_" for c in last).strip(" .")
    stem, suffix = os.path.splitext(plain)
    suffix = suffix[:16]
    while len((stem + suffix).encode()) > _LONGEST_NAME_BYTES:
        stem = stem[:-1]
    plain = stem.rstrip() + suffix
    if not plain.strip("_ .-"):
        raise ValueError("this is no file name")
    return f"_{plain}" if _DEVICES.match(plain) else plain


class UploadSource(Parameters):
    """A movie that will be sent."""

    kind: Literal["upload"] = "upload"
    size_bytes: int = Field(ge=1, le=_MOST_INTEGER, description="of the whole file")


class FolderSource(Parameters):
    """A movie of a folder that the server was started with."""

    kind: Literal["folder"] = "folder"
    folder: str = Field(min_length=1, max_length=255, description="one of GET /api/folders")
    path: str = Field(min_length=1, max_length=4096, description="within it, with /")


_SafeName = Annotated[str, AfterValidator(safe_name)]


class DarkClip(Parameters):
    """The dark clip of a calibration: the same settings, the lens covered."""

    source: UploadSource | FolderSource = Field(
        discriminator="kind", description="where it comes from"
    )
    name: _SafeName | None = Field(
        None, max_length=1000, description="of the file; required for uploads"
    )


class JobRequest(BaseModel):
    """A job as it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: UploadSource | FolderSource = Field(discriminator="kind")
    dark: DarkClip | None = Field(None, description="of a calibration only")
    name: _SafeName | None = Field(
        None, max_length=1000, description="of the file; required for uploads"
    )
    settings: SettingsOfJob = Field(default_factory=JobSettings)
    recording: dict[str, JsonValue] | None = Field(
        None, description="anything to keep with the job: device, exposure, timestamps"
    )
    key: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="chosen by the client: asking again with it makes no second job",
    )

    @model_validator(mode="after")
    def _only_calibrations_have_a_dark_clip(self) -> Self:
        if self.dark is not None and not isinstance(self.settings, CalibrationSettings):
            raise ValueError("only a calibration has a dark clip")
        return self


class JobProgress(BaseModel):
    """How far a run has come."""

    stage: Stage | Literal["measuring"]
    frames_done: int
    frames_total: int
    molecules: int
    frames_per_second: float | None = None


class JobError(BaseModel):
    """Why a job failed."""

    what: str
    where: str | None = None
    todo: str | None = None


class JobSummary(BaseModel):
    """What came out, in a few numbers; see `cellstorm.run.LocalizationRun`."""

    frames: int
    molecules: int
    median_photons: float | None
    median_background_photons: float | None
    median_uncertainty_nm: float | None
    median_sigma_nm: float | None
    frames_per_second: float
    seconds: float
    pixel_size_nm: float
    camera: dict[str, JsonValue]
    decisions: dict[str, str]


class MeasuredQuantity(BaseModel):
    """A number of a calibration, in words."""

    name: str
    value: str
    error: str
    unit: str
    source: str = Field(description="what told it")


class CalibrationSummary(BaseModel):
    """What a calibration measured; see `cellstorm.camera.Calibration`."""

    camera: dict[str, JsonValue] = Field(description="without its maps")
    has_maps: bool
    quantities: list[MeasuredQuantity]
    pixel_size_nm: float | None


summaries: TypeAdapter[JobSummary | CalibrationSummary] = TypeAdapter(
    JobSummary | CalibrationSummary
)
"""Reads what either kept."""


class JobResult(BaseModel):
    """A file that came out."""

    name: str
    media_type: str
    size_bytes: int
    url: str


class UploadState(BaseModel):
    """How much of an upload is there."""

    offset_bytes: int
    size_bytes: int


class Job(BaseModel):
    """A job as it is told about."""

    id: str
    key: str | None
    name: str
    state: JobState
    created: datetime
    changed: datetime
    revision: int = Field(description="grows with every change of any job")
    source: UploadSource | FolderSource = Field(discriminator="kind")
    dark: DarkClip | None
    settings: SettingsOfJob
    upload: UploadState | None
    dark_upload: UploadState | None
    queue_position: int | None
    attempts: int = Field(description="times that a worker took it up")
    cancelling: bool
    progress: JobProgress | None
    error: JobError | None
    summary: JobSummary | CalibrationSummary | None
    notices: list[str]
    results: list[JobResult]
