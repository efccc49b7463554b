"""The cameras, so that the app can offer them."""

from fastapi import APIRouter
from pydantic import BaseModel

from cellstorm.serve.camera_shelf import ShelvedCamera, known_cameras
from cellstorm.serve.refusals import refusals
from cellstorm.serve.services import ServicesOf

__all__ = ["router"]

router = APIRouter(prefix="/api/cameras", tags=["cameras"])


class CameraList(BaseModel):
    """Cameras: those calibrated here, the newest first, then the presets."""

    cameras: list[ShelvedCamera]


@router.get("", responses=refusals())
def list_cameras(services: ServicesOf) -> CameraList:
    """The cameras that a job can be given; those in files of folders come besides."""
    return CameraList(cameras=known_cameras(services))
