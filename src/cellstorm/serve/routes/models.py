"""The networks, so that the app computes with the same ones."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import FileResponse

from cellstorm.errors import ConfigurationError
from cellstorm.serve.cached_file import CachedFile
from cellstorm.serve.model_shelf import ShelvedModel
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.services import ServicesOf

__all__ = ["router"]

router = APIRouter(prefix="/api/models", tags=["models"])


class ModelList(BaseModel):
    """Networks, the one that comes along first."""

    models: list[ShelvedModel]


@router.get("", responses=refusals())
def list_models(services: ServicesOf) -> ModelList:
    """The networks that a job can ask for by name or id."""
    return ModelList(models=services.models.all())


@router.get(
    "/{model_id}/file",
    response_class=FileResponse,
    responses={
        **refusals(404),
        200: {"content": {"application/octet-stream": {}}, "description": "the ONNX file"},
    },
)
def get_model_file(model_id: str, services: ServicesOf) -> CachedFile:
    """The ONNX file of a network; its content never changes."""
    try:
        shelved = services.models.find(model_id)
    except ConfigurationError as error:
        raise Refusal("not_found", error.what) from error
    return CachedFile(
        shelved.path,
        media_type="application/octet-stream",
        headers={
            "etag": f'"{shelved.told.sha256}"',
            "cache-control": "private, max-age=31536000, immutable"
            if model_id == shelved.told.id
            else "no-cache",
        },
    )


router.head("/{model_id}/file", include_in_schema=False)(get_model_file)
