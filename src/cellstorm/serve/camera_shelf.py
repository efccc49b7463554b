"""The cameras that a job can be given: presets, what was calibrated here, files of folders."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, Field

from cellstorm.camera import PRESETS, Camera, load_camera
from cellstorm.errors import CellstormError
from cellstorm.serve.job import CalibrationSummary
from cellstorm.serve.job_camera import SensorRegion, recorded_region, write_region
from cellstorm.serve.job_settings import (
    CalibrationSettings,
    CameraOfFolder,
    CameraOfJob,
    JobSettings,
)
from cellstorm.serve.refusals import Refusal
from cellstorm.serve.state_folder import JobFolder
from cellstorm.serve.work import camera_path

if TYPE_CHECKING:
    from cellstorm.serve.services import Services

__all__ = ["ShelvedCamera", "keep_camera", "known_cameras"]

_MOST_FILE_BYTES = 1_000_000


class ShelvedCamera(BaseModel):
    """A camera as it is told about."""

    name: str
    notes: str
    camera: str | CameraOfJob = Field(description="what a job's settings say to get it")


def known_cameras(services: "Services") -> list[ShelvedCamera]:
    """What was calibrated here, the newest first, then the presets."""
    measured = [
        ShelvedCamera(
            name=str(job.summary.camera["name"]),
            notes=str(job.summary.camera["notes"]),
            camera=CameraOfJob(job=job.id),
        )
        for job in services.store.listed(("done",), limit=1000)
        if isinstance(job.summary, CalibrationSummary)
    ]
    presets = [
        ShelvedCamera(name=name, notes=camera.notes, camera=name)
        for name, camera in PRESETS.items()
    ]
    return measured + presets


def keep_camera(
    settings: JobSettings | CalibrationSettings, folder: JobFolder, services: "Services"
) -> None:
    """Copy the camera that a job names into its folder: the original may change or go.

    Raises
    ------
    Refusal
        There is none such, or it is no camera.
    """
    if not isinstance(settings, JobSettings):
        return
    named = settings.camera
    region = None
    if isinstance(named, CameraOfJob):
        camera, region = _of_job(named, services)
    elif isinstance(named, CameraOfFolder):
        camera = _of_folder(named, services)
    else:
        return
    folder.camera.parent.mkdir()
    camera.save(folder.camera)
    write_region(folder.camera, region)


def _of_job(named: CameraOfJob, services: "Services") -> tuple[Camera, SensorRegion | None]:
    job = services.store.get(named.job)
    if job is None or not isinstance(job.summary, CalibrationSummary):
        raise Refusal(
            "not_found",
            "there is no such calibration.",
            "Choose another camera, or calibrate again.",
        )
    folder = services.state.job(job.id)
    return load_camera(camera_path(folder.results, job.name)), recorded_region(folder.recording)


def _of_folder(named: CameraOfFolder, services: "Services") -> Camera:
    found = services.folders.find(named.folder, named.path)
    if not found.is_file() or found.stat().st_size > _MOST_FILE_BYTES:
        raise Refusal("invalid", f"{found.name} is no camera file.")
    try:
        values = yaml.safe_load(found.read_text(encoding="utf-8"))
        maps = values.get("maps") if isinstance(values, dict) else None
        beside = PurePosixPath(named.path).parent
        for name in maps.values() if isinstance(maps, dict) else [maps]:
            if isinstance(name, str):
                # a camera file must not make the server read what its folders do not hold
                services.folders.find(named.folder, (beside / name).as_posix())
        return load_camera(found)
    except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
        raise Refusal("invalid", f"{found.name} is no camera file.") from error
    except CellstormError as error:
        raise Refusal("invalid", f"{found.name}: {error.what}", error.todo) from error
