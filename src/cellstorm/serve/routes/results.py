"""What came out of a job."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.responses import FileResponse

from cellstorm.serve.cached_file import CachedFile
from cellstorm.serve.refusals import Refusal, refusals
from cellstorm.serve.services import ServicesOf
from cellstorm.serve.telling import result_path, shown_results
from cellstorm.serve.work import CAMERA_PAGE, REPORT_FILE, RESULT_FILES, SO_FAR, result_name

__all__ = ["router"]

router = APIRouter(prefix="/api/jobs/{job_id}/results", tags=["results"])

# a page of its own: it runs what it brings along, but belongs to no site and asks nobody
_REPORT_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; img-src data: blob:;"
    " style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:;"
    " frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


@router.get(
    "/{name}",
    response_class=FileResponse,
    responses={
        **refusals(404, 422),
        200: {"content": {"application/octet-stream": {}}, "description": "the file"},
        304: {"description": "the client has it, says its If-None-Match"},
        206: {"description": "the part that Range asked for"},
        416: {"description": "Range lies outside the file"},
    },
)
def get_result(
    job_id: str,
    name: str,
    services: ServicesOf,
    download: Annotated[bool, Query(description="as an attachment")] = False,
) -> Response:
    """One of the files in a job's ``results``."""
    job = services.job(job_id)
    nothing = Refusal("not_found", "the job has no such result.")
    if name not in RESULT_FILES or name not in shown_results(job):
        raise nothing
    path = result_path(job, name, services)
    headers = {"cache-control": "private, no-cache"}
    if name in (REPORT_FILE, CAMERA_PAGE):
        headers["content-security-policy"] = _REPORT_POLICY
    try:
        if name == SO_FAR:
            # it is taken away as soon as the job is done
            return Response(
                path.read_bytes(), media_type="image/png", headers={"cache-control": "no-store"}
            )
        return CachedFile(
            path,
            media_type=RESULT_FILES[name],
            headers=headers,
            stat_result=path.stat(),
            filename=result_name(job.name, name),
            content_disposition_type="attachment" if download else "inline",
        )
    except OSError as error:
        raise nothing from error


router.head("/{name}", include_in_schema=False)(get_result)
