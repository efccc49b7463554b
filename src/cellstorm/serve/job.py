"""What a job is: as it is asked for, and as it is told about."""

import os
import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator

from cellstorm.camera import PRESETS, Camera
from cellstorm.errors import CameraError
from cellstorm.localize import GanMethod, GaussianMethod, NetMethod
from cellstorm.parameters import Parameters
from cellstorm.run.progress import Stage

__all__ = [
    "ENDED",
    "FolderSource",
    "Job",
    "JobError",
    "JobProgress",
    "JobRequest",
    "JobResult",
    "JobSettings",
    "JobState",
    "JobSummary",
    "UploadSource",
    "UploadState",
    "safe_name",
]

JobState = Literal["uploading", "queued", "running", "done", "failed", "cancelled"]
ENDED: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})

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


_Bound = Annotated[int, Field(ge=0, le=_MOST_INTEGER)]
_CAMERA_WITHOUT_MAPS = "a camera with maps is too large for a job; give it without"


class JobSettings(Parameters):
    """The options of ``cellstorm localize``, and whether a report follows."""

    method: NetMethod | GaussianMethod | GanMethod = Field(
        default_factory=NetMethod, discriminator="method", description="how to localize"
    )
    camera: str | dict[str, JsonValue] | None = Field(
        None, description="name of a preset, or a description; None: estimated from the movie"
    )
    pixel_size_nm: float | None = Field(
        None,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="edge of a pixel in the sample, nm; None: the file's own, or 100",
    )
    frames: tuple[_Bound | None, _Bound | None] | None = Field(
        None, description="start, stop (exclusive); null: the movie's own end"
    )
    region: tuple[_Bound | None, _Bound | None, _Bound | None, _Bound | None] | None = Field(
        None, description="x0, x1, y0, y1 in px, upper ends exclusive; null: the border"
    )
    report: bool = Field(True, description="write the report, too")

    @field_validator("camera")
    @classmethod
    def _is_a_camera(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in PRESETS:
            raise ValueError(f"there is no such camera; there are {', '.join(PRESETS)}")
        if isinstance(value, dict):
            if value.get("maps") is not None:
                raise ValueError(_CAMERA_WITHOUT_MAPS)
            try:
                Camera.model_validate(value)
            except CameraError as error:
                raise ValueError(error.what) from error
        return value

    def camera_model(self) -> Camera | None:
        """The camera itself; None: estimate it."""
        if self.camera is None:
            return None
        if isinstance(self.camera, str):
            return PRESETS[self.camera]
        return Camera.model_validate(self.camera)


class JobRequest(BaseModel):
    """A job as it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: UploadSource | FolderSource = Field(discriminator="kind")
    name: Annotated[str, AfterValidator(safe_name)] | None = Field(
        None, max_length=1000, description="of the file; required for uploads"
    )
    settings: JobSettings = Field(default_factory=JobSettings)
    recording: dict[str, JsonValue] | None = Field(
        None, description="anything to keep with the job: device, exposure, timestamps"
    )
    key: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="chosen by the client: asking again with it makes no second job",
    )


class JobProgress(BaseModel):
    """How far a run has come."""

    stage: Stage
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
    settings: JobSettings
    upload: UploadState | None
    queue_position: int | None
    attempts: int = Field(description="times that a worker took it up")
    cancelling: bool
    progress: JobProgress | None
    error: JobError | None
    summary: JobSummary | None
    notices: list[str]
    results: list[JobResult]
