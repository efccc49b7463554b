"""The server as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from cellstorm import __version__
from cellstorm.serve.gate import Gate, GateRules
from cellstorm.serve.refusals import answer_errors
from cellstorm.serve.routes import (
    app_files,
    cameras,
    events,
    folders,
    jobs,
    models,
    results,
    server,
    upload,
)
from cellstorm.serve.services import Services, running
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder

__all__ = ["create_app"]


def create_app(
    settings: ServeSettings,
    state: StateFolder,
    rules: GateRules | None = None,
    *,
    app_folder: Path = app_files.APP_FOLDER,
) -> FastAPI:
    """The whole server, without the sockets.

    Parameters
    ----------
    settings
        What the user asked for.
    state
        The folder it works in, held for as long as it runs.
    rules
        Who may ask; only this computer, without a token, when None.
    app_folder
        The app's built files; need not be there.

    Raises
    ------
    CellstormError
        The queue cannot be read, or a folder is not there.
    """
    rules = rules or GateRules()
    services = Services.make(settings, rules, state)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(services):
            yield

    app = FastAPI(
        title="cellstorm serve",
        summary="Movies in, molecules out.",
        version=__version__,
        openapi_url="/api/openapi.json",
        # these pages load their scripts from other hosts
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    answer_errors(app)
    for part in (server, models, cameras, jobs, upload, events, results, folders, app_files):
        app.include_router(part.router)
    # not mounted: a mount at / would take requests of a wrong method from the endpoints
    app.router.default = app_files.AppFiles(app_folder)
    app.add_middleware(Gate, rules=rules)
    return app
