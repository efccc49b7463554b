"""The folders that the user named: what is in them, and what their movies are."""

import asyncio
import json
import sys
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import FileResponse

from cellstorm.serve.cached_file import CachedFile
from cellstorm.serve.folders import FolderListing
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.services import ServicesOf

__all__ = ["router"]

router = APIRouter(prefix="/api/folders", tags=["folders"])

_SECONDS_TO_LOOK = 60.0
_LOOKS_AT_ONCE = asyncio.Semaphore(2)
_Path = Annotated[str, Query(max_length=4096, description="relative to the folder, with /")]


class FolderName(BaseModel):
    """A folder."""

    name: str


class FolderList(BaseModel):
    """The folders that the server was started with."""

    folders: list[FolderName]


@router.get("", responses=refusals())
def list_folders(services: ServicesOf) -> FolderList:
    """The folders that the server was started with."""
    return FolderList(folders=[FolderName(name=name) for name in services.folders.names])


@router.get("/{folder}/entries", responses=refusals(403, 404, 422))
def list_entries(folder: str, services: ServicesOf, path: _Path = "") -> FolderListing:
    """What is in a folder."""
    return services.folders.listing(folder, path)


@router.get("/{folder}/movie", responses=refusals(403, 404, 408, 422))
async def describe_movie(folder: str, services: ServicesOf, path: _Path) -> dict[str, Any]:
    """What a movie is, as ``cellstorm info --json`` says it."""
    found = await asyncio.to_thread(services.folders.find, folder, path)
    async with _LOOKS_AT_ONCE:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "cellstorm.movie.look_process",
            str(found),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_SECONDS_TO_LOOK):
                said, _ = await process.communicate()
        except TimeoutError:
            raise Refusal("timeout", "looking at the movie takes too long.") from None
        finally:
            if process.returncode is None:
                process.kill()
    if process.returncode != 0:
        raise Refusal("invalid", "the movie makes its reader crash: it is damaged.")
    told: dict[str, Any] = json.loads(said)
    if "error" in told:
        raise Refusal("invalid", told["error"]["what"], told["error"]["todo"])
    return told


@router.get(
    "/{folder}/file",
    response_class=FileResponse,
    responses={
        **refusals(403, 404, 422),
        200: {"content": {"application/octet-stream": {}}, "description": "the file"},
        304: {"description": "the client has it, says its If-None-Match"},
        206: {"description": "the part that Range asked for"},
        416: {"description": "Range lies outside the file"},
    },
)
def get_file(folder: str, services: ServicesOf, path: _Path) -> CachedFile:
    """A file itself, whole or in parts."""
    found = services.folders.find(folder, path)
    if not found.is_file():
        raise Refusal("not_found", "this is not a file.")
    try:
        found.open("rb").close()
    except OSError as error:
        raise Refusal("not_found", f"the file cannot be read ({error.strerror}).") from error
    return CachedFile(
        found,
        # whatever it is, no browser shall show it as a page
        media_type="application/octet-stream",
        filename=found.name,
        headers={"cache-control": "private, no-cache"},
        stat_result=found.stat(),
    )


router.head("/{folder}/file", include_in_schema=False)(get_file)
