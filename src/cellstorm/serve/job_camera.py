"""The camera of one job, its maps cut to the part of the sensor that was recorded."""

import json
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from cellstorm.camera import Camera, load_camera
from cellstorm.errors import CameraError
from cellstorm.movie import open_movie
from cellstorm.serve.job_settings import JobSettings
from cellstorm.serve.work import Order

__all__ = ["SensorRegion", "camera_of", "recorded_region", "write_region"]

_REGION = "region.json"


class SensorRegion(BaseModel):
    """The part of a camera's picture that was recorded, as the app tells it."""

    x: int = Field(description="left edge, px")
    y: int = Field(description="upper edge, px")
    width: int
    height: int


class _Recording(BaseModel):
    region_px: SensorRegion


def recorded_region(recording: Path) -> SensorRegion | None:
    """What the app told of a recording's place; None if nothing."""
    try:
        return _Recording.model_validate_json(recording.read_bytes()).region_px
    except (OSError, ValidationError):
        return None


def write_region(camera: Path, region: SensorRegion | None) -> None:
    """Keep beside a camera file which part of the sensor its maps show."""
    told = {} if region is None else {"region_px": region.model_dump()}
    camera.with_name(_REGION).write_text(json.dumps(told), encoding="utf-8")


def camera_of(order: Order) -> tuple[Camera | None, list[str]]:
    """The camera of a job (None: to be estimated) with maps that fit its movie, and notices.

    Raises
    ------
    CellstormError
        Camera or movie cannot be read.
    """
    assert isinstance(order.settings, JobSettings)
    if order.camera is None:
        return order.settings.camera_model(), []
    camera = load_camera(order.camera)
    if camera.maps is None:
        return camera, []
    with open_movie(order.movie) as movie:
        height, width = movie.shape[1:]
    measured, recorded = recorded_region(order.camera.with_name(_REGION)), None
    if measured is not None:
        recorded = recorded_region(order.recording)
    try:
        if measured is not None and recorded is not None:
            x, y = recorded.x - measured.x, recorded.y - measured.y
            maps = camera.maps.cut((x, x + width, y, y + height))
        else:
            # where in the measured field a smaller movie lies is not known
            camera.check_shape(height, width)
            maps = camera.maps
    except CameraError:
        rows, columns = camera.maps.shape
        return camera.model_copy(update={"maps": None}), [
            f"The maps of camera {camera.name!r} ({columns} x {rows} px) were not used: the movie"
            f" ({width} x {height} px) does not lie within them, or it is not known where."
        ]
    return camera.model_copy(update={"maps": maps}), []
