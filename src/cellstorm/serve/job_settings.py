"""What a job shall do: localize a movie, or measure a camera."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag, field_validator

from cellstorm.camera import PRESETS, Camera, OpticalPath
from cellstorm.errors import CameraError
from cellstorm.localize import GanMethod, GaussianMethod, NetMethod
from cellstorm.parameters import Parameters

__all__ = [
    "CalibrationSettings",
    "CameraOfFolder",
    "CameraOfJob",
    "JobSettings",
    "SettingsOfJob",
]

_MOST_INTEGER = 1 << 53
_Bound = Annotated[int, Field(ge=0, le=_MOST_INTEGER)]
_CAMERA_WITHOUT_MAPS = "a camera with maps is too large for a job; give it without"


class CameraOfJob(Parameters):
    """The camera that a calibration of this server measured."""

    job: str = Field(min_length=1, max_length=64, description="id of the calibration")


class CameraOfFolder(Parameters):
    """A camera file (YAML) of a folder that the server was started with."""

    folder: str = Field(min_length=1, max_length=255, description="one of GET /api/folders")
    path: str = Field(min_length=1, max_length=4096, description="within it, with /")


def _camera_tag(value: Any) -> str:
    if isinstance(value, str):
        return "preset"
    if isinstance(value, CameraOfJob) or (isinstance(value, dict) and "job" in value):
        return "job"
    if isinstance(value, CameraOfFolder) or (isinstance(value, dict) and "folder" in value):
        return "folder"
    return "description"


_AnyCamera = Annotated[
    Annotated[str, Tag("preset")]
    | Annotated[CameraOfJob, Tag("job")]
    | Annotated[CameraOfFolder, Tag("folder")]
    | Annotated[dict[str, JsonValue], Tag("description")],
    Discriminator(_camera_tag),
]


class JobSettings(Parameters):
    """The options of ``cellstorm localize``, and whether a report follows."""

    kind: Literal["localize"] = "localize"
    method: NetMethod | GaussianMethod | GanMethod = Field(
        default_factory=NetMethod, discriminator="method", description="how to localize"
    )
    camera: _AnyCamera | None = Field(
        None,
        description="name of a preset, a description, the camera of a calibration or a file;"
        " None: estimated from the movie",
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
        """The camera that is named or described; None: estimate it, or it is in a file."""
        if isinstance(self.camera, str):
            return PRESETS[self.camera]
        return Camera.model_validate(self.camera) if isinstance(self.camera, dict) else None


class CalibrationSettings(Parameters):
    """The options of ``cellstorm calibrate``; the clips are the job's own files."""

    kind: Literal["calibrate"] = "calibrate"
    name: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="what to call the camera; the clip's name by default",
    )
    optics: OpticalPath | None = Field(None, description="tells the pixel size")


def _settings_tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "localize" if kind is None else str(kind)


SettingsOfJob = Annotated[
    Annotated[JobSettings, Tag("localize")] | Annotated[CalibrationSettings, Tag("calibrate")],
    Discriminator(_settings_tag),
]
"""Of either; what says no ``kind`` localizes."""
